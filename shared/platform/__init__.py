"""What every domain stands on: settings, database, HTTP endpoints, storage. Knows nothing of the product."""
