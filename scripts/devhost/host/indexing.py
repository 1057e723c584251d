"""Queue and timer bindings as the real host reads them, and why it leaves a function out."""

import os
import re
from collections.abc import Callable
from typing import Final

from scripts.devhost.host.errors import IndexingError
from scripts.devhost.host.functions import Binding, Function
from scripts.devhost.host.ncrontab import Schedule, parse_schedule

_HOST: Final = "Microsoft.Azure.WebJobs.Host"
_QUEUES: Final = "Microsoft.Azure.WebJobs.Extensions.Storage.Queues"
_TIMERS: Final = "Microsoft.Azure.WebJobs.Extensions"
_SETTING: Final = re.compile(r"%([^%]*)(%?)")


def find_indexing_error(
    function: Function, open_account: Callable[[Binding], object]
) -> str | None:
    """Why the function is left out; None if nothing is wrong with its queue or schedule."""
    try:
        if function.kind == "queueTrigger":
            queue_name(function.trigger)
            if not function.is_disabled:
                open_account(function.trigger)
        elif function.kind == "timerTrigger":
            read_schedule(function.trigger)
    except IndexingError as error:
        return f"{_HOST}: Error indexing method 'Functions.{function.name}'. {error}"
    return None


def queue_name(binding: Binding) -> str:
    """The queue that a binding means: settings expanded, lower case."""
    name = expand_settings(str(binding.get("queueName", ""))).lower()
    problem = _queue_name_problem(name)
    if problem:
        raise IndexingError(f"{_QUEUES}: {problem} (Parameter 'name').")
    return name


def read_schedule(binding: Binding) -> Schedule:
    """The schedule of a timer trigger, settings expanded."""
    text = expand_settings(str(binding.get("schedule", "")))
    try:
        return parse_schedule(text)
    except OverflowError as error:
        raise IndexingError(f"System.Private.CoreLib: {error}") from None
    except ValueError:
        raise IndexingError(
            f"{_TIMERS}: The schedule expression '{text}' was not recognized as a valid cron "
            "expression or timespan string."
        ) from None


def connection_string(binding: Binding) -> str:
    """The connection string that a queue binding's `connection` names."""
    setting = expand_settings(str(binding.get("connection") or "Storage"))
    value = _setting(f"AzureWebJobs{setting}") or _setting(setting)
    if not value:
        raise IndexingError(
            f"{_QUEUES}: Storage account connection string 'AzureWebJobs{setting}' does not "
            "exist. Make sure that it is a defined App Setting."
        )
    return value


def expand_settings(text: str) -> str:
    """The text with every %NAME% replaced by that application setting."""

    def value(match: re.Match[str]) -> str:
        if not match[2]:
            raise IndexingError(
                f"{_HOST}: The '%' at position {match.start()} does not have a closing '%'."
            )
        found = _setting(match[1])
        if found is None:
            raise IndexingError(f"{_HOST}: '%{match[1]}%' does not resolve to a value.")
        return found

    return _SETTING.sub(value, text)


def _setting(name: str) -> str | None:
    """The application setting, whose name may be spelt in another case."""
    if name in os.environ:
        return os.environ[name]
    return next((value for key, value in os.environ.items() if key.lower() == name.lower()), None)


def _queue_name_problem(name: str) -> str | None:
    if not name:
        return "A queue name can't be null or empty"
    if not 3 <= len(name) <= 63:
        return f'A queue name must be from 3 to 63 characters long - "{name}"'
    if "-" in (name[0], name[-1]):
        return f'The dash (-) character may not be the first or last letter - "{name}"'
    for position, letter in enumerate(name):
        if not letter.isalnum() and letter != "-":
            return (
                f'A queue name can contain only letters, numbers, and dash(-) characters - "{name}"'
            )
        if letter == "-" and name[position - 1] == "-":
            return "A queue name cannot contain consecutive dash(-) characters."
    return None
