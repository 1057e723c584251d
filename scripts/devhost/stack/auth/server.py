"""The endpoints under `/auth/v1` that users call."""

import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from scripts.devhost.stack.auth import gateway
from scripts.devhost.stack.auth.admin import AdminEndpoints
from scripts.devhost.stack.auth.errors import AuthError, invalid
from scripts.devhost.stack.auth.keys import Keys
from scripts.devhost.stack.auth.passwords import hash_password, matches
from scripts.devhost.stack.auth.requests import (
    bearer,
    change_user,
    check_strength,
    default_app_metadata,
    read_body,
    refuse_banned,
    valid_email,
)
from scripts.devhost.stack.auth.store import EmailTakenError, Store
from scripts.devhost.stack.auth.wire import session_out, user_out

Row = dict[str, Any]
_REFRESH_REFUSALS: Final = {
    "refresh_token_not_found": "Invalid Refresh Token: Refresh Token Not Found",
    "refresh_token_already_used": "Invalid Refresh Token: Already Used",
    "user_banned": "Invalid Refresh Token: User Banned",
}


class UserEndpoints:
    """Sign-up, sign-in, refresh, the user's own account, sign-out."""

    def __init__(self, keys: Keys, store: Store, issuer: str) -> None:
        self.keys = keys
        self.store = store
        self.issuer = issuer

    def routes(self) -> list[web.RouteDef]:
        """What is served, below `/auth/v1`."""
        return [
            web.get("/health", self.health),
            web.get("/settings", self.settings),
            web.get("/.well-known/jwks.json", self.jwks),
            web.post("/signup", self.sign_up),
            web.post("/token", self.token),
            web.get("/user", self.get_user),
            web.put("/user", self.update_user),
            web.post("/logout", self.log_out),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """Who answers."""
        about = "GoTrue is a user registration and authentication API"
        return web.json_response({"version": "local", "name": "GoTrue", "description": about})

    async def settings(self, _: web.Request) -> web.Response:
        """Which ways of signing in are open: address and password only, no confirmation mail."""
        return web.json_response(
            {
                "external": {"anonymous_users": False, "email": True, "phone": False},
                "disable_signup": False,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
            }
        )

    async def jwks(self, _: web.Request) -> web.Response:
        """The public keys of the access tokens."""
        return web.json_response(self.keys.jwks, headers={"Cache-Control": "public, max-age=600"})

    async def sign_up(self, request: web.Request) -> web.Response:
        """A new user with a session (the project confirms addresses by itself)."""
        body = await read_body(request)
        if not body.get("email"):
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        email = valid_email(body["email"])
        password = body.get("password")
        if not password:
            raise invalid("Signup requires a valid password")
        check_strength(password)
        user_id = uuid.uuid4()
        try:
            await self.store.create_user(
                user_id=user_id, email=email, password_hash=await hash_password(password),
                confirmed=True, role="authenticated", app_metadata=default_app_metadata(),
                user_metadata=(body.get("data") or {}) | {
                    "email": email, "email_verified": True, "phone_verified": False,
                    "sub": str(user_id),
                },
            )  # fmt: skip
        except EmailTakenError:
            raise AuthError(422, "user_already_exists", "User already registered") from None
        return await self._session(user_id)

    async def token(self, request: web.Request) -> web.Response:
        """A session for a password or for a refresh token."""
        grant = request.query.get("grant_type")
        body = await read_body(request)
        if grant == "password":
            return await self._password_grant(body)
        if grant == "refresh_token":
            return await self._refresh_grant(body)
        raise AuthError(400, "validation_failed", "unsupported_grant_type")

    async def _password_grant(self, body: Row) -> web.Response:
        user = await self.store.find_user_by_email(str(body.get("email", "")).lower())
        if user is not None:
            refuse_banned(user, 400, "User is banned")
        stored = user["encrypted_password"] if user else None
        if not await matches(str(body.get("password", "")), stored) or user is None:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        if user["email_confirmed_at"] is None:
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        return await self._session(user["id"])

    async def _refresh_grant(self, body: Row) -> web.Response:
        token = body.get("refresh_token")
        if not token:
            raise invalid("refresh_token required")
        renewed = await self.store.rotate(str(token))
        if isinstance(renewed, str):
            raise AuthError(400, renewed, _REFRESH_REFUSALS[renewed])
        return web.json_response(session_out(self.keys, self.issuer, *renewed))

    async def _session(self, user_id: uuid.UUID) -> web.Response:
        opened = await self.store.open_session(user_id)
        return web.json_response(session_out(self.keys, self.issuer, *opened))

    async def get_user(self, request: web.Request) -> web.Response:
        """The user of the access token."""
        user, _ = await self._caller(request)
        if bearer(self.keys, request).get("aud") not in (user["aud"], [user["aud"]]):
            raise invalid("Token audience doesn't match request audience")
        return web.json_response(user_out(user))

    async def update_user(self, request: web.Request) -> web.Response:
        """Change one's own address, password or metadata."""
        user, _ = await self._caller(request)
        body = await read_body(request)
        changes: Row = {"user_metadata": body.get("data") or {}}
        if body.get("email"):
            changes["email"] = valid_email(body["email"])
        if body.get("password"):
            check_strength(body["password"])
            if await matches(body["password"], user["encrypted_password"]):
                raise AuthError(
                    422, "same_password",
                    "New password should be different from the old password.",
                )  # fmt: skip
            changes["password_hash"] = await hash_password(body["password"])
        return web.json_response(user_out(await change_user(self.store, user["id"], changes)))

    async def log_out(self, request: web.Request) -> web.Response:
        """End this session, all or all others."""
        user, session_id = await self._caller(request)
        scope = "global" if session_id is None else request.query.get("scope", "global")
        if scope not in ("global", "local", "others"):
            raise invalid("Unsupported logout scope: " + scope)
        await self.store.end_sessions(user["id"], session_id, scope)
        return web.Response(status=204)

    async def _caller(self, request: web.Request) -> tuple[Row, uuid.UUID | None]:
        """User and session; a token that was not signed at a sign-in has no session."""
        claims = bearer(self.keys, request)
        if not claims.get("sub"):
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
        try:
            user = await self.store.find_user(uuid.UUID(claims["sub"]))
        except ValueError:
            message = "invalid claim: sub claim must be a UUID"
            raise AuthError(400, "bad_jwt", message) from None
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        refuse_banned(user, 403, "User is banned")
        if "session_id" not in claims:
            return user, None
        session_id = uuid.UUID(claims["session_id"])
        if await self.store.find_session(session_id) is None:
            raise AuthError(
                403, "session_not_found", "Session from session_id claim in JWT does not exist"
            )
        return user, session_id


def application(keys: Keys, database_url: str, base_url: str) -> web.Application:
    """The whole stand-in."""
    store = Store(database_url)

    async def pool(_: web.Application) -> AsyncIterator[None]:
        await store.pool.open()
        yield
        await store.pool.close()

    app = web.Application(middlewares=[gateway.cors(), gateway.api_key(keys), gateway.errors])
    app.cleanup_ctx.append(pool)
    endpoints = UserEndpoints(keys, store, f"{base_url}/auth/v1")
    for route in endpoints.routes() + AdminEndpoints(keys, store).routes():
        app.router.add_route(route.method, "/auth/v1" + route.path, route.handler)
    return app
