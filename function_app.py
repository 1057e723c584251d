"""The function app: registers every blueprint. What each does stands in its module."""

import gc
import os

# What a download or a request makes lives a while, and what is imported for good: to look through
# it after every 700 objects, as is the default, takes 6 % of a crawl's CPU. Hence first.
gc.set_threshold(10_000)

import azure.durable_functions as df
import azure.functions as func

from functions.blueprints import BLUEPRINTS
from orchestrations.blueprints import ORCHESTRATIONS
from shared.app import start

if "FUNCTIONS_WORKER_RUNTIME" in os.environ:  # in a host: fail now, not at every request
    start.start()

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (*BLUEPRINTS, *ORCHESTRATIONS):
    app.register_functions(blueprint)
