"""Calls to other servers: guarded, and repeated by one rule."""
