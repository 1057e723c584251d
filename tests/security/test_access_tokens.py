"""Forged, stale and foreign access tokens (RFC 8725), and what Auth's absence does."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.platform.errors import Unauthenticated, Unavailable
from shared.platform.http.auth.introspection import Introspection
from shared.platform.http.auth.tokens import TokenVerifier
from shared.platform.net.retry import ATTEMPTS
from tests.security.conftest import Clock

pytestmark = pytest.mark.usefixtures("pauses")

PROJECT = "https://project.supabase.example"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
KID = "key-1"
USER = uuid4()


class Auth:
    """Supabase Auth: its keys are counted when asked for, and no shared secret is known to it."""

    def __init__(self) -> None:
        self.calls, self.questions, self.up, self.kid = 0, 0, True, KID

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/v1/user":
            self.questions += 1
            refusal = {"code": 403, "error_code": "bad_jwt", "msg": "invalid JWT"}
            return httpx.Response(403, json=refusal)
        assert str(request.url) == f"{PROJECT}/auth/v1/.well-known/jwks.json"
        self.calls += 1
        if not self.up:
            return httpx.Response(503)
        key = jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key(), as_dict=True)
        return httpx.Response(200, json={"keys": [{**key, "kid": self.kid, "alg": "ES256"}]})


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def verifier(auth: Auth, clock: Clock) -> TokenVerifier:
    http = httpx.AsyncClient(transport=httpx.MockTransport(auth))
    return TokenVerifier(PROJECT, http, Introspection(PROJECT, "anon", http, clock), clock)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": f"{PROJECT}/auth/v1",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(USER),
        "email": "ada@example.com",
        "iat": now,
        "exp": now + 3600,
    }
    return {k: v for k, v in (whole | changes).items() if v is not None}


def sign(key: ec.EllipticCurvePrivateKey = KEY, kid: str | None = KID, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, "ES256", headers={"kid": kid} if kid else None)


def signed_with_public_key_as_secret() -> str:
    """Algorithm confusion: HS256 with the published key as the secret (PyJWT itself refuses)."""
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header, payload, _ = jwt.encode(claims(), "x" * 32, "HS256", headers={"kid": KID}).split(".")
    signature = jwt.get_algorithm_by_name("HS256").sign(f"{header}.{payload}".encode(), pem)
    return f"{header}.{payload}.{jwt.utils.base64url_encode(signature).decode()}"


def tampered() -> str:
    header, _, signature = sign().split(".")
    payload = jwt.encode(claims(sub=str(uuid4())), STRANGER, "ES256").split(".")[1]
    return f"{header}.{payload}.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: jwt.encode(claims(), "", "none", headers={"kid": KID}),
    "a guessed secret": lambda: jwt.encode(claims(), "x" * 32, "HS256"),
    "another algorithm of secrets": lambda: jwt.encode(claims(), "x" * 64, "HS512"),
    "public key as secret": signed_with_public_key_as_secret,
    "another key": lambda: sign(STRANGER),
    "unknown key id": lambda: sign(kid="other"),
    "no key id": lambda: sign(kid=None),
    "expired": lambda: sign(exp=int(time.time()) - 60),
    "no expiry": lambda: sign(exp=None),
    "not valid yet": lambda: sign(nbf=int(time.time()) + 600),
    "another issuer": lambda: sign(iss="https://evil.example/auth/v1"),
    "another audience": lambda: sign(aud="anon"),
    "service role": lambda: sign(role="service_role"),
    "anonymous role": lambda: sign(role="anon"),
    "no subject": lambda: sign(sub=None),
    "subject is no user": lambda: sign(sub="root"),
    "tampered": tampered,
    "not a token": lambda: "abc",
    "too long": lambda: sign(padding="x" * 9000),
}


class TestVerify:
    async def test_accepts_a_users_token(self, verifier: TokenVerifier) -> None:
        principal = await verifier.verify(sign())
        assert principal.user_id == USER
        assert principal.email == "ada@example.com"
        assert not principal.is_api_key

    @pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
    async def test_refuses(self, verifier: TokenVerifier, forge: Callable[[], str]) -> None:
        with pytest.raises(Unauthenticated):
            await verifier.verify(forge())

    async def test_a_published_key_is_no_shared_secret(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        await verifier.verify(sign())
        with pytest.raises(Unauthenticated):
            await verifier.verify(signed_with_public_key_as_secret())
        assert auth.questions == 0

    async def test_a_token_that_has_passed_expires_all_the_same(
        self, verifier: TokenVerifier
    ) -> None:
        token = sign()
        with time_machine.travel(time.time(), tick=False) as now:
            assert await verifier.verify(token) == await verifier.verify(token)
            now.shift(3700)
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)

    async def test_a_token_that_has_passed_is_refused_when_its_key_is_withdrawn(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        token = sign()
        await verifier.verify(token)
        auth.kid = "key-2"
        clock.now += 6 * 60
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)

    async def test_unknown_key_ids_cause_no_refetch_storm(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        for n in range(1000):
            with pytest.raises(Unauthenticated):
                await verifier.verify(sign(kid=f"random-{n}"))
        assert auth.calls <= 2

    async def test_a_known_key_outlives_auth_for_a_while(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        await verifier.verify(sign())
        auth.up = False
        clock.now += 9 * 60
        assert (await verifier.verify(sign())).user_id == USER
        assert auth.calls == 2, "nobody with a good token waits for another try"
        clock.now += 6 * 60
        with pytest.raises(Unavailable):
            await verifier.verify(sign())

    async def test_who_has_a_key_waits_for_nobody_who_has_none(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each second somebody may come with a key that is not known, and Auth be asked thrice."""
        waiting, end = asyncio.Event(), asyncio.Event()

        async def pause(_: float) -> None:
            waiting.set()
            await end.wait()

        monkeypatch.setattr("shared.platform.net.retry.pause", pause)
        await verifier.verify(sign())
        auth.up = False
        clock.now += 9 * 60
        stranger = asyncio.create_task(verifier.verify(sign(kid="key-2")))
        await waiting.wait()
        async with asyncio.timeout(5):
            assert (await verifier.verify(sign())).user_id == USER
        end.set()
        with pytest.raises(Unavailable):
            await stranger

    async def test_a_rotated_key_is_known_after_one_fetch(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        await verifier.verify(sign())
        auth.kid = "key-2"
        assert (await verifier.verify(sign(kid="key-2"))).user_id == USER
        assert auth.calls == 2
        with pytest.raises(Unauthenticated):
            await verifier.verify(sign())

    async def test_a_new_key_while_auth_is_down_is_not_the_callers_fault(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        await verifier.verify(sign())
        auth.up = False
        for _ in range(2):
            with pytest.raises(Unavailable):
                await verifier.verify(sign(kid="key-2"))
        assert (await verifier.verify(sign())).user_id == USER

    async def test_keys_are_fetched_once_for_many_at_once(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        await asyncio.gather(*(verifier.verify(sign()) for _ in range(50)))
        assert auth.calls == 1

    async def test_without_auth_and_key_it_is_not_the_callers_fault(
        self, verifier: TokenVerifier, auth: Auth
    ) -> None:
        auth.up = False
        with pytest.raises(Unavailable):
            await verifier.verify(sign())

    async def test_recovers_as_soon_as_auth_does(
        self, verifier: TokenVerifier, auth: Auth, clock: Clock
    ) -> None:
        auth.up = False
        for _ in range(100):
            with pytest.raises(Unavailable):
                await verifier.verify(sign())
        assert auth.calls == ATTEMPTS
        auth.up = True
        clock.now += 1
        assert (await verifier.verify(sign())).user_id == USER
