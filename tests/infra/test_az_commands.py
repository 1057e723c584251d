"""Every az command that a document, a message or the workflow names is one that az takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.az.commands import COMMANDS, Unknown, command_of, parse

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# From "az" to the end of the line, of the substitution, or to the next command.
COMMAND = re.compile(r"(?:^|[\s(|])(az [a-z](?:'[^']*'|\"[^\"]*\"|[^'\"|;)#\n])*)")


def commands_to_run() -> Iterator[str]:
    """Those of the blocks and of the workflow: complete, with all that they need."""
    for page in PAGES:
        for block in re.findall(r"```sh.*\n((?:.|\n)*?)```", page.read_text()):
            yield from COMMAND.findall(block.replace("\\\n", " "))
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text()
    for line in re.findall(r"run: (az .+)", workflow):
        yield from COMMAND.findall(line)


def commands_in_prose() -> Iterator[str]:
    """Those between the lines, in pages and in messages of our scripts."""
    for page in PAGES:
        yield from re.findall(r"`(az [a-z][^`]+)`", page.read_text())
    for script in (ROOT / "scripts" / "azure").glob("*.py"):
        yield from re.findall(r"(?<=[ \"])az (?:[a-z-]+ )+--[^\"]+", script.read_text())


@pytest.mark.parametrize("command", sorted({*commands_to_run()}))
def test_what_is_to_be_run_is_understood(command: str) -> None:
    parse(shlex.split(command)[1:])


@pytest.mark.parametrize("command", sorted({*commands_in_prose()}))
def test_what_is_spoken_of_exists(command: str) -> None:
    words = command.split()[1:]
    given = {word for word in words if word.startswith("--")}
    known = set(re.findall(r"--[\w-]+", COMMANDS[command_of(words)])) | {"--output", "--query"}
    assert given <= known


def test_they_are_found() -> None:
    run = [command_of(shlex.split(command)[1:]) for command in commands_to_run()]
    assert {"group create", "keyvault secret set", "role definition create", "extension add"} <= {
        *run
    }
    assert run.count("role assignment create") == 3
    told = [command_of(command.split()[1:]) for command in commands_in_prose()]
    assert {"group create", "keyvault recover", "storage blob set-tier"} <= {*told}


@pytest.mark.parametrize(
    "command",
    [
        "az functionapp deploy --name app",
        "az group create --name group",
        "az group create --name group --location here --force",
        "az keyvault secret set --vault-name vault --name secret --value told",
    ],
)
def test_others_are_refused(command: str) -> None:
    with pytest.raises(Unknown):
        parse(shlex.split(command)[1:])
