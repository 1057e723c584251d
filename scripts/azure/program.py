"""How a program ends, whatever ends it: a line for a person and an exit code, no traceback."""

import errno
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from scripts.azure import OperationError

INTERRUPTED: Final = 130  # as shells count Ctrl-C


def ended(name: str, work: Callable[[], int]) -> int:
    """The exit code of the work; of 1, or 130 when it was interrupted, the last line says why."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # a cancelled workflow, a closed terminal
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        return work()
    except OperationError as error:
        said, code = str(error), 1
    except OSError as error:
        said, code = _of_the_machine(error), 1
    except KeyboardInterrupt as interrupt:
        said, code = f"interrupted. {interrupt}".strip(), INTERRUPTED
    print(f"{name}: {said}", file=sys.stderr)
    return code


@contextmanager
def leaving(state: str) -> Iterator[None]:
    """Has whoever interrupts meanwhile, or fills the disk, told how things stand; inmost first.

    Raises:
        KeyboardInterrupt: that one, with the state.
        OperationError: the machine fails.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(str(interrupt) or state) from None
    except OSError as error:
        raise OperationError(f"{_of_the_machine(error)} {state}") from None


def _of_the_machine(error: OSError) -> str:
    file = error.filename2 or error.filename  # of a copy, the one that is written
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: {file or f'that of {tempfile.gettempdir()}'}. Make room, or name "
            "another place for what is made on the way: TMPDIR."
        )
    place = f" ({file})" if file else ""
    return f"{error.strerror or error}{place}."
