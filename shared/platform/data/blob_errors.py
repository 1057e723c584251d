"""What storage answers when it does not do what it is asked, as errors of ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import aiohttp

from shared.platform.errors import Archived, Unavailable
from shared.platform.net.retry import Refused, retry_after, status_may_pass

BEING_RESTORED: Final = "BlobBeingRehydrated"
_ARCHIVED: Final = ("BlobArchived", BEING_RESTORED)


class Passing(Refused):
    """An answer after which another try is worth it."""

    may_pass = True


def check(status: int, headers: Mapping[str, str]) -> None:
    """Lets an answer pass that another try would not change.

    Raises:
        Passing: another try may.
        Archived: only storage's bringing the blob back will.
    """
    if status_may_pass(status):
        raise Passing(f"Blob storage answered {status}.", retry_after=retry_after(headers))
    if headers.get("x-ms-error-code") in _ARCHIVED:
        raise Archived


@contextmanager
def storage_errors() -> Iterator[None]:
    """Errors of the network and of the SDK as ours."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except Passing as answered:
        raise Unavailable(str(answered)) from None
    except (AzureError, aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable("Blob storage does not answer.") from error
