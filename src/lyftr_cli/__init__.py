"""The command line: reads the environment, runs what `lyftr_runtime` composes, and prints."""
