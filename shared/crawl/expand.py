"""Other ways to ask for a keyword, for when its own results do not suffice."""

from typing import Final

# Each asks for the same things in another setting; the order is the order of the searches, and
# always the same: a crawl that is repeated asks the same questions.
_PATTERNS: Final = (
    "{} photo",
    "{} close-up",
    "{} outdoors",
    "{} indoors",
    "{} in nature",
    "{} on white background",
    "a group of {}",
    "{} side view",
)


def expand(keyword: str) -> list[str]:
    """Variants of the keyword; it stays the label of whatever they find."""
    return [pattern.format(keyword) for pattern in _PATTERNS]
