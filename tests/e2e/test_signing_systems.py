"""Both ways in which Supabase projects sign: people sign in, refresh, and are refused rightly.

Each way is a whole stack of its own, spoken to over HTTP.
"""

import json
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.auth.keys import Keys
from shared.platform.errors import Unauthenticated
from shared.platform.http.auth.introspection import KEPT_SECONDS, Introspection
from shared.platform.http.auth.tokens import TokenVerifier

PASSWORD = "correct horse"
KEY = ec.generate_private_key(ec.SECP256R1())


class Project:
    """A stack, and what its owner or a forger can do about its tokens."""

    def __init__(self, stack: LocalStack, *, legacy: bool) -> None:
        self.stack = stack
        self.legacy = legacy
        self.keys = Keys.load(stack.layout.data("auth"), legacy=legacy)
        self.http = httpx.Client(base_url=f"{stack.info.api_url}/api/v1/auth/", timeout=30)

    def call(
        self, path: str, body: dict[str, str] | None = None, token: str = ""
    ) -> httpx.Response:
        """The app's answer, to a POST when there is a body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request("POST" if body else "GET", path, json=body, headers=headers)

    def sign_up(self) -> dict[str, Any]:
        """The session of a new user."""
        email = f"{uuid.uuid4().hex[:12]}@example.org"
        made = self.call("signup", {"email": email, "password": PASSWORD})
        assert made.status_code == 201, made.text
        signed_in = self.call("login", {"email": email, "password": PASSWORD})
        return dict(signed_in.raise_for_status().json())

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What the token of a new user says, with changes."""
        token = self.sign_up()["access_token"]
        said = jwt.decode(token, options={"verify_signature": False}) | changes
        return {name: value for name, value in said.items() if value is not None}

    def user_of(self, token: str) -> str:
        """Whose token it is."""
        return str(jwt.decode(token, options={"verify_signature": False})["sub"])

    @contextmanager
    def auth_stopped(self) -> Iterator[None]:
        """Auth takes connections and does not answer; published keys have been fetched before."""
        assert self.call("me", token=self.sign_up()["access_token"]).status_code == 200
        pid = self.stack.pid("auth")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module", params=["legacy secret", "signing keys"])
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    legacy = request.param == "legacy secret"
    with tempfile.TemporaryDirectory(prefix="pixcrawler-e2e-") as directory:
        Path(directory).chmod(0o755)
        one_process = {"FUNCTIONS_WORKER_PROCESS_COUNT": "1"}  # which knows the published keys
        with LocalStack(Path(directory), environment=one_process, legacy_jwt=legacy) as stack:
            made = Project(stack, legacy=legacy)
            with made.http:
                yield made


def own(project: Project) -> str:
    return str(project.sign_up()["access_token"])


def refreshed(project: Project) -> str:
    session = project.sign_up()
    renewed = project.call("refresh", {"refresh_token": session["refresh_token"]})
    assert project.call("refresh", {"refresh_token": "made-up"}).status_code == 401
    return str(renewed.raise_for_status().json()["access_token"])


def signed(project: Project, **changes: Any) -> str:
    """Signed by the project, but saying something else than it would say."""
    return project.keys.sign(project.claims(**changes))


def old(project: Project, **headers: str) -> str:
    """Signed with the shared secret, which a project that has migrated still accepts."""
    return project.keys.sign_with_secret(project.claims(), headers)


def forged(project: Project) -> str:
    if project.legacy:
        return jwt.encode(project.claims(), "x" * 43, "HS256", {"kid": project.keys.secret_kid})
    return jwt.encode(project.claims(), KEY, "ES256", {"kid": project.keys.kid})


def with_public_key(project: Project, form: str, *, kid: bool) -> str:
    """HS256 with what everybody knows as the secret (PyJWT itself refuses to sign so)."""
    public = project.keys.public_jwk
    pem = jwt.PyJWK(public).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = {"PEM": pem, "JWK": json.dumps(public).encode(), "x": public["x"].encode()}[form]
    headers = {"kid": project.keys.kid} if kid else None
    unsigned = jwt.encode(project.claims(), "x" * 32, "HS256", headers).rpartition(".")[0]
    signature = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), secret)
    return f"{unsigned}.{jwt.utils.base64url_encode(signature).decode()}"


def unsigned(project: Project) -> str:
    return jwt.encode(project.claims(), "", "none", {"kid": project.keys.kid})


def delete_user(project: Project, token: str) -> None:
    key = project.keys.service_role
    httpx.delete(
        f"{project.stack.info.supabase_url}/auth/v1/admin/users/{project.user_of(token)}",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
    ).raise_for_status()


