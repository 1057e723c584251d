"""The builds that are kept, which of them were deployed, and who is deploying."""

import getpass
import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from scripts.azure import OperationError
from scripts.azure.az import Container
from scripts.azure.lease import Lease

HISTORY: Final = "deployed.json"
KEPT: Final = 10
COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
TAKEN: Final = (
    "Another one is at it: {holder}. Wait until it has ended. If it died, its hold ends within a "
    "minute by itself: then try again. If it hangs, end it where it runs, or take its hold away: "
    "az storage blob lease break {where} --lease-break-period 0"
)
LOST: Final = (
    "Somebody else took over: what this one did to the builds it could not write down. See what "
    "runs (/health has its version), and deploy or roll back again once nobody else does."
)
DAMAGED: Final = (
    "{name} is damaged, or of a later version of these programs: then use that. Else write it anew "
    'as {{"commits": ["OLDER", "THE ONE THAT SERVES"]}}, full ids of kept builds, and put it back: '
    "az storage blob upload {where} --name {name} --file {name} --overwrite"
)


@dataclass(frozen=True)
class History:
    """What was deployed and passed its smoke test, the newest last, and what is under way."""

    commits: tuple[str, ...] = ()
    untried: str | None = None  # what was being put into service when that ended without success
    holder: str = ""

    @classmethod
    def of(cls, text: str) -> "History":
        """As it was written.

        Raises:
            ValueError: it was not, or not by this version.
        """
        try:
            told = json.loads(text)
            read = cls(tuple(told["commits"]), told.get("untried"), str(told.get("holder", "")))
            if all(map(COMMIT.fullmatch, [*read.commits, read.untried or "0" * 40])):
                return read
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise ValueError(f"{HISTORY} is not what we write")

    @property
    def before(self) -> str:
        """The newest build that served before what runs now, as far as that is known.

        Raises:
            OperationError: there is none.
        """
        # After a deployment that was interrupted, or could not go back, something else runs than
        # the last one that served.
        earlier = self.without(self.untried or "".join(self.commits[-1:]))
        if not earlier:
            raise OperationError("No build was deployed before the current one.")
        return earlier[-1]

    def without(self, commit: str) -> tuple[str, ...]:
        """Those that served, save one."""
        return tuple(other for other in self.commits if other != commit)


class Builds:
    """The zips of the last builds by commit, and their history."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def history(self) -> History:
        """What is known of them.

        Raises:
            OperationError: it cannot be read.
        """
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / HISTORY
            try:
                self._container.download(HISTORY, path)
                return History.of(path.read_text())
            except OperationError as error:
                if "BlobNotFound" not in str(error):
                    raise
                return History()
            except ValueError:
                where = " ".join(self._container.where)
                raise OperationError(DAMAGED.format(name=HISTORY, where=where)) from None

    def available(self) -> set[str]:
        """The commits whose zips are kept."""
        names = self._container.names()
        return {name.removesuffix(".zip") for name in names if name.endswith(".zip")}

    def fetch(self, commit: str, path: Path) -> None:
        """Gets the zip of a commit."""
        self._container.download(f"{commit}.zip", path)

    def find(self, commit: str) -> str:
        """The full id of a kept commit that begins with ``commit``."""
        found = [name for name in self.available() if name.startswith(commit)]
        if not commit or len(found) != 1:
            kept = ", ".join(sorted(name[:12] for name in self.available())) or "none"
            raise OperationError(f"There is not one kept build {commit!r}. Kept: {kept}.")
        return found[0]

    @contextmanager
    def held(self, doing: str) -> Iterator["HeldBuilds"]:
        """The right to change them, which one program has at a time.

        Raises:
            OperationError: another one has it, and which.
        """
        with self._leased() as lease:
            since = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            held = HeldBuilds(self._container, lease)
            held.write(replace(held.history(), holder=f"{doing} by {_me()} since {since}"))
            yield held

    def _leased(self) -> Lease:
        try:
            return Lease.acquired(self._container, HISTORY)
        except OperationError as error:
            if "BlobNotFound" in str(error):
                self._begin()
                return self._leased()
            if "LeaseAlreadyPresent" not in str(error):
                raise
        where = " ".join([*self._container.where, "--blob-name", HISTORY])
        holder = self.history().holder or "it has not said who"
        raise OperationError(TAKEN.format(holder=holder, where=where))

    def _begin(self) -> None:
        """Nothing was deployed yet, unless another one has just begun too."""
        try:
            self._upload(History())
        except OperationError as error:
            if "BlobAlreadyExists" not in str(error):
                raise

    def _upload(self, history: History, *options: str) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / HISTORY
            path.write_text(json.dumps(asdict(history)))
            self._container.upload(path, HISTORY, *options)


class HeldBuilds(Builds):
    """The builds, while nobody else changes them."""

    def __init__(self, container: Container, lease: Lease) -> None:
        super().__init__(container)
        self._lease = lease

    def keep(self, path: Path, commit: str) -> None:
        """Stores the zip of a commit."""
        self._container.upload(path, f"{commit}.zip", "--overwrite")

    def try_out(self, commit: str) -> History:
        """Remembers what is being put into service; returns what was before."""
        history = self.history()
        self.write(replace(history, untried=commit))
        return history

    def record(self, commits: Sequence[str]) -> None:
        """Remembers what was deployed."""
        self.write(History(tuple(commits[-KEPT:])))

    def write(self, history: History) -> None:
        """Remembers it.

        Raises:
            OperationError: somebody else took over.
        """
        try:
            self._upload(history, "--overwrite", "--lease-id", self._lease.id)
        except OperationError as error:
            if "ErrorCode:Lease" not in str(error):
                raise
            raise OperationError(LOST) from None

    def prune(self) -> None:
        """Removes the zips of builds that failed, or are older than the last ten."""
        for commit in self.available() - set(self.history().commits):
            self._container.delete(f"{commit}.zip")


def _me() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"
