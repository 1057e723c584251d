"""Access tokens that no published key verifies: Supabase Auth is asked whose they are.

Projects of the older kind sign with a secret (HS256) that is shared with nobody, us included.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

import httpx
import jwt

from shared.platform.errors import Unavailable
from shared.platform.http.auth.supabase_client import auth_client
from shared.platform.net.retry import NETWORK_ERRORS, REQUEST_SECONDS, retried
from shared.platform.observe.logging import get_logger

if TYPE_CHECKING:
    from supabase_auth import AsyncGoTrueClient
    from supabase_auth.types import User, UserResponse

log = get_logger(__name__)

KEPT_SECONDS = 60  # for as long a token works on after its session or user has ended
ANSWER_SECONDS = 5  # for one try
REST_SECONDS = 1  # after an answer that was none: no other question meanwhile
MOST_IN_FLIGHT = 8
# Tokens of which nothing good is known: junk cannot make us hammer Auth. Good ones cost nothing.
STRANGERS_AT_ONCE = 200
STRANGERS_A_SECOND = 2
MOST_REMEMBERED = 10_000

Verdict: TypeAlias = Literal["valid", "refused", "unknown"]


class Introspection:
    """Asks for each token once a minute at most, however many requests carry it."""

    def __init__(
        self,
        supabase_url: str,
        anon_key: str,
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = supabase_url, anon_key
        self._http = http
        self._clock = clock
        self._answers: dict[bytes, tuple[float, Verdict]] = {}
        self._questions: dict[bytes, asyncio.Task[Verdict]] = {}
        self._in_flight = asyncio.Semaphore(MOST_IN_FLIGHT)
        self._strangers: float = STRANGERS_AT_ONCE
        self._counted_at = self._failed_at = float("-inf")

    async def check(self, token: str, digest: bytes, user_id: UUID) -> None:
        """Returns if Auth vouches for the token with that digest as one of the user's.

        Whatever the token says itself, expiry included, the caller has checked.

        Raises:
            jwt.InvalidTokenError: Auth refuses it: forged, signed out, user deleted or banned.
            Unavailable: Auth does not answer, or too many unknown tokens want to be asked about.
        """
        asked_at, verdict = self._answers.get(digest, (float("-inf"), "unknown"))
        if self._clock() - asked_at >= KEPT_SECONDS:
            verdict = await self._ask_once(token, digest, user_id)
        if verdict == "refused":
            raise jwt.InvalidTokenError("Supabase Auth refuses the token")
        if verdict == "unknown":
            raise Unavailable("Sign-in cannot be checked at the moment.")

    async def _ask_once(self, token: str, digest: bytes, user_id: UUID) -> Verdict:
        """The answer, shared by all who ask the same meanwhile; it survives whoever gives up."""
        if digest not in self._questions:
            question = asyncio.create_task(self._ask(token, digest, user_id))
            self._questions[digest] = question
            question.add_done_callback(lambda _: self._questions.pop(digest))
        return await asyncio.shield(self._questions[digest])

    async def _ask(self, token: str, digest: bytes, user_id: UUID) -> Verdict:
        stranger = self._answers.get(digest, (0, ""))[1] != "valid"  # else its signature is good
        if self._rests() or (stranger and not self._admit()):
            return "unknown"
        async with self._in_flight:
            # Who waited for this turn while others found Auth silent does not try it once more.
            verdict = "unknown" if self._rests() else await self._verdict(token, user_id)
        if stranger and verdict != "refused":
            self._strangers += 1
        if verdict == "unknown":
            self._rest()
            return verdict
        self._failed_at = float("-inf")
        if len(self._answers) >= MOST_REMEMBERED:
            self._answers.clear()
        self._answers[digest] = self._clock(), verdict
        return verdict

    def _admit(self) -> bool:
        """Whether one more stranger may be asked about."""
        now = self._clock()
        refill = (now - self._counted_at) * STRANGERS_A_SECOND
        self._strangers = min(STRANGERS_AT_ONCE, self._strangers + refill)
        self._counted_at = now
        if self._strangers < 1:
            return False
        self._strangers -= 1
        return True

    async def _verdict(self, token: str, user_id: UUID) -> Verdict:
        from supabase_auth.errors import AuthError

        host = httpx.URL(self._project[0]).host
        try:
            answer = await retried(
                lambda: self._user(token), host, seconds=REQUEST_SECONDS, on_retry=self._rest
            )
            if answer and answer.user.id == str(user_id) and not _is_banned(answer.user):
                return "valid"
        except (AuthError, *NETWORK_ERRORS, ValueError, TimeoutError) as error:
            status = getattr(error, "status", 0)
            # Only Auth itself names a code: an answer without one is the gateway's, about us.
            named = isinstance(error, AuthError) and error.code
            if not named or status not in (400, 401, 403, 404):
                log.bind(error=type(error).__name__, status=status).warning("token not checked")
                return "unknown"
        return "refused"

    async def _user(self, token: str) -> "UserResponse | None":
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._client.get_user(token)

    def _rests(self) -> bool:
        return self._clock() - self._failed_at < REST_SECONDS

    def _rest(self, _: object = None) -> None:
        self._failed_at = self._clock()

    @cached_property
    def _client(self) -> "AsyncGoTrueClient":
        return auth_client(*self._project, self._http)


def _is_banned(user: "User") -> bool:
    """Asked here too, for not every version of Auth refuses the tokens of banned users."""
    until = user.banned_until
    return until is not None and datetime.fromisoformat(until) > datetime.now(UTC)
