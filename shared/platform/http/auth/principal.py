"""Who is calling."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, or an API key acting as its owner (then with permissions)."""

    user_id: UUID
    email: str | None = None
    permissions: frozenset[str] | None = None
    expires_at: int | None = None
    full_name: str | None = None  # what the user wrote about themselves
    avatar_url: str | None = None
    key_id: UUID | None = None
    rate_limit: int | None = None  # of the API key: requests an hour

    @property
    def claims(self) -> dict[str, str]:
        """What row-level security knows the caller by."""
        return {"sub": str(self.user_id), "role": "authenticated"}

    @property
    def is_api_key(self) -> bool:
        """Whether the caller used an API key rather than a user's token."""
        return self.permissions is not None

    def may(self, scope: str | None) -> bool:
        """Whether the caller holds ``scope``; a user holds all of their own."""
        return self.permissions is None or (scope is not None and scope in self.permissions)
