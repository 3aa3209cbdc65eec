"""The endpoints, a file for each; a route turns a request into a call of a use case and back."""
