"""The figures of the service for Prometheus."""
