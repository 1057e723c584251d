"""Labels as names of folders: any file system takes them, and no reader takes one for a split."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import count

MOST_BYTES = 200  # file systems take 255 for a name
# A folder with such a word in it, set off like this, is a split to Hugging Face's datasets, which
# then leaves out all other folders without a word. It looks for them in lower case alone.
SPLIT_WORD = re.compile(
    r"(?<![^-._ 0-9])"
    r"(?:train|training|validation|valid|val|dev|test|testing|eval|evaluation)"
    r"(?![^-._ 0-9])"
)
DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE
)  # to Windows no name of files


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder for each label; no two are the same to a file system that ignores case."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    # What is a name already keeps it, whatever else becomes the same.
    for label in sorted(set(labels), key=lambda label: (folder_name(label) != label, label)):
        name = folder_name(label)
        choices = (name if number == 1 else f"{name}-{number}" for number in count(1))
        names[label] = next(choice for choice in choices if choice.casefold() not in taken)
        taken.add(names[label].casefold())
    return names


def folder_name(label: str) -> str:
    """The label as a folder: letters, marks, digits, blanks, ``-`` and ``_``; never hidden."""
    name = "".join(_safe(character) for character in unicodedata.normalize("NFC", label))
    name = re.sub(r"^__+", "_", name.strip())  # hidden from datasets, as a dot hides from people
    name = name.encode()[:MOST_BYTES].decode(errors="ignore").strip() or "_"
    name = SPLIT_WORD.sub(lambda word: word[0].capitalize(), name)
    return f"{name}_" if DEVICE.fullmatch(name) else name


def _safe(character: str) -> str:
    if unicodedata.category(character)[0] in "LMN" or character in " -_":
        return character
    return "_"
