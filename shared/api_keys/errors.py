"""What can go wrong with API keys."""

from shared.platform.errors import Conflict


class ApiKeyNotActive(Conflict):
    """The API key is revoked or expired"""

    code = "api_key_not_active"
