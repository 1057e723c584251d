"""Checks of something that runs, one after the other, each with a line on how it went."""

import argparse
import time
from collections.abc import Callable

import httpx

from scripts.crawl.api import ApiError

# The last three: an answer in JSON of another shape, a gateway's for example.
EXPECTED = (ApiError, httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError)


class CheckFailed(Exception):
    """A check found something else than it must."""


class Checks:
    """Runs one check after the other and says how each went."""

    def __init__(self) -> None:
        self.failed = 0

    def run(self, name: str, check: Callable[[], str | None]) -> bool:
        """Whether the check passed."""
        began = time.monotonic()
        try:
            remark = check() or ""
        except (CheckFailed, *EXPECTED) as error:
            self.failed += 1
            print(f"  FAIL  {name}: {error or type(error).__name__}", flush=True)
            return False
        seconds = time.monotonic() - began
        print(f"  ok    {name} ({seconds:.1f} s{', ' if remark else ''}{remark})", flush=True)
        return True


def web_address(text: str) -> str:
    """An URL of the command line, without a slash at its end.

    Raises:
        argparse.ArgumentTypeError: it is none. Nothing is found out there, so nothing is to blame.
    """
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL: https://HOST")
    return str(url).rstrip("/")


def equal(found: object, wanted: object) -> None:
    """Fails unless both are the same.

    Raises:
        CheckFailed: they are not.
    """
    if found != wanted:
        raise CheckFailed(f"{found!r} instead of {wanted!r}")
