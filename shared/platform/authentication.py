"""From the headers of a request to its principal."""

from collections.abc import Awaitable, Callable, Mapping

from shared.platform.bootstrap import Services
from shared.platform.errors import Forbidden, Unauthenticated
from shared.platform.principal import Principal
from shared.platform.registry import Endpoint

KeyAuthenticator = Callable[[Services, str], Awaitable[Principal]]

_key_authenticators: list[KeyAuthenticator] = []


def use_key_authenticator(authenticator: KeyAuthenticator) -> None:
    """Registers the domain function that turns an API key into its owner."""
    _key_authenticators[:] = [authenticator]


async def authenticate(
    services: Services, endpoint: Endpoint, headers: Mapping[str, str]
) -> Principal:
    """The caller of ``endpoint``.

    Raises:
        Unauthenticated: no credential, or none that is valid.
        Forbidden: an API key where only its owner may act, or one without the permission.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = headers.get("x-api-key", "")
    if scheme.lower() == "bearer" and token:
        return await services.tokens.verify(token.strip())
    if not key or not _key_authenticators:
        raise Unauthenticated("Send an access token as Authorization: Bearer, or X-API-Key.")
    principal = await _key_authenticators[0](services, key)
    if endpoint.access != "caller":
        raise Forbidden("An API key cannot do this; sign in as its owner.")
    if not principal.may(endpoint.scope):
        raise Forbidden(f"The API key lacks the permission {endpoint.scope}.")
    return principal
