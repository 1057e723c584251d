"""Sign-up, sign-in, the own profile."""

import azure.durable_functions as df

from shared.identity import service as identity
from shared.identity.errors import InvalidCredentials, SignupRefused
from shared.identity.schemas import Credentials, ProfileOut, SessionOut, Signup, SignupOut
from shared.platform.endpoint import Call, endpoint

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
    raises=(InvalidCredentials,),
)
async def sign_in(call: Call, body: Credentials) -> SessionOut:
    """Sign in with a password."""
    return await identity.sign_in(call.services.settings, body)


@endpoint(bp, "GET", "api/v1/auth/me", returns={200: ProfileOut})
async def get_me(call: Call) -> ProfileOut:
    """The caller's profile."""
    return await identity.get_profile(call.tx, call.principal)
