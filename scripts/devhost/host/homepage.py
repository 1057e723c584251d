"""The page that the host shows at / unless it is switched off."""

import os
from typing import Final

HOME_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Local Functions host</title></head>
<body><h1>Your Functions app is up and running</h1></body>
</html>
"""


def is_home_page_enabled() -> bool:
    """Whether AzureWebJobsDisableHomepage leaves the page on."""
    name = "AzureWebJobsDisableHomepage"
    return os.environ.get(name, "").lower() not in ("true", "1")
