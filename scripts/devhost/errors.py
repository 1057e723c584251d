"""What goes wrong with the local stack, in words for the person at the keyboard."""

import errno


class StackError(Exception):
    """The stack cannot be brought up; the message is one sentence that says why."""


def sentence(error: Exception) -> str:
    """What to tell the person."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: could not write {error.filename or 'a file'}."
    if isinstance(error, OSError):
        return f"The local stack cannot start: {error}."
    return str(error)
