"""Notifications: one row per event and user."""
