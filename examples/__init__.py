"""Ways to use lyftr_core that run; README.md says how to start each."""
