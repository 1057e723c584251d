"""Triggers: declare, call one service, return."""
