"""Variables that look like a setting of the app and are none: most likely misspelt."""

import os
from collections.abc import Mapping
from functools import cache

from shared.app.settings.variables import variables

OURS = (
    "PIXCRAWLER_", "CACHE_", "LIMITER_", "DATABASE_", "STORAGE_", "CRAWL_", "SUPABASE_", "STRIPE_",
    "CELERY_",
)  # fmt: skip
# Groups may be given as one JSON object; the rest is read by the scripts or by the frontend.
OTHERS = frozenset((
    "PIXCRAWLER_UTILITY_LOGGING", "PIXCRAWLER_UTILITY_COMPRESSION",
    "PIXCRAWLER_UTILITY_COMPRESSION__ARCHIVE",
    "PIXCRAWLER_PORTS", "PIXCRAWLER_PYTHON", "PIXCRAWLER_STACK", "PIXCRAWLER_TEST_SCALE",
    "PIXCRAWLER_VENV",
    "NEXT_PUBLIC_SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_ANON_KEY", "NEXT_PUBLIC_API_URL",
    "NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY", "POSTGRES_URL", "NODE_ENV",
))  # fmt: skip
PLATFORM = ("AZUREWEBJOBS", "AZUREFUNCTIONSJOBHOST", "WEBSITE_", "FUNCTIONS_")
# Measured by difflib: REDIS_URI is 0.89 like REDIS_URL, API_URL 0.86 like APP_URL and no mistake.
NEAR, NEAR_OURS = 0.88, 0.75
SHORTEST = 6  # of few letters chance makes many names


def misspelt(environment: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """The variables with no meaning that seem to have one, each with the one probably meant."""
    found: dict[str, str | None] = {}
    for name in environment:
        upper = name.upper()
        if upper in OTHERS or upper in _known() or upper.startswith(PLATFORM):
            continue
        ours = upper.startswith(OURS)
        meant = _nearest(upper, NEAR_OURS if ours else NEAR)
        if ours or (meant and len(name) >= SHORTEST):
            found[name] = meant
    return found


def _nearest(name: str, cutoff: float) -> str | None:
    """The setting most like it; whoever misspells a name gets its first letter right."""
    from difflib import get_close_matches

    candidates = [known for known in _known() if known[0] == name[:1]]
    return next(iter(get_close_matches(name, candidates, 1, cutoff)), None)


@cache
def _known() -> dict[str, None]:
    """The names of all settings, in their order."""
    return dict.fromkeys(name.upper() for variable in variables() for name in variable.names)
