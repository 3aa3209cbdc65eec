"""The routes for programs, one file each: a route turns a request into a call and back."""