def ban_user(project: Project, token: str) -> None:
    with psycopg.connect(project.stack.info.database_url) as connection:
        connection.execute(
            "UPDATE auth.users SET banned_until = now() + interval '1 hour' WHERE id = %s",
            (project.user_of(token),),
        )


def sign_out(project: Project, token: str) -> None:
    info = project.stack.info
    headers = {"apikey": info.supabase_anon_key, "Authorization": f"Bearer {token}"}
    httpx.post(f"{info.supabase_url}/auth/v1/logout", headers=headers).raise_for_status()


End = Callable[[Project, str], None]


def ended(project: Project, *, by: End) -> str:
    token = own(project)
    by(project, token)
    return token


@dataclass(frozen=True)
class Case:
    """A token, and the status that it gets from a project of either kind."""

    token: Callable[[Project], str]
    legacy: int = 401
    keys: int = 401
    auth_down: bool = False


CASES = {
    "signed in": Case(own, 200, 200),
    "refreshed": Case(refreshed, 200, 200),
    "signed with the secret, under a key id": Case(partial(old, kid="bpEbPmPZbTBJ1Ez/"), 200, 200),
    "signed with the secret, as when self-hosted": Case(old, 200, 200),
    "expired": Case(partial(signed, exp=int(time.time()) - 60)),
    "not valid yet": Case(partial(signed, nbf=int(time.time()) + 3600)),
    "no subject": Case(partial(signed, sub=None)),
    "unknown user": Case(partial(signed, sub=str(uuid.uuid4())), 401, 404),
    "another issuer": Case(partial(signed, iss="https://other.supabase.co/auth/v1")),
    "another audience": Case(partial(signed, aud="other")),
    "another role": Case(partial(signed, role="anon")),
    "forged": Case(forged),
    "anon key": Case(lambda project: project.keys.anon),
    "service key": Case(lambda project: project.keys.service_role),
    "no algorithm": Case(unsigned),
    "HS256 with the public key": Case(partial(with_public_key, form="PEM", kid=False)),
    "HS256 with the public key under its id": Case(partial(with_public_key, form="PEM", kid=True)),
    "HS256 with the published JWK": Case(partial(with_public_key, form="JWK", kid=True)),
    "HS256 with a coordinate of it": Case(partial(with_public_key, form="x", kid=False)),
    # What only Auth knows does not end a token that a published key verifies.
    "user deleted": Case(partial(ended, by=delete_user), 401, 404),
    "user banned": Case(partial(ended, by=ban_user), 401, 200),
    "signed out": Case(partial(ended, by=sign_out), 401, 200),
    "Auth down": Case(own, 503, 200, auth_down=True),
}


class TestTokens:
    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    def test_get_in_or_not(self, project: Project, case: Case) -> None:
        token = case.token(project)
        with project.auth_stopped() if case.auth_down else nullcontext():
            answer = project.call("me", token=token)
        assert answer.status_code == (case.legacy if project.legacy else case.keys), answer.text
        if answer.status_code == 200:
            assert answer.json()["id"] == project.user_of(token)
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert token not in answer.text
        assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
        assert ("Retry-After" in answer.headers) == (answer.status_code == 503)

    @pytest.mark.parametrize("end", [delete_user, ban_user, sign_out])
    async def test_signed_with_the_secret_end_when_auth_says_so(
        self, project: Project, end: End
    ) -> None:
        info, now = project.stack.info, [0.0]
        token = old(project)
        async with httpx.AsyncClient() as http:
            introspection = Introspection(
                info.supabase_url, info.supabase_anon_key, http, lambda: now[0]
            )
            verifier = TokenVerifier(info.supabase_url, http, introspection, lambda: now[0])
            assert str((await verifier.verify(token)).user_id) == project.user_of(token)
            end(project, token)
            now[0] += KEPT_SECONDS - 1
            await verifier.verify(token)
            now[0] += 1
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)


class TestKeys:
    def test_are_those_of_such_a_project(self, project: Project) -> None:
        url = f"{project.stack.info.supabase_url}/auth/v1/.well-known/jwks.json"
        published = httpx.get(url).json()
        header = jwt.get_unverified_header(own(project))
        if project.legacy:
            assert published == {"keys": []}
            assert (header["alg"], len(header["kid"])) == ("HS256", 16)
        else:
            assert [key["kid"] for key in published["keys"]] == [header["kid"]]
            assert header["alg"] == "ES256"
        for key, role in ((project.keys.anon, "anon"), (project.keys.service_role, "service_role")):
            said = jwt.decode(key, options={"verify_signature": False})
            assert set(said) == {"iss", "ref", "role", "iat", "exp"}
            assert (said["iss"], said["role"], len(said["ref"])) == ("supabase", role, 20)
            assert jwt.get_unverified_header(key) == {"alg": "HS256", "typ": "JWT"}
