"""`lyftr conformance`: whether a receiver of webhooks keeps to the rules that lyftr keeps."""
