"""One declaration per endpoint, and what follows from it for each request."""
