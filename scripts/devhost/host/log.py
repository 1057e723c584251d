"""Log lines a person can read: time, level, [component], message."""

import logging
import sys
from typing import Final

_COLOURS: Final = {
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[31m",
}
FUNCTIONS: Final = "functions"  # what the app itself logs


class _LineFormatter(logging.Formatter):
    def __init__(self, colour: bool) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s [%(component)s] %(message)s")
        self.default_time_format = "%H:%M:%S"
        self.datefmt = "%H:%M:%S"
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        record.component = getattr(record, "component", record.name.removeprefix("devhost."))
        line = super().format(record)
        shade = _COLOURS.get(record.levelno, "") if self._colour else ""
        return f"{shade}{line}\x1b[0m" if shade else line


def setup_logging(*, verbose: bool) -> None:
    """Send every log record of the host to standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter(sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("devhost").setLevel(logging.DEBUG if verbose else logging.INFO)


def show_functions(level: int) -> None:
    """Show what the app logs from this level on."""
    get_log(FUNCTIONS).setLevel(level)


def get_log(component: str) -> logging.Logger:
    """The logger of one part of the host."""
    return logging.getLogger(f"devhost.{component}")
