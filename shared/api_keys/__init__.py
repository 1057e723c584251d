"""API keys: shown once, stored as a keyed hash, acting as their owner."""
