"""Who tries a deployment from outside."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from scripts.crawl.api import ApiError


@contextmanager
def user() -> Iterator[tuple[str, str]]:
    """E-mail and password of who is named in the environment, or of somebody made for the purpose.

    Raises:
        ApiError: the environment names nobody, and nothing to make somebody with.
    """
    email, password = os.environ.get("SMOKE_EMAIL"), os.environ.get("SMOKE_PASSWORD")
    if email and password:
        yield email, password
        return
    url = os.environ.get("SUPABASE_URL", "").strip()
    # A line break at its end would make a header that is refused, and shown by who refuses it.
    key = os.environ.get("SUPABASE_SERVICE_ROLE_KEY", "").strip()
    if not url or not key:
        raise ApiError(
            "set SMOKE_EMAIL and SMOKE_PASSWORD, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY"
        )
    email, password = f"smoke-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(24)
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{url.rstrip('/')}/auth/v1/admin", headers=headers) as admin:
        body = {"email": email, "password": password, "email_confirm": True}
        made = admin.post("/users", json=body).raise_for_status().json()
        try:
            yield email, password
        finally:
            _remove(admin, made["id"], email)


def _remove(admin: httpx.Client, user_id: str, email: str) -> None:
    """Tells of who could not be removed: that is no fault of what was tried."""
    path = f"/users/{user_id}"
    try:
        admin.delete(path).raise_for_status()
    except httpx.HTTPError as error:
        print(
            f"The user {email} could not be removed: {error or type(error).__name__}. Do it in "
            "Supabase (Authentication), or with its key in the environment: "
            'curl -X DELETE -H "apikey: $SUPABASE_SERVICE_ROLE_KEY" '
            f'-H "Authorization: Bearer $SUPABASE_SERVICE_ROLE_KEY" {admin.base_url}{path[1:]}',
            file=sys.stderr,
        )
