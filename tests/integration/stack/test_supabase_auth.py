"""The stand-in of Supabase Auth, through the client library that the product uses."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from supabase_auth import AuthResponse, SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from scripts.devhost.stack import LocalStack, StackInfo

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def info(stack_services: LocalStack) -> StackInfo:
    return stack_services.info


def client_with(info: StackInfo, key: str) -> SyncGoTrueClient:
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    return SyncGoTrueClient(url=f"{info.supabase_url}/auth/v1", headers=headers)


@pytest.fixture
def client(info: StackInfo) -> Iterator[SyncGoTrueClient]:
    with client_with(info, info.supabase_anon_key) as made:
        yield made


@pytest.fixture
def admin(info: StackInfo) -> Iterator[SyncGoTrueClient]:
    with client_with(info, info.supabase_service_role_key) as made:
        yield made


def new_email() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.org"


def sign_up(client: SyncGoTrueClient) -> tuple[str, AuthResponse]:
    email = new_email()
    return email, client.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"full_name": "Ada"}}}
    )


class TestSignUp:
    def test_gives_a_confirmed_user_and_a_session(self, client: SyncGoTrueClient) -> None:
        email, answer = sign_up(client)
        assert answer.session is not None
        assert answer.user is not None
        assert answer.user.email == email
        assert answer.user.email_confirmed_at is not None
        assert answer.user.user_metadata["full_name"] == "Ada"
        assert answer.user.app_metadata == {"provider": "email", "providers": ["email"]}

    def test_makes_the_profile_by_trigger(self, client: SyncGoTrueClient, info: StackInfo) -> None:
        email, _ = sign_up(client)
        with psycopg.connect(info.database_url) as connection:
            found = connection.execute("SELECT 1 FROM profiles WHERE email = %s", (email,))
            assert found.fetchone() == (1,)

    def test_keeps_no_readable_password(self, client: SyncGoTrueClient, info: StackInfo) -> None:
        email, _ = sign_up(client)
        with psycopg.connect(info.database_url) as connection:
            row = connection.execute(
                "SELECT encrypted_password FROM auth.users WHERE email = %s", (email,)
            ).fetchone()
        assert row is not None
        assert row[0].startswith("scrypt$")
        assert PASSWORD not in row[0]

    def test_refuses_a_taken_address(self, client: SyncGoTrueClient) -> None:
        email, _ = sign_up(client)
        with pytest.raises(AuthApiError) as refusal:
            client.sign_up({"email": email.upper(), "password": PASSWORD})
        assert (refusal.value.status, refusal.value.code) == (422, "user_already_exists")

    def test_refuses_a_short_password(self, client: SyncGoTrueClient) -> None:
        with pytest.raises(AuthWeakPasswordError) as refusal:
            client.sign_up({"email": new_email(), "password": "12345"})
        assert refusal.value.reasons == ["length"]

    def test_refuses_what_is_no_address(self, client: SyncGoTrueClient) -> None:
        with pytest.raises(AuthApiError) as refusal:
            client.sign_up({"email": "nobody", "password": PASSWORD})
        assert (refusal.value.status, refusal.value.code) == (400, "validation_failed")


class TestSignIn:
    def test_with_the_password(self, client: SyncGoTrueClient) -> None:
        email, _ = sign_up(client)
        answer = client.sign_in_with_password({"email": email, "password": PASSWORD})
        assert answer.session is not None
        assert answer.session.expires_in == 3600
        assert answer.session.token_type == "bearer"

    @pytest.mark.parametrize("known", [True, False])
    def test_wrong_password_and_unknown_user_look_the_same(
        self, client: SyncGoTrueClient, known: bool
    ) -> None:
        email = sign_up(client)[0] if known else new_email()
        with pytest.raises(AuthApiError) as refusal:
            client.sign_in_with_password({"email": email, "password": "wrong"})
        assert (refusal.value.status, refusal.value.code) == (400, "invalid_credentials")

    def test_as_a_demo_user(self, client: SyncGoTrueClient, info: StackInfo) -> None:
        for user in info.users:
            answer = client.sign_in_with_password({"email": user.email, "password": user.password})
            assert answer.session is not None


class TestTokens:
    def test_claims_are_those_of_supabase(self, client: SyncGoTrueClient, info: StackInfo) -> None:
        email, answer = sign_up(client)
        assert answer.session is not None
        assert answer.user is not None
        checked = client.get_claims(answer.session.access_token)
        assert checked is not None
        claims = dict(checked["claims"])
        assert claims["iss"] == f"{info.supabase_url}/auth/v1"
        assert claims["aud"] == claims["role"] == "authenticated"
        assert claims["sub"] == answer.user.id
        assert claims["email"] == email
        assert checked["claims"]["exp"] - checked["claims"]["iat"] == 3600
        assert claims["aal"] == "aal1"
        assert checked["claims"]["amr"][0]["method"] == "password"
        assert uuid.UUID(checked["claims"]["session_id"])
        assert checked["headers"]["alg"] == "ES256"

    def test_jwks_holds_the_public_key_only(self, info: StackInfo) -> None:
        answer = httpx.get(f"{info.supabase_url}/auth/v1/.well-known/jwks.json")
        (key,) = answer.json()["keys"]
        assert key["alg"] == "ES256"
        assert "d" not in key

    @pytest.mark.parametrize("forgery", ["other key", "no signature", "public key as secret"])
    def test_forged_tokens_are_refused(
        self, client: SyncGoTrueClient, info: StackInfo, forgery: str
    ) -> None:
        _, answer = sign_up(client)
        assert answer.session is not None
        claims = jwt.decode(answer.session.access_token, options={"verify_signature": False})
        kid = jwt.get_unverified_header(answer.session.access_token)["kid"]
        if forgery == "other key":
            key = ec.generate_private_key(ec.SECP256R1())
            token = jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid})
        elif forgery == "no signature":
            token = unsigned(claims, "none")
        else:
            public = httpx.get(f"{info.supabase_url}/auth/v1/.well-known/jwks.json").content
            token = unsigned(claims, "HS256")
            token += base64url(hmac.digest(public, token.removesuffix(".").encode(), "sha256"))
        with pytest.raises(AuthApiError) as refusal:
            client.get_user(token)
        assert (refusal.value.status, refusal.value.code) == (403, "bad_jwt")

    def test_keys_are_tokens_with_their_role(self, info: StackInfo) -> None:
        for key, role in (
            (info.supabase_anon_key, "anon"),
            (info.supabase_service_role_key, "service_role"),
        ):
            claims = jwt.decode(key, options={"verify_signature": False})
            assert claims["role"] == role
            assert claims["exp"] > time.time()


class TestRefresh:
    def test_rotates_the_refresh_token(self, client: SyncGoTrueClient) -> None:
        _, first = sign_up(client)
        assert first.session is not None
        second = client.refresh_session(first.session.refresh_token)
        assert second.session is not None
        assert second.session.refresh_token != first.session.refresh_token
        assert session_id(second.session.access_token) == session_id(first.session.access_token)

    def test_a_used_token_ends_the_session_for_the_thief_too(
        self, client: SyncGoTrueClient
    ) -> None:
        _, first = sign_up(client)
        assert first.session is not None
        second = client.refresh_session(first.session.refresh_token)
        assert second.session is not None
        for token in (first.session.refresh_token, second.session.refresh_token):
            with pytest.raises(AuthApiError) as refusal:
                client.refresh_session(token)
            assert (refusal.value.status, refusal.value.code) == (400, "refresh_token_already_used")

    def test_refuses_an_unknown_token(self, client: SyncGoTrueClient) -> None:
        with pytest.raises(AuthApiError) as refusal:
            client.refresh_session("unknown")
        assert str(refusal.value.code) == "refresh_token_not_found"


class TestUser:
    def test_is_the_one_of_the_token(self, client: SyncGoTrueClient) -> None:
        email, answer = sign_up(client)
        assert answer.session is not None
        found = client.get_user(answer.session.access_token)
        assert found is not None
        assert found.user.email == email

    def test_changes_password_and_metadata(self, client: SyncGoTrueClient) -> None:
        email, _ = sign_up(client)
        changed = client.update_user({"password": "another one", "data": {"city": "Turin"}})
        assert changed.user.user_metadata["city"] == "Turin"
        assert changed.user.user_metadata["full_name"] == "Ada"
        client.sign_in_with_password({"email": email, "password": "another one"})

    def test_is_gone_after_sign_out(self, client: SyncGoTrueClient) -> None:
        _, answer = sign_up(client)
        assert answer.session is not None
        client.sign_out()
        with pytest.raises(AuthApiError) as refusal:
            client.get_user(answer.session.access_token)
        assert (refusal.value.status, refusal.value.code) == (403, "session_not_found")


class TestAdmin:
    def test_creates_lists_reads_and_deletes(self, admin: SyncGoTrueClient) -> None:
        email = new_email()
        made = admin.admin.create_user(
            {"email": email, "password": PASSWORD, "email_confirm": True}
        ).user
        assert made.email_confirmed_at is not None
        assert email in [user.email for user in admin.admin.list_users(per_page=100)]
        assert admin.admin.get_user_by_id(made.id).user.email == email
        admin.admin.delete_user(made.id)
        with pytest.raises(AuthApiError) as refusal:
            admin.admin.get_user_by_id(made.id)
        assert (refusal.value.status, refusal.value.code) == (404, "user_not_found")

    def test_an_unconfirmed_user_cannot_sign_in(
        self, admin: SyncGoTrueClient, client: SyncGoTrueClient
    ) -> None:
        email = new_email()
        admin.admin.create_user({"email": email, "password": PASSWORD})
        with pytest.raises(AuthApiError) as refusal:
            client.sign_in_with_password({"email": email, "password": PASSWORD})
        assert refusal.value.code == "email_not_confirmed"

    def test_is_closed_to_the_anon_key(self, client: SyncGoTrueClient) -> None:
        with pytest.raises(AuthApiError) as refusal:
            client.admin.list_users()
        assert (refusal.value.status, refusal.value.code) == (403, "not_admin")


class TestGateway:
    def test_asks_for_an_api_key(self, info: StackInfo) -> None:
        without = httpx.get(f"{info.supabase_url}/auth/v1/settings")
        assert without.status_code == 401
        assert without.json()["message"] == "No API key found in request"
        wrong = httpx.get(f"{info.supabase_url}/auth/v1/settings", headers={"apikey": "wrong"})
        assert wrong.json()["message"] == "Invalid API key"

    def test_errors_have_the_old_shape_without_an_api_version(self, info: StackInfo) -> None:
        answer = httpx.post(
            f"{info.supabase_url}/auth/v1/token?grant_type=password",
            headers={"apikey": info.supabase_anon_key},
            json={"email": new_email(), "password": "wrong"},
        )
        assert answer.json() == {
            "code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials",
        }  # fmt: skip

    def test_lets_every_origin_in(self, info: StackInfo) -> None:
        asked = {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "apikey,authorization",
        }
        answer = httpx.options(f"{info.supabase_url}/auth/v1/token", headers=asked)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "apikey,authorization"


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    """A token up to its signature, as a library that knows better would not make it."""
    header = {"alg": algorithm, "typ": "JWT"}
    return "".join(base64url(json.dumps(part).encode()) + "." for part in (header, claims))


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def session_id(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["session_id"])
