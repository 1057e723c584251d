"""Projects: what jobs are grouped in."""
