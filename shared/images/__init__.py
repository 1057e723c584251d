"""Images of a job, with their provenance."""
