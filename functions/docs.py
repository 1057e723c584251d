"""The API's documentation: the OpenAPI document and two pages that show it."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.platform import VERSION
from shared.platform.errors import NotFound
from shared.platform.http import api_docs

bp = df.Blueprint()

CACHED = {"Cache-Control": "public, max-age=3600"}


@endpoint(bp, "GET", "openapi.json", returns={200: None}, access="public", etag=True)
async def get_openapi(call: Call) -> Reply:
    """The OpenAPI 3.1 document of this API."""
    return Reply(content=api_docs.openapi_json(VERSION), headers={"Cache-Control": "no-cache"})


@endpoint(bp, "GET", "docs", returns={200: None}, access="public")
async def get_docs(call: Call) -> Reply:
    """The API in Swagger UI."""
    return _page(api_docs.SWAGGER, api_docs.CONTENT_SECURITY_POLICY)


@endpoint(bp, "GET", "redoc", returns={200: None}, access="public")
async def get_redoc(call: Call) -> Reply:
    """The API in ReDoc."""
    return _page(api_docs.REDOC, api_docs.CONTENT_SECURITY_POLICY)


@endpoint(
    bp,
    "GET",
    "docs/assets/{name}",
    returns={200: None},
    access="public",
    raises=(NotFound,),
)
async def get_docs_asset(call: Call, name: str) -> Reply:
    """A script or style of the two pages."""
    content, media_type = api_docs.find_asset(name)
    return Reply(content=content, media_type=media_type, headers=CACHED)


def _page(html: str, policy: str) -> Reply:
    headers = {"Content-Security-Policy": policy, **CACHED}
    return Reply(content=html.encode(), media_type="text/html", headers=headers)
