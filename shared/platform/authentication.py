"""From the headers of a request to its principal."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from shared.platform.client_address import UNKNOWN, client_address
from shared.platform.errors import Forbidden, Unauthenticated
from shared.platform.principal import Principal
from shared.platform.registry import Endpoint

if TYPE_CHECKING:
    from shared.platform.bootstrap import Services

KeyAuthenticator: TypeAlias = Callable[["Services", str, str | None], Awaitable[Principal]]
AdminCheck: TypeAlias = Callable[["Services", Principal], Awaitable[bool]]

_key_authenticators: list[KeyAuthenticator] = []
_admin_checks: list[AdminCheck] = []


def use_key_authenticator(authenticator: KeyAuthenticator) -> None:
    """Registers the domain function that turns an API key into its owner."""
    _key_authenticators[:] = [authenticator]


def use_admin_check(check: AdminCheck) -> None:
    """Registers the domain function that tells administrators from other users."""
    _admin_checks[:] = [check]


async def authenticate(
    services: "Services", endpoint: Endpoint, headers: Mapping[str, str]
) -> Principal:
    """The caller of ``endpoint``.

    Raises:
        Unauthenticated: no credential, or none that is valid.
        Forbidden: an API key where only its owner may act, or one without the permission; a user
            where only an administrator may.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = headers.get("x-api-key", "")
    if scheme.lower() == "bearer" and token:
        user = await services.tokens.verify(token.strip())
        if endpoint.access == "admin" and not await _is_admin(services, user):
            raise Forbidden("Only an administrator may do this.")
        return user
    if not key or not _key_authenticators:
        raise Unauthenticated("Send an access token as Authorization: Bearer, or X-API-Key.")
    address = client_address(headers, services.settings.trusted_networks)
    principal = await _key_authenticators[0](services, key, None if address == UNKNOWN else address)
    if endpoint.access != "caller":
        raise Forbidden("An API key cannot do this; sign in as its owner.")
    if not principal.may(endpoint.scope):
        raise Forbidden(f"The API key lacks the permission {endpoint.scope}.")
    return principal


async def _is_admin(services: "Services", user: Principal) -> bool:
    return any([await check(services, user) for check in _admin_checks])
