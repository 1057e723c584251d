"""The worker process: loads the app once and runs its functions for the host."""
