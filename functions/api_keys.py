"""API keys: for signed-in users only, never for another key."""

from uuid import UUID

import azure.durable_functions as df

from shared.api_keys import service as api_keys
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated
from shared.platform.endpoint import Call, endpoint
from shared.platform.errors import NotFound

bp = df.Blueprint()


@endpoint(bp, "POST", "api/v1/api-keys", returns={201: ApiKeyCreated})
async def create_api_key(call: Call, body: ApiKeyCreate) -> ApiKeyCreated:
    """Create an API key; its secret is shown this once."""
    return await api_keys.create_key(call.tx, call.principal, call.services.settings, body)


@endpoint(bp, "DELETE", "api/v1/api-keys/{key_id:guid}", returns={204: None}, raises=(NotFound,))
async def revoke_api_key(call: Call, key_id: UUID) -> None:
    """Revoke an API key."""
    await api_keys.revoke_key(call.tx, call.principal, key_id)
