"""How much the tests of many repetitions do: a little in every run, all of it when asked."""

import os

FULL = os.environ.get("PIXCRAWLER_TEST_SCALE") == "full"


def sized(small: int, full: int) -> int:
    """The number of repetitions: ``full`` with ``PIXCRAWLER_TEST_SCALE=full``."""
    return full if FULL else small
