"""GoTrue's errors, and the two shapes in which it tells them."""

from typing import Any, Final

from aiohttp import web

VERSION_HEADER: Final = "X-Supabase-Api-Version"
NEW_SHAPE: Final = "2024-01-01"


class AuthError(Exception):
    """A refusal with the status, stable code and message of GoTrue."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    def response(self, request: web.Request) -> web.Response:
        """The answer, in the shape that the client's API version asks for."""
        if request.headers.get(VERSION_HEADER, "") >= NEW_SHAPE:
            body: dict[str, Any] = {"code": self.code, "message": self.message}
            return web.json_response(
                body | self.extra, status=self.status, headers={VERSION_HEADER: NEW_SHAPE}
            )
        body = {"code": self.status, "error_code": self.code, "msg": self.message}
        return web.json_response(body | self.extra, status=self.status)


def invalid(message: str) -> AuthError:
    """The request is not well formed."""
    return AuthError(400, "validation_failed", message)
