"""Fetching files that strangers named: guarded, bounded, polite."""
