"""The pages that show the API: Swagger UI and ReDoc, with all they load served from here."""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from shared.platform.errors import NotFound
from shared.platform.http.openapi import build_openapi
from shared.platform.http.registry import endpoints

ASSETS = {
    "swagger-ui.css": ("swagger-ui-dist/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("swagger-ui-dist/swagger-ui-bundle.js", "text/javascript"),
    "favicon.png": ("swagger-ui-dist/favicon-32x32.png", "image/png"),
    "redoc.js": ("redoc/bundles/redoc.standalone.js", "text/javascript"),
}
START_SWAGGER = b"""SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true,
});
"""
# No inline script, nothing from elsewhere; ReDoc searches in a worker it makes itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PixCrawler API</title>
<link rel="icon" href="/docs/assets/favicon.png">
{body}
</html>
"""
SWAGGER = PAGE.format(
    body="""<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<div id="ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>"""
)
REDOC = PAGE.format(
    body="""<style>body { margin: 0 }</style>
<redoc spec-url="/openapi.json"></redoc>
<script src="/docs/assets/redoc.js"></script>"""
)


@lru_cache(maxsize=1)
def openapi_json(version: str) -> bytes:
    """The OpenAPI document, made once per process."""
    return json.dumps(build_openapi(endpoints.values(), version=version)).encode()


def find_asset(name: str) -> tuple[bytes, str]:
    """Content and media type of a file that the pages load.

    Raises:
        NotFound: they load nothing of that name.
    """
    if name == "start.js":
        return START_SWAGGER, "text/javascript"
    if name not in ASSETS:
        raise NotFound("The documentation has no such file.")
    path, media_type = ASSETS[name]
    return (_package() / path).read_bytes(), media_type


@lru_cache(maxsize=1)
def _package() -> Path:
    """Where the two programs lie. Their package is for Django and must not be imported."""
    spec = find_spec("drf_spectacular_sidecar")
    if spec is None or spec.origin is None:
        raise NotFound("The documentation's pages are not installed.")
    return Path(spec.origin).parent / "static" / "drf_spectacular_sidecar"
