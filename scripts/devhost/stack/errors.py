"""What goes wrong with the local stack, in words for the person at the keyboard."""


class StackError(Exception):
    """The stack cannot be brought up; the message is one sentence that says why."""
