"""The endpoints under `/auth/v1/admin`, for holders of the service role."""

import math
import uuid
from typing import Any

from aiohttp import web

from scripts.devhost.stack.auth.errors import AuthError
from scripts.devhost.stack.auth.keys import Keys
from scripts.devhost.stack.auth.passwords import hash_password
from scripts.devhost.stack.auth.requests import (
    ban_seconds,
    bearer,
    change_user,
    check_strength,
    default_app_metadata,
    read_body,
    valid_email,
)
from scripts.devhost.stack.auth.store import EmailTakenError, Store
from scripts.devhost.stack.auth.wire import user_out

Row = dict[str, Any]


class AdminEndpoints:
    """Create, list, read, change and delete users."""

    def __init__(self, keys: Keys, store: Store) -> None:
        self.keys = keys
        self.store = store

    def routes(self) -> list[web.RouteDef]:
        """What is served, below `/auth/v1`."""
        return [
            web.post("/admin/users", self.create),
            web.get("/admin/users", self.list),
            web.get("/admin/users/{id}", self.get),
            web.put("/admin/users/{id}", self.update),
            web.delete("/admin/users/{id}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """A new user, confirmed or not, without a session."""
        self._require_service_role(request)
        body = await read_body(request)
        email = valid_email(body.get("email"))
        if password := body.get("password"):
            check_strength(password)
        user_id = uuid.UUID(body["id"]) if body.get("id") else uuid.uuid4()
        try:
            user = await self.store.create_user(
                user_id=user_id,
                email=email,
                password_hash=await hash_password(password) if password else None,
                confirmed=bool(body.get("email_confirm")),
                role=body.get("role") or "authenticated",
                app_metadata=default_app_metadata() | (body.get("app_metadata") or {}),
                user_metadata=body.get("user_metadata") or {},
            )
        except EmailTakenError:
            message = "A user with this email address has already been registered"
            raise AuthError(422, "email_exists", message) from None
        return web.json_response(user_out(user))

    async def list(self, request: web.Request) -> web.Response:
        """One page of users."""
        self._require_service_role(request)
        page = _positive(request.query.get("page"), 1)
        size = _positive(request.query.get("per_page"), 50)
        users, total = await self.store.list_users(size, (page - 1) * size)
        last = max(1, math.ceil(total / size))
        links = [f'<{request.path}?page={last}&per_page={size}>; rel="last"']
        if page < last:
            links.insert(0, f'<{request.path}?page={page + 1}&per_page={size}>; rel="next"')
        return web.json_response(
            {"users": [user_out(user) for user in users], "aud": "authenticated"},
            headers={"X-Total-Count": str(total), "Link": ", ".join(links)},
        )

    async def get(self, request: web.Request) -> web.Response:
        """One user."""
        self._require_service_role(request)
        user = await self.store.find_user(_user_id(request))
        if user is None:
            raise AuthError(404, "user_not_found", "User not found")
        return web.json_response(user_out(user))

    async def update(self, request: web.Request) -> web.Response:
        """Change a user without asking them."""
        self._require_service_role(request)
        body = await read_body(request)
        changes: Row = {
            "role": body.get("role"),
            "confirmed": body.get("email_confirm"),
            "app_metadata": body.get("app_metadata") or {},
            "user_metadata": body.get("user_metadata") or {},
            "ban_seconds": ban_seconds(body.get("ban_duration")),
        }
        if body.get("email"):
            changes["email"] = valid_email(body["email"])
        if body.get("password"):
            check_strength(body["password"])
            changes["password_hash"] = await hash_password(body["password"])
        user = await change_user(self.store, _user_id(request), changes)
        return web.json_response(user_out(user))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a user with everything the product keeps of them."""
        self._require_service_role(request)
        if not await self.store.delete_user(_user_id(request)):
            raise AuthError(404, "user_not_found", "User not found")
        return web.json_response({})

    def _require_service_role(self, request: web.Request) -> None:
        if bearer(self.keys, request).get("role") not in ("service_role", "supabase_admin"):
            raise AuthError(403, "not_admin", "User not allowed")


def _user_id(request: web.Request) -> uuid.UUID:
    try:
        return uuid.UUID(request.match_info["id"])
    except ValueError:
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None


def _positive(value: str | None, default: int) -> int:
    return int(value) if value and value.isdigit() and int(value) > 0 else default
