"""The worker process: a shim that hands the host's messages to Microsoft's worker library."""
