"""Where the state lives: PostgreSQL, blobs, queues, Redis."""
