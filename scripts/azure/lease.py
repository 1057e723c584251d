"""The right to write a blob, for as long as the program that holds it lives."""

from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from scripts.azure import OperationError
from scripts.azure.az import Container

SECONDS: Final = 60  # Azure's most; so long after its death a holder holds it still
RENEWED_EVERY: Final = 15.0


class Lease:
    """A lease of a blob that was acquired: renewed until it is left, then released."""

    def __init__(
        self, container: Container, name: str, lease_id: str, every: float = RENEWED_EVERY
    ) -> None:
        self._container, self._name, self.id, self._every = container, name, lease_id, every
        self._over = Event()
        # Nobody waits for it: az may hang in it.
        self._renewing = Thread(target=self._renew, daemon=True)

    @classmethod
    def acquired(cls, container: Container, name: str) -> Self:
        """The lease of a blob that nobody else has leased.

        Raises:
            OperationError: somebody has (`LeaseAlreadyPresent`), or it is not there
                (`BlobNotFound`).
        """
        answer = container.lease("acquire", name, "--lease-duration", str(SECONDS))
        return cls(container, name, str(answer))

    def __enter__(self) -> Self:
        self._renewing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        # What cannot be released, or is interrupted in that, ends by itself.
        with suppress(OperationError, KeyboardInterrupt):
            self._over.set()
            self._lease("release")

    def _renew(self) -> None:
        while not self._over.wait(self._every):
            # Should it be lost, the next write fails, and says so.
            with suppress(OperationError):
                self._lease("renew")

    def _lease(self, verb: str) -> None:
        self._container.lease(verb, self._name, "--lease-id", self.id)
