"""Errors a caller may see: each class carries status and code, its docstring is the title.

AppError
├── BadRequest 400            ├── NotFound 404
├── Unauthenticated 401       ├── Conflict 409
├── InsufficientCredits 402   ├── PayloadTooLarge 413, UnsupportedMediaType 415
├── Forbidden 403             ├── Invalid 422, LengthRequired 411
├── TooManyRequests 429       └── Unavailable 503
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class AppError(Exception):
    """Something went wrong"""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title())
        self.detail = detail or f"{self.title()}."
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.extra = extra

    @classmethod
    def title(cls) -> str:
        """The short, constant summary of this kind of problem."""
        return (cls.__doc__ or "").strip().splitlines()[0].rstrip(".")


class BadRequest(AppError):
    """The request is malformed"""

    status, code = 400, "bad_request"


class Unauthenticated(AppError):
    """Authentication is required"""

    status, code = 401, "unauthenticated"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="pixcrawler"'})


class Forbidden(AppError):
    """The caller may not do this"""

    status, code = 403, "forbidden"


class AccountDisabled(Forbidden):
    """The account is disabled"""

    code = "account_disabled"


class NotFound(AppError):
    """There is no such resource"""

    status, code = 404, "not_found"


class MethodNotAllowed(AppError):
    """The resource does not support this method"""

    status, code = 405, "method_not_allowed"


class Conflict(AppError):
    """The resource is in a state that forbids this"""

    status, code = 409, "conflict"


class Archived(Conflict):
    """Storage has archived the file and must bring it back first"""

    code = "archived"


class LengthRequired(AppError):
    """The request body has no length"""

    status, code = 411, "length_required"


class PayloadTooLarge(AppError):
    """The request body is too large"""

    status, code = 413, "payload_too_large"


class UnsupportedMediaType(AppError):
    """The request body must be JSON"""

    status, code = 415, "unsupported_media_type"


class Invalid(AppError):
    """The request has invalid fields"""

    status, code = 422, "validation_failed"


class TooManyRequests(AppError):
    """Too many requests"""

    status, code = 429, "rate_limited"


class InternalError(AppError):
    """The server failed to answer"""


class Unavailable(AppError):
    """A service this request needs is not reachable"""

    status, code = 503, "service_unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
