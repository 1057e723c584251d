"""What the images of a job are called: its categories, and the keywords that are in none."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from shared.platform.model import VisibleText

CONTROLS = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators


def fold(text: str) -> str:
    """The same for texts that differ only in case, Unicode form or blanks around them."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def _in_one_line(text: str) -> str:
    if any(unicodedata.category(character) in CONTROLS for character in text):
        raise ValueError("must have no control characters")
    return text


Label = Annotated[VisibleText, StringConstraints(max_length=100), AfterValidator(_in_one_line)]


def labels_of(keywords: Sequence[str], categories: Mapping[str, Sequence[str]]) -> list[str]:
    """All labels of a job: those of its categories, then the keywords that are in none."""
    named = {keyword for members in categories.values() for keyword in members}
    return [*categories, *(keyword for keyword in keywords if keyword not in named)]


def find_problem(keywords: Sequence[str], categories: Mapping[str, Sequence[str]]) -> str | None:
    """Why a job with these keywords cannot have these categories; None when it can."""
    named = Counter(keyword for members in categories.values() for keyword in members)
    if unknown := named.keys() - set(keywords):
        return f"no keyword of the job: {_listed(unknown)}"
    if shared := [keyword for keyword, times in named.items() if times > 1]:
        return f"in more than one category: {_listed(shared)}"
    labels = labels_of(keywords, categories)
    spellings = Counter(map(fold, labels))
    if alike := [label for label in labels if spellings[fold(label)] > 1]:
        return f"labels that differ only in case or Unicode form: {_listed(alike)}"
    return None


def other_spelling(label: str, labels: Sequence[str]) -> str | None:
    """That of the labels which differs from ``label`` only in case or Unicode form."""
    alike = (own for own in labels if fold(own) == fold(label))
    return next(alike, None) if label not in labels else None


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names))
