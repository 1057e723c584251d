"""Log lines of the app: loguru in front, the worker's stdlib logging behind.

The Functions worker stamps invocation ids on stdlib records, so every line ends there.
"""

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Logger, Message


def _to_stdlib(message: "Message") -> None:
    record = message.record
    fields = " ".join(f"{k}={v}" for k, v in record["extra"].items() if k != "name")
    text = f"{record['message']} {fields}".rstrip()
    stdlib = logging.getLogger(record["extra"].get("name", "pixcrawler"))
    exception = record["exception"]
    stdlib.log(
        record["level"].no,
        text,
        exc_info=(exception.type, exception.value, exception.traceback)  # type: ignore[arg-type]
        if exception
        else None,
    )


def configure_logging(level: str) -> None:
    """Sends every loguru line of at least ``level`` into the worker's logging."""
    logger.remove()
    logger.add(_to_stdlib, level=level, format="{message}")
    logging.getLogger("pixcrawler").setLevel(level)
    for chatty in ("httpx", "azure"):  # they log whole URLs, signatures included
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> "Logger":
    """The logger of a module; ``bind`` adds fields to a line."""
    return logger.bind(name=f"pixcrawler.{name}")


def log_context(**fields: str) -> AbstractContextManager[None]:
    """Adds fields to every line logged inside."""
    return logger.contextualize(**fields)
