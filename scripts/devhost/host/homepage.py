"""The page that the host shows at / unless it is switched off."""

import os
from typing import Final

from scripts.devhost.host.http.request_and_response import Response

_HOME_PAGE: Final = b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Local Functions host</title></head>
<body><h1>Your Functions app is up and running</h1></body>
</html>
"""


def home_page() -> Response:
    """What / answers where no function takes it, whatever the method."""
    name = "AzureWebJobsDisableHomepage"
    if os.environ.get(name, "").lower() == "true":
        return Response(204)
    length = ("Content-Length", str(len(_HOME_PAGE)))
    return Response(200, _HOME_PAGE, [length, ("Content-Type", "text/html")])
