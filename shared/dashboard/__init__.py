"""The dashboard: a user's figures at a glance."""
