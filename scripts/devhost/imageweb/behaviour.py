"""How the image web answers for a picture, and what a right crawl makes of each answer."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Behaviour:
    """One way to answer: the outcome of the candidate, and one keyword in how many has it."""

    outcome: str
    per_keyword: int
    one_keyword_in: int = 1


# Good pictures: each is a picture of its own and ends as `stored`.
FLAKY: Final = "flaky"  # 429 with Retry-After, then the picture
SLOW: Final = "slow"  # the picture after a second
REDIRECT: Final = "redirect"  # to where the picture is
PLAIN: Final = "plain"
GOOD: Final = {FLAKY: 1, SLOW: 1, REDIRECT: 1}

EXACT_DUPLICATE: Final = "exact_duplicate"
NEAR_DUPLICATE: Final = "near_duplicate"
TRUNCATED: Final = "truncated"
OPTED_OUT: Final = "opted_out"

# What is offered beyond the good pictures. The ones that cost a crawler seconds are rare.
EXTRA: Final = {
    EXACT_DUPLICATE: Behaviour("exact_duplicate", 2),
    NEAR_DUPLICATE: Behaviour("near_duplicate", 2),
    TRUNCATED: Behaviour("truncated", 1),
    OPTED_OUT: Behaviour("opted_out", 1),
    "missing": Behaviour("http_404", 2),
    "page": Behaviour("wrong_type", 1),
    "disguised_page": Behaviour("wrong_type", 1),
    "garbage": Behaviour("undecodable", 1),
    "tiny": Behaviour("too_small", 1),
    "bomb": Behaviour("pixel_limit", 1),
    "private": Behaviour("blocked_address", 1),
    "oversized": Behaviour("too_large", 1, one_keyword_in=4),
    "hanging": Behaviour("timeout", 1, one_keyword_in=4),
    "broken_server": Behaviour("http_5xx", 1, one_keyword_in=4),
    "always_busy": Behaviour("rate_limited", 1, one_keyword_in=8),
}
# Extras that are drawn like good pictures, so that a crawler that is wrong stores one too many.
DRAWN_EXTRA: Final = (TRUNCATED, OPTED_OUT)
