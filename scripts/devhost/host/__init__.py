"""The local Functions host: HTTP, queue, timer and durable triggers for an unmodified app."""
