"""Usage: what each user consumed, day by day."""
