"""What deploys and operates PixCrawler: the programs behind the scripts of that name.

A failure that a person can do something about is an `OperationError`; its message says what.
"""

__all__ = ["OperationError"]


class OperationError(Exception):
    """Something outside of this program is not as it must be; the message is for a person."""
