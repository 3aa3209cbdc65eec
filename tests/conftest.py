from hypothesis import settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("no deadline", settings(), deadline=None)
settings.load_profile("no deadline")
