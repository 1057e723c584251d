"""What no endpoint matches."""

import azure.durable_functions as df

from shared.app.http import endpoint

bp = df.Blueprint()
endpoint.fallback(bp)
