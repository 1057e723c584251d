"""Log lines of the app: loguru in front, the worker's stdlib logging behind.

The Functions worker stamps invocation ids on stdlib records, so every line ends there. In
production a line is one JSON object; in development it is for people. Both carry the ids bound by
``log_context``, and both are free of secrets: tracebacks included, which may quote SQL parameters.
"""

import json
import logging
import os
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from shared.platform.observe.redaction import redact

if TYPE_CHECKING:
    from loguru import Logger, Message, Record

    from shared.platform.settings import PlatformSettings

LOGGER = "pixcrawler"
CHATTY = ("httpx", "azure")  # they log whole URLs, signatures included


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How a line looks."""

    as_json: bool
    hide_emails: bool

    def __call__(self, record: "Record") -> str:
        """The line for ``record``."""
        fields = {name: str(v) for name, v in record["extra"].items() if name != "name"}
        trace = _traceback(record)
        if self.as_json:
            line: dict[str, Any] = {
                "time": record["time"].astimezone().isoformat(),
                "level": record["level"].name,
                "logger": _name(record),
                "message": record["message"],
                **fields,
            }
            text = json.dumps(line | ({"exception": trace} if trace else {}), ensure_ascii=False)
        else:
            text = " ".join([record["message"], *(f"{k}={v}" for k, v in fields.items())])
            text = f"{text}\n{trace}" if trace else text
        return redact(text, emails=self.hide_emails)


def configure_logging(settings: "PlatformSettings") -> None:
    """Sends every loguru line into the worker's logging, and into ``LOG_DIR`` if there is one."""
    wanted = settings.logging
    environment = wanted.environment or settings.environment
    deployed = environment in ("staging", "production")
    line = LineFormat(
        as_json=deployed if wanted.use_json is None else wanted.use_json, hide_emails=deployed
    )
    logger.remove()
    logger.add(_to_stdlib(line), level=settings.console_level, format="{message}")
    logging.getLogger(LOGGER).setLevel(settings.console_level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if wanted.log_dir:
        _add_file(Path(wanted.log_dir), wanted.file_level, line)


def get_logger(name: str) -> "Logger":
    """The logger of a module; ``bind`` adds fields to a line."""
    return logger.bind(name=f"{LOGGER}.{name}")


def log_context(**fields: str) -> AbstractContextManager[None]:
    """Adds fields to every line logged inside."""
    return logger.contextualize(**fields)


def _to_stdlib(line: LineFormat) -> "Callable[[Message], None]":
    def write(message: "Message") -> None:
        record = message.record
        logging.getLogger(_name(record)).log(record["level"].no, "%s", line(record))

    return write


def _add_file(directory: Path, level: str, line: LineFormat) -> None:
    log = get_logger(__name__)
    if "WEBSITE_INSTANCE_ID" in os.environ:
        log.warning("LOG_DIR ignored: in Azure the package is read-only")
        return

    def template(record: "Record") -> str:
        record["extra"]["line"] = line(record)
        return "{extra[line]}\n"

    file = directory / "pixcrawler.log"
    try:
        logger.add(file, level=level, format=template, rotation="10 MB", retention=5)
    except OSError as error:  # what may be served must not fail for want of a log file
        log.bind(error=error.strerror).warning("LOG_DIR ignored: it cannot be written to")


def _name(record: "Record") -> str:
    return str(record["extra"].get("name", LOGGER))


def _traceback(record: "Record") -> str:
    exception = record["exception"]
    if exception is None:
        return ""
    return "".join(traceback.format_exception(exception.type, exception.value, exception.traceback))
