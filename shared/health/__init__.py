"""Health: whether what the app stands on answers."""
