"""Supabase Auth: it stores passwords and signs tokens, we only pass them on.

What fails is tried again by the rule of `shared/platform/net/retry.py`, for about ten seconds.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import httpx

from shared.identity.errors import InvalidCredentials, InvalidRefreshToken, SignupRefused
from shared.identity.schemas import Credentials, SessionOut, Signup, SignupOut, UserOut
from shared.platform.errors import AccountDisabled, TooManyRequests, Unavailable
from shared.platform.http.auth.supabase_client import auth_client
from shared.platform.net.retry import REQUEST_SECONDS, may_pass, never_began, retried
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from supabase_auth import AsyncGoTrueClient
    from supabase_auth.errors import AuthError
    from supabase_auth.types import Session, User

_T = TypeVar("_T")


async def sign_up(settings: PlatformSettings, account: Signup) -> SignupOut:
    """The new user, with a session when no confirmation is needed.

    Tried again only where Auth has surely not begun with it: a second sign-up of the address would
    be refused, and the caller told that somebody else has it.

    Raises:
        SignupRefused: Supabase refuses the address or the password.
        Unavailable: Supabase Auth does not answer.
    """
    from supabase_auth.errors import AuthError

    data = {"full_name": account.full_name} if account.full_name else {}
    password = account.password.get_secret_value()
    try:
        answer = await _ask(
            settings,
            lambda client: client.sign_up(
                {"email": account.email, "password": password, "options": {"data": data}}
            ),
            passes=never_began,
        )
    except (AuthError, httpx.HTTPError) as error:
        if _status(error) == 429:
            raise TooManyRequests("Too many sign-ups; try again later.") from None
        if 400 <= _status(error) < 500:
            raise SignupRefused(str(error)) from None
        raise Unavailable("Supabase Auth does not answer.") from error
    if answer.user is None:
        raise Unavailable("Supabase Auth gave no user.")
    session = _session(answer.session) if answer.session else None
    return SignupOut(user=_user(answer.user), session=session)


async def sign_in(settings: PlatformSettings, credentials: Credentials) -> SessionOut:
    """A new session.

    Asking twice is harmless: of a session whose tokens were lost on the way nobody has any.

    Raises:
        InvalidCredentials: wrong address or password.
        AccountDisabled: the user is banned at Supabase, as disabled ones are.
        Unavailable: Supabase Auth does not answer.
    """
    from supabase_auth.errors import AuthError

    password = credentials.password.get_secret_value()
    try:
        answer = await _ask(
            settings,
            lambda client: client.sign_in_with_password(
                {"email": credentials.email, "password": password}
            ),
        )
    except (AuthError, httpx.HTTPError) as error:
        _refuse_disabled(error)
        if _status(error) == 429:
            raise TooManyRequests("Too many sign-ins; try again later.") from None
        if 400 <= _status(error) < 500:
            raise InvalidCredentials("E-mail address or password is wrong.") from None
        raise Unavailable("Supabase Auth does not answer.") from error
    if answer.session is None:
        raise InvalidCredentials("E-mail address or password is wrong.")
    return _session(answer.session)


async def refresh(settings: PlatformSettings, refresh_token: str) -> SessionOut:
    """A new session.

    Tried again only where Auth has surely not begun with it: a token that comes a second time ends
    the session, as one that was stolen does.

    Raises:
        InvalidRefreshToken: the token is unknown, or was used before.
        AccountDisabled: as for `sign_in`.
        Unavailable: Supabase Auth does not answer.
    """
    from supabase_auth.errors import AuthError

    try:
        answer = await _ask(
            settings, lambda client: client.refresh_session(refresh_token), passes=never_began
        )
    except (AuthError, httpx.HTTPError) as error:
        _refuse_disabled(error)
        if _status(error) == 429:
            raise TooManyRequests("Too many refreshes; try again later.") from None
        if 400 <= _status(error) < 500:
            raise InvalidRefreshToken("Sign in again.") from None
        raise Unavailable("Supabase Auth does not answer.") from error
    if answer.session is None:
        raise InvalidRefreshToken("Sign in again.")
    return _session(answer.session)


async def sign_out(settings: PlatformSettings, access_token: str) -> None:
    """Revokes the session of the access token; one that is revoked already is no error.

    Raises:
        Unavailable: Supabase Auth does not answer.
    """
    from supabase_auth.errors import AuthError

    try:
        await _ask(settings, lambda client: client.admin.sign_out(access_token, "local"))
    except (AuthError, httpx.HTTPError) as error:
        if not 400 <= _status(error) < 500:
            raise Unavailable("Supabase Auth does not answer.") from error


async def _ask(
    settings: PlatformSettings,
    question: "Callable[[AsyncGoTrueClient], Awaitable[_T]]",
    passes: Callable[[BaseException], bool] = may_pass,
) -> _T:
    """With a client of its own: the library keeps the session of whoever signed in last."""
    host = httpx.URL(settings.supabase_url).host
    key = settings.supabase_anon_key.get_secret_value()
    async with auth_client(settings.supabase_url, key) as client:
        return await retried(lambda: question(client), host, seconds=REQUEST_SECONDS, passes=passes)


def _status(error: "AuthError | httpx.HTTPError") -> int:
    return int(getattr(error, "status", 0) or 0)


def _refuse_disabled(error: "AuthError | httpx.HTTPError") -> None:
    if getattr(error, "code", None) == "user_banned":
        raise AccountDisabled("This account is disabled.") from None


def _session(session: "Session") -> SessionOut:
    return SessionOut(
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        expires_in=session.expires_in,
        token_type=session.token_type,
        user=_user(session.user),
    )


def _user(user: "User") -> UserOut:
    return UserOut.model_validate({"id": user.id, "email": user.email or ""})
