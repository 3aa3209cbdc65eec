"""The pages for people: templates, what a browser loads besides, and what they are told to show."""
