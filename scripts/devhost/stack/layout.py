"""Where a stack keeps what."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The files of one stack; every stack of a test session has a directory of its own."""

    directory: Path

    @property
    def info(self) -> Path:
        """What other programs read: addresses, keys and demo users."""
        return self.directory / "stack.json"

    @property
    def request(self) -> Path:
        """What the supervisor was asked to run."""
        return self.directory / "stack" / "request.json"

    @property
    def state(self) -> Path:
        """What the supervisor says of itself and its parts."""
        return self.directory / "stack" / "state.json"

    @property
    def ports(self) -> Path:
        """The ports chosen at the first start."""
        return self.directory / "stack" / "ports.json"

    @property
    def secrets(self) -> Path:
        """Keys and passwords made at the first start."""
        return self.directory / "stack" / "secrets.json"

    @property
    def migrations(self) -> Path:
        """Which migrations the database was made by."""
        return self.directory / "stack" / "migrations.json"

    @property
    def local_settings(self) -> Path:
        """A copy of the local.settings.json that was written for this stack."""
        return self.directory / "stack" / "local_settings.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor while it lives."""
        return self.directory / "stack" / "supervisor.lock"

    def log(self, part: str) -> Path:
        """The log file of a part, or of the supervisor."""
        return self.directory / "log" / f"{part}.log"

    def data(self, part: str) -> Path:
        """The directory in which a part keeps what survives a restart."""
        return self.directory / part

    def make(self) -> None:
        """Make the directories."""
        for path in (self.state, self.log("supervisor")):
            path.parent.mkdir(parents=True, exist_ok=True)
