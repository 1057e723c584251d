"""The function app: registers every blueprint. What each does stands in its module."""

import gc
import os

import azure.durable_functions as df
import azure.functions as func

from functions.blueprints import BLUEPRINTS
from orchestrations import crawl, crawl_activities
from shared.api_keys import service as api_keys
from shared.identity import service as identity
from shared.platform import start
from shared.platform.authentication import use_admin_check, use_key_authenticator

# What a download or a request makes lives a while: to look through it after every 700 objects, as
# is the default, takes 6 % of a crawl's CPU.
gc.set_threshold(10_000)

if "FUNCTIONS_WORKER_RUNTIME" in os.environ:  # in a host: fail now, not at every request
    start.start()
# Not the functions themselves: their modules are loaded when the first key comes.
use_key_authenticator(lambda *key: api_keys.authenticate_key(*key))
use_admin_check(lambda *user: identity.is_admin(*user))

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (*BLUEPRINTS, crawl.bp, crawl_activities.bp):
    app.register_functions(blueprint)
