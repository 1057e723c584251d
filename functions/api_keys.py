"""API keys: for signed-in users only, never for another key."""

from uuid import UUID

import azure.durable_functions as df

from shared.api_keys import service as api_keys
from shared.api_keys.errors import ApiKeyNotActive
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyOut, ApiKeyUsage
from shared.app.http import Call, endpoint
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/api-keys", returns={200: Page[ApiKeyOut]})
async def list_api_keys(call: Call, query: PageQuery) -> Page[ApiKeyOut]:
    """The caller's API keys, newest first."""
    return await api_keys.list_keys(call.tx, call.principal, query)


@endpoint(bp, "POST", "api/v1/api-keys", returns={201: ApiKeyCreated}, idempotent=True)
async def create_api_key(call: Call, body: ApiKeyCreate) -> ApiKeyCreated:
    """Create an API key; its secret is shown this once."""
    return await api_keys.create_key(call.tx, call.principal, call.services.settings, body)


@endpoint(bp, "DELETE", "api/v1/api-keys/{key_id:guid}", returns={204: None}, raises=(NotFound,))
async def revoke_api_key(call: Call, key_id: UUID) -> None:
    """Revoke an API key."""
    await api_keys.revoke_key(call.tx, call.principal, key_id)


@endpoint(
    bp,
    "GET",
    "api/v1/api-keys/{key_id:guid}/usage",
    returns={200: ApiKeyUsage},
    raises=(NotFound,),
)
async def get_api_key_usage(call: Call, key_id: UUID) -> ApiKeyUsage:
    """How often an API key was used, and when and from where last."""
    return await api_keys.get_usage(call.tx, call.principal, key_id)


@endpoint(
    bp,
    "POST",
    "api/v1/api-keys/{key_id:guid}/rotate",
    returns={200: ApiKeyCreated},
    raises=(NotFound, ApiKeyNotActive),
    idempotent=True,
)
async def rotate_api_key(call: Call, key_id: UUID) -> ApiKeyCreated:
    """Give an API key a new secret, shown this once; the old one is useless at once."""
    return await api_keys.rotate_key(call.tx, call.principal, call.services.settings, key_id)
