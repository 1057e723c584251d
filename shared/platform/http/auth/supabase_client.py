"""Supabase's own client of its Auth service."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
    from supabase_auth import AsyncGoTrueClient


def auth_client(
    supabase_url: str, key: str, http: "httpx.AsyncClient | None" = None
) -> "AsyncGoTrueClient":
    """A client that shows ``key``. One that signs in keeps that session: make one per call.

    Without ``http`` it has connections of its own, and must be closed.
    """
    from supabase_auth import AsyncGoTrueClient

    return AsyncGoTrueClient(
        url=f"{supabase_url.rstrip('/')}/auth/v1",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        auto_refresh_token=False,
        persist_session=False,
        http_client=http,
    )
