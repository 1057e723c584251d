"""Sign-up, sign-in, the own profile."""

import azure.durable_functions as df

from shared.app.http import Call, endpoint
from shared.identity import service as identity
from shared.identity.errors import InvalidCredentials, InvalidRefreshToken, SignupRefused
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
from shared.platform.errors import AccountDisabled, NotFound

bp = df.Blueprint()


@endpoint(
    bp,
    "POST",
    "api/v1/auth/signup",
    returns={201: SignupOut},
    access="public",
    raises=(SignupRefused,),
)
async def sign_up(call: Call, body: Signup) -> SignupOut:
    """Create an account."""
    return await identity.sign_up(call.services.settings, body)


@endpoint(
    bp,
    "POST",
    "api/v1/auth/login",
    returns={200: SessionOut},
    access="public",
    raises=(InvalidCredentials, AccountDisabled),
)
async def sign_in(call: Call, body: Credentials) -> SessionOut:
    """Sign in with a password."""
    return await identity.sign_in(call.services.settings, body)


@endpoint(
    bp,
    "POST",
    "api/v1/auth/refresh",
    returns={200: SessionOut},
    access="public",
    raises=(InvalidRefreshToken, AccountDisabled),
)
async def refresh_session(call: Call, body: RefreshRequest) -> SessionOut:
    """Get a new session for a refresh token, which can be used once."""
    return await identity.refresh(call.services.settings, body)


@endpoint(bp, "POST", "api/v1/auth/logout", returns={204: None}, in_transaction=False)
async def sign_out(call: Call) -> None:
    """Sign out: the session's refresh token is revoked."""
    _, _, token = call.request.headers.get("authorization", "").partition(" ")
    await identity.sign_out(call.services.settings, token.strip())


@endpoint(bp, "POST", "api/v1/auth/verify-token", returns={200: TokenOut})
async def verify_token(call: Call) -> TokenOut:
    """Whose access token it is, and until when it is valid."""
    return identity.describe_token(call.principal)


@endpoint(
    bp,
    "POST",
    "api/v1/auth/sync-profile",
    returns={200: ProfileOut},
    raises=(NotFound,),
)
async def sync_profile(call: Call) -> ProfileOut:
    """Create or refresh the caller's profile from the token's claims."""
    return await identity.sync_profile(call.tx, call.principal)


@endpoint(
    bp,
    "GET",
    "api/v1/auth/me",
    returns={200: ProfileOut},
    raises=(NotFound,),
    in_transaction=False,
)
async def get_me(call: Call) -> ProfileOut:
    """The caller's profile."""
    return await identity.get_profile(call.services.database, call.services.cache, call.principal)


@endpoint(
    bp,
    "GET",
    "api/v1/auth/profile",
    returns={200: ProfileOut},
    raises=(NotFound,),
    in_transaction=False,
)
async def get_profile(call: Call) -> ProfileOut:
    """The same as me."""
    return await identity.get_profile(call.services.database, call.services.cache, call.principal)


@endpoint(bp, "PATCH", "api/v1/auth/profile", returns={200: ProfileOut}, raises=(NotFound,))
async def update_profile(call: Call, body: ProfileUpdate) -> ProfileOut:
    """Change the caller's name, picture or state of onboarding."""
    return await identity.update_profile(call.tx, call.principal, body)
