"""Access tokens of projects with a shared secret: Auth is asked, never in a storm, and believed."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
import time_machine

from shared.platform.errors import Unauthenticated, Unavailable
from shared.platform.http.auth import introspection
from shared.platform.http.auth.introspection import (
    KEPT_SECONDS,
    MOST_IN_FLIGHT,
    STRANGERS_AT_ONCE,
    Introspection,
)
from shared.platform.http.auth.tokens import TokenVerifier
from shared.platform.net.retry import ATTEMPTS
from tests.security.conftest import Clock

pytestmark = pytest.mark.usefixtures("pauses")

PROJECT = "https://older.supabase.example"
ANON = "eyJ.anon"
SECRET = "the shared secret of the project, which nobody else knows, by no means"
VERSION = {"X-Supabase-Api-Version": "2024-01-01"}
USER = uuid4()


class Auth:
    """Supabase Auth of an older project, in its own words; it publishes no key."""

    def __init__(self) -> None:
        self.questions, self.in_flight, self.most_in_flight = 0, 0, 0
        self.pause = 0.0
        self.answer: httpx.Response | Exception | None = None  # instead of the right one
        self.outages = 0  # so many questions from now on go unanswered
        self.banned_until: str | None = None
        self.gone: set[str] = set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/jwks.json"):
            return httpx.Response(200, json={"keys": []})
        assert str(request.url) == f"{PROJECT}/auth/v1/user"
        assert request.headers["apikey"] == ANON
        self.questions += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.pause)
        self.in_flight -= 1
        if self.outages:
            self.outages -= 1
            raise httpx.ReadError("gone")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or self._user(request.headers["Authorization"].removeprefix("Bearer "))

    def _user(self, token: str) -> httpx.Response:
        try:
            said = jwt.decode(token, SECRET, ["HS256"], audience="authenticated")
        except jwt.PyJWTError:
            return refusal("bad_jwt", "invalid JWT: unable to parse or verify signature")
        if said["sub"] in self.gone:
            return refusal("user_not_found", "User from sub claim in JWT does not exist")
        return httpx.Response(200, json=user(said["sub"], self.banned_until))


def refusal(code: str, message: str) -> httpx.Response:
    return httpx.Response(403, json={"code": code, "message": message}, headers=VERSION)


def user(user_id: str, banned_until: str | None = None) -> dict[str, Any]:
    moment = "2025-01-02T03:04:05.678901Z"
    return {
        "id": user_id, "aud": "authenticated", "role": "authenticated", "email": "ada@example.com",
        "phone": "", "app_metadata": {}, "user_metadata": {}, "identities": [],
        "created_at": moment, "updated_at": moment, "is_anonymous": False,
        **({"banned_until": banned_until} if banned_until else {}),
    }  # fmt: skip


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def verifier(auth: Auth, clock: Clock) -> TokenVerifier:
    http = httpx.AsyncClient(transport=httpx.MockTransport(auth))
    return TokenVerifier(PROJECT, http, Introspection(PROJECT, ANON, http, clock), clock)


def sign(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    now = int(time.time())
    whole = {
        "iss": f"{PROJECT}/auth/v1", "aud": "authenticated", "role": "authenticated",
        "sub": str(USER), "email": "ada@example.com", "session_id": str(uuid4()),
        "user_metadata": {"full_name": "Ada"}, "iat": now, "exp": now + 3600,
    }  # fmt: skip
    said = {name: value for name, value in (whole | changes).items() if value is not None}
    return jwt.encode(said, secret, algorithm, headers={"kid": "bpEbPmPZbTBJ1Ez/"})


def forge() -> str:
    return sign("not the secret, but as long as it should be")


async def refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def unavailable(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unavailable) as error:
        await verifier.verify(token)
    assert int(error.value.headers["Retry-After"]) > 0


# What no project would have signed is refused without a question.
IMPOSSIBLE: dict[str, Callable[[], str]] = {
    "expired": lambda: sign(exp=int(time.time()) - 60),
    "no expiry": lambda: sign(exp=None),
    "not valid yet": lambda: sign(nbf=int(time.time()) + 600),
    "from the future": lambda: sign(iat=int(time.time()) + 600),
    "another issuer": lambda: sign(iss="https://evil.example/auth/v1"),
    "another audience": lambda: sign(aud="anon"),
    "service role": lambda: sign(role="service_role"),
    "no role": lambda: sign(role=None),
    "no subject": lambda: sign(sub=None),
    "subject is no user": lambda: sign(sub="root"),
    "API key": lambda: sign(iss="supabase", aud=None, sub=None, role="anon"),
    "another algorithm": lambda: sign(algorithm="HS512"),
    "no algorithm": lambda: sign("", "none"),
    "too long": lambda: sign(padding="x" * 9000),
}


class TestAnswer:
    async def test_a_users_token_passes(self, verifier: TokenVerifier) -> None:
        principal = await verifier.verify(sign())
        assert (principal.user_id, principal.email) == (USER, "ada@example.com")
        assert principal.full_name == "Ada"

    @pytest.mark.parametrize("impossible", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
    async def test_impossible_ones_are_refused_unasked(
        self, verifier: TokenVerifier, auth: Auth, impossible: Callable[[], str]
    ) -> None:
        await refused(verifier, impossible())
        assert auth.questions == 0

    async def test_a_forged_one_is_refused(self, verifier: TokenVerifier) -> None:
        await refused(verifier, forge())

    async def test_another_users_name_is_not_believed(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        auth.answer = httpx.Response(200, json=user(str(uuid4())))
        await refused(verifier, sign())

    @pytest.mark.parametrize(("hours", "passes"), [(1, False), (-1, True)])
    async def test_a_ban_ends_it_although_auth_answers(
        self, verifier: TokenVerifier, auth: Auth, hours: int, passes: bool
    ) -> None:
        until = datetime.now(UTC) + timedelta(hours=hours)
        auth.banned_until = until.isoformat().replace("+00:00", "Z")
        if passes:
            await verifier.verify(sign())
        else:
            await refused(verifier, sign())

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(500, json={"code": "unexpected_failure", "message": "Database error"}),
            httpx.Response(503, text="upstream connect error"),
            httpx.Response(429, json={"error_code": "over_request_rate_limit", "msg": "slow"}),
            httpx.Response(401, json={"message": "Invalid API key"}),  # ours, the gateway says
            httpx.Response(404, text="there is no such project"),
            httpx.Response(200, text="<html>"),
            httpx.ConnectError("nobody there"),
        ],
        ids=["500", "503", "429", "our key", "no project", "no JSON", "nobody"],
    )
    async def test_what_does_not_speak_of_the_token_refuses_nobody(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock, answer: httpx.Response | Exception
    ) -> None:
        token = sign()
        auth.answer = answer
        await unavailable(verifier, token)
        auth.answer = None
        clock.now += 1
        await verifier.verify(token)

    async def test_a_key_of_which_no_project_knows_is_no_fault_of_ours(
        self, verifier: TokenVerifier
    ) -> None:
        """The published set is empty, which is not the same as not to be had."""
        header = jwt.utils.base64url_encode(b'{"alg":"ES256","kid":"k"}').decode()
        await refused(verifier, ".".join([header, *sign().split(".")[1:]]))

    async def test_a_question_that_failed_is_asked_again(
        self, verifier: TokenVerifier, auth: Auth, pauses: list[float]
    ) -> None:
        auth.outages = 2
        assert (await verifier.verify(sign())).user_id == USER
        assert (auth.questions, pauses) == (3, [2, 4])
        await verifier.verify(sign())


class TestMemory:
    async def test_is_asked_again_after_a_minute(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        token = sign()
        for _ in range(100):
            await verifier.verify(token)
        assert auth.questions == 1
        clock.now += KEPT_SECONDS
        await verifier.verify(token)
        assert auth.questions == 2

    async def test_a_deleted_users_token_ends_within_a_minute(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        token = sign()
        await verifier.verify(token)
        auth.gone.add(str(USER))
        clock.now += KEPT_SECONDS
        await refused(verifier, token)

    async def test_a_refusal_is_remembered_as_long(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        token = forge()
        for _ in range(100):
            await refused(verifier, token)
        assert auth.questions == 1
        clock.now += KEPT_SECONDS
        await refused(verifier, token)
        assert auth.questions == 2

    async def test_no_token_outlives_its_expiry(self, verifier: TokenVerifier) -> None:
        with time_machine.travel(time.time(), tick=False) as now:
            token = sign(exp=int(time.time()) + 10)
            await verifier.verify(token)
            now.shift(20)
            await refused(verifier, token)

    async def test_while_auth_is_down_it_serves_those_of_the_last_minute(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        token = sign()
        await verifier.verify(token)
        auth.answer = httpx.ConnectError("down")
        clock.now += KEPT_SECONDS - 1
        await verifier.verify(token)
        clock.now += 1
        await unavailable(verifier, token)


class TestStorm:
    async def test_equal_tokens_at_once_share_one_question(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        auth.pause = 0.01
        token = sign()
        await asyncio.gather(*(verifier.verify(token) for _ in range(50)))
        assert auth.questions == 1

    async def test_who_asked_first_may_give_up(self, verifier: TokenVerifier, auth: Auth) -> None:
        auth.pause = 0.05
        token = sign()
        first = asyncio.create_task(verifier.verify(token))
        second = asyncio.create_task(verifier.verify(token))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).user_id == USER
        assert auth.questions == 1

    async def test_few_questions_are_in_flight(self, verifier: TokenVerifier, auth: Auth) -> None:
        auth.pause = 0.001
        users = [uuid4() for _ in range(100)]
        found = await asyncio.gather(*(verifier.verify(sign(sub=str(one))) for one in users))
        assert [principal.user_id for principal in found] == users
        assert auth.most_in_flight == MOST_IN_FLIGHT

    async def test_waiting_for_a_turn_is_no_fault_of_auth(
        self, verifier: TokenVerifier, auth: Auth, monkeypatch: pytest.MonkeyPatch,
        pauses: list[float],
    ) -> None:  # fmt: skip
        await verifier.verify(sign())  # what is made at the first question takes its time
        monkeypatch.setattr(introspection, "ANSWER_SECONDS", 1)
        auth.pause = 0.3  # the last of five turns begins after more than a second
        waiting = (verifier.verify(sign()) for _ in range(5 * MOST_IN_FLIGHT))
        assert len(await asyncio.gather(*waiting)) == 5 * MOST_IN_FLIGHT
        assert (auth.questions, pauses) == (1 + 5 * MOST_IN_FLIGHT, [])

    async def test_who_waited_for_a_turn_while_auth_was_down_does_not_ask(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        auth.answer = httpx.ConnectError("down")
        waiting = (outcome(verifier, sign()) for _ in range(5 * MOST_IN_FLIGHT))
        assert set(await asyncio.gather(*waiting)) == {"Unavailable"}
        assert auth.questions == ATTEMPTS * MOST_IN_FLIGHT

    async def test_good_tokens_are_never_too_many(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        for _ in range(2 * STRANGERS_AT_ONCE):
            await verifier.verify(sign())
        assert auth.questions == 2 * STRANGERS_AT_ONCE

    async def test_junk_is_bounded_and_shuts_out_nobody_who_was_in(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        known = sign()
        await verifier.verify(known)
        outcomes = [await outcome(verifier, forge()) for _ in range(2 * STRANGERS_AT_ONCE)]
        assert outcomes.count("Unauthenticated") == STRANGERS_AT_ONCE
        assert set(outcomes[STRANGERS_AT_ONCE:]) == {"Unavailable"}
        assert auth.questions == 1 + STRANGERS_AT_ONCE
        await unavailable(verifier, sign())
        clock.now += 1
        await verifier.verify(sign())
        clock.now += KEPT_SECONDS
        for _ in range(STRANGERS_AT_ONCE):
            await outcome(verifier, forge())
        assert (await verifier.verify(known)).user_id == USER

    async def test_an_auth_that_is_down_is_asked_one_question_a_second(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        auth.answer = httpx.ConnectError("down")
        for _ in range(50):
            await unavailable(verifier, sign())
        assert auth.questions == ATTEMPTS
        auth.answer = None
        clock.now += 1
        assert isinstance((await verifier.verify(sign())).user_id, UUID)


async def outcome(verifier: TokenVerifier, token: str) -> str:
    try:
        await verifier.verify(token)
    except (Unauthenticated, Unavailable) as error:
        return type(error).__name__
    return "passed"
