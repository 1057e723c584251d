"""What the endpoints read from a request, checked as GoTrue checks it."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from aiohttp import web

from scripts.devhost.stack.auth.errors import AuthError, invalid
from scripts.devhost.stack.auth.keys import Keys
from scripts.devhost.stack.auth.store import EmailTakenError, Store

Row = dict[str, Any]
# How GoTrue's own JWT library puts it.
_BAD_JWT: Final = {
    jwt.ExpiredSignatureError: "token has invalid claims: token is expired",
    jwt.ImmatureSignatureError: "token has invalid claims: token is not valid yet",
    jwt.InvalidSignatureError: "token signature is invalid: signature is invalid",
    jwt.InvalidAlgorithmError: "token signature is invalid: signing method is invalid",
    jwt.DecodeError: "token is malformed: could not parse it",
}
SHORTEST_PASSWORD: Final = 6
# bcrypt's limit, which GoTrue enforces; ours has none, but clients must see the same answer.
LONGEST_PASSWORD: Final = 72
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UNITS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def bearer(keys: Keys, request: web.Request) -> Row:
    """The verified claims of the caller's token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
    try:
        return keys.verify(token)
    except jwt.InvalidTokenError as error:
        reason = _BAD_JWT.get(
            type(error), f"token is unverifiable: error while executing keyfunc: {error}"
        )
        message = f"invalid JWT: unable to parse or verify signature, {reason}"
        raise AuthError(403, "bad_jwt", message) from None


def ban_seconds(duration: object) -> float | None:
    """The length of a ban as Go writes durations, 0 for none; None when it stays as it is."""
    if not duration:
        return None
    if duration == "none":
        return 0
    parts = _DURATION_PART.findall(str(duration))
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise invalid(f'invalid format for ban duration: time: invalid duration "{duration}"')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def refuse_banned(user: Row, status: int, message: str) -> None:
    """Refuse a user whose ban lasts."""
    until = user["banned_until"]
    if until is not None and until > datetime.now(UTC):
        raise AuthError(status, "user_banned", message)


async def read_body(request: web.Request) -> Row:
    """The JSON object of the request."""
    try:
        body = await request.json()
    except ValueError:
        raise AuthError(400, "bad_json", "Could not parse request body as JSON") from None
    if not isinstance(body, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON")
    return body


def valid_email(value: object) -> str:
    """The address in the form in which it is stored."""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value) or len(value) > 255:
        raise invalid("Unable to validate email address: invalid format")
    return value.lower()


def check_strength(password: object) -> None:
    """Refuse what GoTrue refuses."""
    if not isinstance(password, str) or len(password) < SHORTEST_PASSWORD:
        raise AuthError(
            422, "weak_password",
            f"Password should be at least {SHORTEST_PASSWORD} characters.",
            weak_password={"reasons": ["length"]},
        )  # fmt: skip
    if len(password) > LONGEST_PASSWORD:
        raise invalid(f"Password cannot be longer than {LONGEST_PASSWORD} characters")


def default_app_metadata() -> Row:
    """What GoTrue notes of a user who has an address and a password."""
    return {"provider": "email", "providers": ["email"]}


async def change_user(store: Store, user_id: uuid.UUID, changes: Row) -> Row:
    """The changed user."""
    try:
        user = await store.update_user(user_id, changes)
    except EmailTakenError:
        message = "A user with this email address has already been registered"
        raise AuthError(422, "email_exists", message) from None
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user
