"""What stands before GoTrue on Supabase: CORS, the API key check, and error rendering."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from psycopg import Error
from psycopg_pool import PoolTimeout

from scripts.devhost.stack.auth.errors import AuthError
from scripts.devhost.stack.auth.keys import Keys

OPEN_PATHS: Final = frozenset({"/auth/v1/.well-known/jwks.json"})


def cors() -> Middleware:
    """Every origin may call, as on Supabase."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "OPTIONS":
            response: web.StreamResponse = web.Response(status=204)
            asked = request.headers.get("Access-Control-Request-Headers", "*")
            response.headers["Access-Control-Allow-Headers"] = asked
            response.headers["Access-Control-Allow-Methods"] = "GET,POST,PUT,PATCH,DELETE,OPTIONS"
            response.headers["Access-Control-Max-Age"] = "3600"
        else:
            response = await handler(request)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = (
            "X-Total-Count, Link, X-Supabase-Api-Version"
        )
        return response

    return middleware


def api_key(keys: Keys) -> Middleware:
    """Refuse calls without one of the project's API keys."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in OPEN_PATHS:
            return await handler(request)
        key = request.headers.get("apikey") or request.query.get("apikey")
        if key is None:
            return web.json_response(
                {
                    "message": "No API key found in request",
                    "hint": "No `apikey` request header or url param was found.",
                },
                status=401,
            )
        if key not in (keys.anon, keys.service_role):
            return web.json_response(
                {
                    "message": "Invalid API key",
                    "hint": "Double check your Supabase `anon` or `service_role` API key.",
                },
                status=401,
            )
        return await handler(request)

    return middleware


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals and an unreachable database in GoTrue's words."""
    try:
        return await handler(request)
    except AuthError as refusal:
        return refusal.response(request)
    except web.HTTPNotFound:
        return web.json_response({"code": 404, "msg": "404 page not found"}, status=404)
    except PoolTimeout:
        return AuthError(504, "request_timeout", "The database does not answer").response(request)
    except Error:
        request.app.logger.exception("database error")
        failure = AuthError(500, "unexpected_failure", "Database error querying schema")
        return failure.response(request)
