"""Sign-up, sign-in and the profile."""

from datetime import UTC, datetime

from shared.activity import service as activity
from shared.identity import repo, supabase_auth
from shared.identity.schemas import (
    Credentials,
    ProfileOut,
    ProfileUpdate,
    RefreshRequest,
    SessionOut,
    Signup,
    SignupOut,
    TokenOut,
)
from shared.platform.data.cache import Cache, of_user
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.settings import PlatformSettings

GONE = "This account has no profile any more."


async def sign_up(settings: PlatformSettings, account: Signup) -> SignupOut:
    """Creates the account at Supabase; the database then makes profile, credits and preferences."""
    return await supabase_auth.sign_up(settings, account)


async def sign_in(settings: PlatformSettings, credentials: Credentials) -> SessionOut:
    """A session for the right password."""
    return await supabase_auth.sign_in(settings, credentials)


async def refresh(settings: PlatformSettings, request: RefreshRequest) -> SessionOut:
    """A new session for the refresh token of an old one."""
    return await supabase_auth.refresh(settings, request.refresh_token.get_secret_value())


async def sign_out(settings: PlatformSettings, access_token: str) -> None:
    """Revokes the session at Supabase: its refresh token is worth nothing from now on."""
    await supabase_auth.sign_out(settings, access_token)


def describe_token(principal: Principal) -> TokenOut:
    """What the caller's access token says, which was verified to get here."""
    return TokenOut(
        valid=True,
        user_id=principal.user_id,
        email=principal.email,
        role="authenticated",
        expires_at=datetime.fromtimestamp(principal.expires_at or 0, UTC),
    )


async def get_profile(database: Database, cache: Cache, principal: Principal) -> ProfileOut:
    """The caller's profile; a user from before this database gets one now, with all that belongs.

    What the frontend changes past this API is seen when the cached profile has run out.

    Raises:
        NotFound: the account was deleted while its token still lives.
    """
    cached = await cache.get(_cached(principal))
    if cached is not None:
        return ProfileOut.model_validate_json(cached)
    async with database.reading(principal.claims) as transaction:
        profile = await repo.find_profile(transaction, principal.user_id)
    if profile is None:
        async with database.transaction() as transaction:
            profile = await sync_profile(transaction, principal)
        return profile
    await cache.put(_cached(principal), profile.model_dump_json().encode())
    return profile


async def sync_profile(transaction: Transaction, principal: Principal) -> ProfileOut:
    """The caller's profile, made or brought up to date from the token's claims.

    Raises:
        NotFound: the account was deleted while its token still lives.
    """
    before = await repo.find_profile(transaction, principal.user_id)
    if not await repo.provision(transaction, principal):
        raise NotFound(GONE)
    await repo.refresh_profile(transaction, principal)
    transaction.stale.add(_cached(principal))
    profile = await _find(transaction, principal)
    if before is None or profile != before.model_copy(update={"updated_at": profile.updated_at}):
        await activity.record(
            transaction, principal.user_id, "profile.synced", "profile", principal.user_id
        )
    return profile


async def update_profile(
    transaction: Transaction, principal: Principal, update: ProfileUpdate
) -> ProfileOut:
    """The caller's profile with the changes made.

    Raises:
        NotFound: the account was deleted while its token still lives.
    """
    changes = update.changes()
    await repo.update_profile(transaction, principal.user_id, changes)
    transaction.stale.add(_cached(principal))
    profile = await _find(transaction, principal)
    await activity.record(
        transaction,
        principal.user_id,
        "profile.updated",
        "profile",
        principal.user_id,
        fields=sorted(changes),
    )
    return profile


def _cached(principal: Principal) -> str:
    return of_user("profile", principal.user_id)


async def _find(transaction: Transaction, principal: Principal) -> ProfileOut:
    profile = await repo.find_profile(transaction, principal.user_id)
    if profile is None:
        raise NotFound(GONE)
    return profile


async def is_admin(database: Database, user: Principal) -> bool:
    """Whether the user is an administrator, asked of the database each time: a role can be lost."""
    async with database.transaction() as transaction:
        profile = await repo.find_profile(transaction, user.user_id)
    return profile is not None and profile.role == "admin"
