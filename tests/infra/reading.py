"""Bicep files as Python values, read by a public parser."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted([INFRA / "main.bicep", *INFRA.glob("modules/*.bicep")])
PARAMETERS = sorted(INFRA.glob("*.bicepparam"))


@cache
def parsed(path: Path) -> dict[str, Any]:
    return dict(BicepParser().parse(file_path=path))


def module(name: str) -> dict[str, Any]:
    return parsed(INFRA / "modules" / f"{name}.bicep")


def variable(file: dict[str, Any], name: str) -> Any:
    return file["variables"][name]["value"]


def resources(kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The symbol and the body of every resource we make, whatever loop or condition it is in."""
    for path in FILES:
        for symbol, resource in parsed(path).get("resources", {}).items():
            if not resource["existing"] and resource["type"].startswith(kind):
                body = resource["config"]
                while "config" in body:
                    body = body["config"]
                yield symbol, body


def parameters(path: Path) -> dict[str, Any]:
    """The values of a .bicepparam file; those that it does not set have main.bicep's defaults."""
    text = re.sub(r"^using .*$", "", path.read_text(), flags=re.MULTILINE)
    given = BicepParser().parse(text=re.sub(r"^param ", "var ", text, flags=re.MULTILINE))
    defaults = {
        name: parameter["default"]
        for name, parameter in parsed(INFRA / "main.bicep")["parameters"].items()
        if parameter.get("default") is not None
    }
    return defaults | {name: value["value"] for name, value in given["variables"].items()}


def without_comments(path: Path) -> str:
    return re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE)
