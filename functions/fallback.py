"""What no endpoint matches."""

import azure.durable_functions as df

from shared.platform.endpoint import register_fallback

bp = df.Blueprint()
register_fallback(bp)
