"""Text of strangers in files that give some characters a meaning."""

import json
import re
from typing import Any, Final
from unicodedata import category
from urllib.parse import quote

# What a reader of YAML refuses, takes for the end of a line, or for a mark of byte order:
# https://yaml.org/spec/1.2.2/#51-character-set.
_NOT_IN_YAML: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]"
)


def yaml_value(value: Any) -> str:
    """A value on one line of YAML: as JSON, of which YAML takes nearly every character."""
    text = json.dumps(value, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def markdown(text: str) -> str:
    """Text that is no Markdown and no HTML, on one line."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in one_line(text))


def markdown_link(url: str) -> str:
    """An address in Markdown, which ends where the address ends."""
    return "<" + "".join(quote(c) if c in "<>|" or c.isspace() else c for c in url) + ">"


def one_line(text: str) -> str:
    """Text with blanks for line ends, tabs and other control characters."""
    return "".join(" " if category(c) in ("Cc", "Zl", "Zp") else c for c in text)
