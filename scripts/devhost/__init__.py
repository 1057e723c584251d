"""A local Azure Functions host and the services around it, for development and tests."""
