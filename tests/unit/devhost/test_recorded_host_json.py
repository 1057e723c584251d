"""Each changed value of host.json has the effect that it had on the real host."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.routing import RouteTable
from scripts.devhost.host.settings import HostSettings, load_settings

RECORDED = Path(__file__).parents[2] / "integration/devhost/recorded"
CASES: list[dict[str, Any]] = json.loads((RECORDED / "host_json.json").read_text())
# The real host fetches the extension bundle then, and could not; here the file must be there.
WITHOUT_FILE = "no host.json"


def changed(name: str) -> str | None:
    """The text of host.json in the case of that name."""
    host = json.loads((RECORDED / "app/host.json").read_text())
    path, equals, value = name.partition(" = ")
    if equals:
        *sections, key = path.split("/")
        place = host
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = json.loads(value)
        return json.dumps(host)
    return {
        "invalid JSON": '{"version": "2.0"',
        "empty object": "{}",
        "upper-case keys": json.dumps({name.upper(): value for name, value in host.items()}),
    }.get(name, json.dumps(host))


def answer_to_ok(settings: HostSettings) -> int:
    """What GET /ok answers on a host with these settings."""
    if settings.http.has_impossible_limit:
        return 500
    trigger = {"type": "httpTrigger", "name": "req", "route": "ok", "methods": ["GET"]}
    routes = RouteTable([Function("ok", (trigger,))], settings.http.route_prefix)
    return 200 if routes.find("GET", "/ok") else 404


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_value(tmp_path: Path, case: dict[str, Any]) -> None:
    if case["name"] == WITHOUT_FILE:
        with pytest.raises(HostError, match=r"has no host\.json"):
            load_settings(tmp_path)
        return
    (tmp_path / "host.json").write_text(changed(case["name"]) or "")
    if case["started"]:
        assert answer_to_ok(load_settings(tmp_path)) == case["answers"]
        return
    with pytest.raises(HostError) as refused:
        load_settings(tmp_path)
    words = str(refused.value).replace(str(tmp_path), "APP/var/90").rstrip(".")
    if case["name"] == "invalid JSON":
        words = words.partition(". ")[0]  # then the parser has its own words
    for sentence in words.removeprefix("host.json: ").split(". "):
        assert was_said(sentence.removeprefix("host.json, ").rpartition(": ")[2], case["messages"])


def was_said(sentence: str, messages: list[str]) -> bool:
    """Whether a message holds the sentence; the recording cuts long messages."""
    beginnings = tuple(sentence[:length] for length in range(2, len(sentence)))
    return any(
        sentence in message or (len(message) >= 400 and message.endswith(beginnings))
        for message in messages
    )
