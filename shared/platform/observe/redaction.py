"""Takes out of log lines what must not be in a log."""

import re

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\b(pk_live_)\w+"), r"\1[redacted]"),
    (re.compile(r"\b(sk_(?:live|test)_|whsec_|re_)\w{8,}"), r"\1[redacted]"),
    (re.compile(r"([?&;]sig=)[^&\s\"'\\]+", re.IGNORECASE), r"\1[redacted]"),
    (
        re.compile(r"\b((?:Account|SharedAccess)Key|SharedAccessSignature)=[^;\s\"'\\]+", re.I),
        r"\1=[redacted]",
    ),
    (re.compile(r"(://[^:/?#\s\"']*):[^@/\s\"']+@"), r"\1:[redacted]@"),
    (re.compile(r"\b(password=)[^\s\"'\\]+", re.IGNORECASE), r"\1[redacted]"),
)
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")


def redact(text: str, *, emails: bool) -> str:
    """``text`` without tokens, keys, signatures and passwords, and if asked without ``emails``."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return _EMAIL.sub("[e-mail]", text) if emails else text
