"""The function app: registers every blueprint. What each does stands in its module."""

import os

import azure.durable_functions as df
import azure.functions as func

from functions.blueprints import BLUEPRINTS
from orchestrations import crawl, crawl_activities
from shared.api_keys.service import authenticate_key
from shared.identity.service import is_admin
from shared.platform.authentication import use_admin_check, use_key_authenticator
from shared.platform.settings import get_settings

if "FUNCTIONS_WORKER_RUNTIME" in os.environ:  # in a host: fail now, not at every request
    get_settings()
use_key_authenticator(authenticate_key)
use_admin_check(is_admin)

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (*BLUEPRINTS, crawl.bp, crawl_activities.bp):
    app.register_functions(blueprint)
