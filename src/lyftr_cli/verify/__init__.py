"""`lyftr verify`: a captured request, judged as the server would judge it."""
