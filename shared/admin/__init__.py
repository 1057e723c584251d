"""Administration: all users and their jobs, for administrators alone."""
