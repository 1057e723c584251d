"""The function app: registers every blueprint. What each does stands in its module."""

import azure.durable_functions as df
import azure.functions as func

from functions import (
    api_keys,
    auth,
    credits,
    fallback,
    health,
    images,
    jobs,
    projects,
    queues,
    timers,
)
from orchestrations import crawl, crawl_activities
from shared.api_keys.service import authenticate_key
from shared.platform.authentication import use_key_authenticator

use_key_authenticator(authenticate_key)

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for module in (
    api_keys,
    auth,
    credits,
    health,
    images,
    jobs,
    projects,
    queues,
    timers,
    crawl,
    crawl_activities,
    fallback,
):
    app.register_functions(module.bp)
