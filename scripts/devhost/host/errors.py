"""What can go wrong in the host, by who has to act.

HostError            the user: shown as one sentence, exit code 1
IndexingError        the user: one function is left out, the others run
InvocationError      the app: a user function raised, or gave no answer because
  WorkerLost           its worker process died
  FunctionTimeout      it ran longer than functionTimeout
"""


class HostError(Exception):
    """A problem the user can mend; its text is one clear sentence."""


class IndexingError(Exception):
    """What the real host says of a function that it cannot offer; the others run."""


class InvocationError(Exception):
    """A user function raised; the text is `Type: message`, the trace is kept apart."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class WorkerLost(InvocationError):
    """The worker process died while it ran the function."""


class FunctionTimeout(InvocationError):
    """The function exceeded functionTimeout; its worker has been restarted."""
