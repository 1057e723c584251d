"""Names of files and folders that no system and no loader takes amiss."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# In folder names Hugging Face's `datasets` takes these words, in small letters and set off by one
# of "-._ ", a digit or the name's ends, for the name of a split: the other folders are dropped.
_SPLIT_WORDS: Final = re.compile(
    r"(?:(?<=[-._ 0-9])|^)"
    r"(training|train|validation|valid|val|dev|testing|test|evaluation|eval)"
    r"(?=[-._ 0-9]|$)"
)
# Not in names on Windows, or with a meaning in shells and paths, besides what is no letter at all;
# and the percent sign, which a BagIt's manifest escapes and `bagit.py` does not read again.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*%`\x00-\x1f\x7f-\x9f]')
_RESERVED: Final = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")
MOST_BYTES: Final = 100  # a path of USTAR has 255


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder for each label: no two are one on any file system, each is inside its parent.

    The same labels have the same folders, whatever order they come in.
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(set(labels)):
        wanted = folder = _folder(label)
        number = 1
        while _folded(folder) in taken:
            number += 1
            folder = f"{wanted}_{number}"
        taken.add(_folded(folder))
        folders[label] = folder
    return folders


def _folder(label: str) -> str:
    """The label itself as far as it can be one."""
    text = unicodedata.normalize("NFC", label)
    text = "".join(c if unicodedata.category(c)[0] != "C" else "_" for c in text)
    text = _UNSAFE.sub("_", text).encode()[:MOST_BYTES].decode(errors="ignore")
    text = re.sub(r"^__+", "_", text.strip(" .")) or "_"  # `datasets` passes over two
    text = _SPLIT_WORDS.sub(lambda word: word[0].capitalize(), text)
    return f"_{text}" if _RESERVED.match(text) else text


def _folded(name: str) -> str:
    """What is the same name to a file system that knows no capitals."""
    return unicodedata.normalize("NFKC", name).casefold()
