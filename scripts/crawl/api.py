"""The service's API as this program uses it."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx


class ApiError(Exception):
    """The service refused or does not answer; the message is for a person."""

    def __init__(self, message: str, *, code: str = "", problem: dict[str, Any] | None = None):
        super().__init__(message)
        self.code = code
        self.problem = problem or {}


class Api:
    """A client that is signed in, by API key or with a password."""

    ATTEMPTS = 5

    def __init__(self, url: str, *, key: str | None = None) -> None:
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1/",
            headers=headers,
            timeout=30,
            limits=httpx.Limits(max_connections=16),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._http.close()

    def sign_in(self, email: str, password: str) -> None:
        """Uses the user's access token from now on."""
        session = self.post("auth/login", {"email": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at ``path``. Passing troubles are tried again."""
        return self._json(self._send("GET", path, params=query))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON answer to ``body``."""
        return self._json(self._send("POST", path, json=body or {}))

    def delete(self, path: str) -> None:
        """Removes what is at ``path``."""
        self._send("DELETE", path)

    @property
    def authorization(self) -> str:
        """The header that says who is signed in."""
        return self._http.headers["Authorization"]

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **query, limit=100, **({"cursor": cursor} if cursor else {}))
            if not isinstance(page, dict) or not page.keys() >= {"data", "meta"}:
                raise self._stranger()
            yield from page["data"]
            cursor = page["meta"]["next_cursor"]
            if cursor is None:
                return

    def location(self, path: str) -> str:
        """Where ``path`` redirects to; what storage has still to bring back leads nowhere yet."""
        answer = self._send("GET", path)
        if answer.status_code == 202:
            raise ApiError(self._json(answer)["detail"], code="restoring")
        return str(answer.headers["location"])

    def content(self, path: str) -> bytes:
        """The bytes that ``path`` redirects to."""
        location = self.location(path)
        try:
            # Another client: storage must not see our credential.
            return httpx.get(location, timeout=60).raise_for_status().content
        except httpx.HTTPError as error:
            raise ApiError(f"Storage does not hand out {path}: {error}") from None

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        for attempt in range(1, self.ATTEMPTS + 1):
            last = attempt == self.ATTEMPTS
            try:
                answer = self._http.request(method, path, **request)
            except (httpx.HTTPError, UnicodeError) as error:  # the latter for an unusable host
                # Only reads are repeated: a write may have happened although its answer was lost.
                if last or method != "GET":
                    raise ApiError(f"{self._http.base_url} does not answer: {error}") from None
            else:
                busy = answer.status_code == 429 or answer.status_code >= 500
                if not busy or last or method != "GET":
                    return _checked(answer)
            time.sleep(min(0.5 * 2**attempt, 5))
        raise AssertionError("the last attempt returns or raises")

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise self._stranger() from None

    def _stranger(self) -> ApiError:
        return ApiError(f"What answers at {self._http.base_url} is not PixCrawler.")


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code < 400:
        return answer
    try:
        problem = answer.json()
        detail, code = problem["detail"], problem["code"]
    except (ValueError, KeyError, TypeError):
        raise ApiError(f"The service answered {answer.status_code}.") from None
    fields = "".join(
        f" {'.'.join(map(str, f['loc'][1:]))}: {f['msg']}." for f in problem.get("errors", [])
    )
    raise ApiError(detail + fields, code=code, problem=problem)
