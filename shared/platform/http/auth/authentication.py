"""From the headers of a request to its principal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from shared.platform.errors import Forbidden, Unauthenticated
from shared.platform.http.auth.client_address import UNKNOWN, client_address
from shared.platform.http.auth.principal import Principal
from shared.platform.http.registry import Endpoint

if TYPE_CHECKING:
    from shared.platform.http.auth.tokens import TokenVerifier
    from shared.platform.settings import PlatformSettings


KEY_PREFIX: Final = "pk_live_"  # no access token begins so: they are JWTs


class Authenticator(Protocol):
    """What tells who a caller is."""

    @property
    def settings(self) -> "PlatformSettings":
        """The settings of this process."""

    @property
    def tokens(self) -> "TokenVerifier":
        """The verifier of Supabase access tokens."""

    async def authenticate_key(self, secret: str, address: str | None) -> Principal:
        """The owner of an API key, used from ``address``.

        Raises:
            Unauthenticated: the key is not valid.
        """

    async def is_admin(self, user: Principal) -> bool:
        """Whether the user is an administrator."""


async def authenticate(
    app: Authenticator, endpoint: Endpoint, headers: Mapping[str, str]
) -> Principal:
    """The caller of ``endpoint``.

    Raises:
        Unauthenticated: no credential, or none that is valid.
        Forbidden: an API key where only its owner may act, or one without the permission; a user
            where only an administrator may.
    """
    token, key = _credentials(headers)
    if token:
        user = await app.tokens.verify(token)
        if endpoint.access == "admin" and not await app.is_admin(user):
            raise Forbidden("Only an administrator may do this.")
        return user
    if not key:
        raise Unauthenticated("Send an access token as Authorization: Bearer, or X-API-Key.")
    address = client_address(headers, app.settings.trusted_networks)
    principal = await app.authenticate_key(key, None if address == UNKNOWN else address)
    if endpoint.access != "caller":
        raise Forbidden("An API key cannot do this; sign in as its owner.")
    if not principal.may(endpoint.scope):
        raise Forbidden(f"The API key lacks the permission {endpoint.scope}.")
    return principal


def _credentials(headers: Mapping[str, str]) -> tuple[str, str]:
    """Access token and API key, one of them or both empty; what is sent as a bearer goes first."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    if bearer.startswith(KEY_PREFIX):
        return "", bearer
    return bearer, "" if bearer else headers.get("x-api-key", "")
