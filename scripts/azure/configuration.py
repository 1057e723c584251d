"""docs/configuration.md, out of the app's settings, .env.example and the Bicep.

    python -m scripts.azure.configuration [--check]

`.env.example` explains each variable, the settings say what is required and secret, the Bicep says
what Azure is given. Whoever changes a setting runs this; a test does with --check.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from typing import Final

from scripts.azure.processes import ROOT
from scripts.azure.program import ended
from shared.app.settings.variables import Variable, variables

PAGE: Final = ROOT / "docs" / "configuration.md"
SECTION: Final = re.compile(r"^# =+\n# (.+)\n# =+\n", re.MULTILINE)
ENTRY: Final = re.compile(r"((?:^#.*\n)+)^(\w+)=.*$", re.MULTILINE)
HEAD: Final = """\
# Configuration

All settings are environment variables: in Azure app settings, which
`infra/modules/functionapp.bicep` sets, with secrets as references to the Key Vault, where
`DATABASE_URL` is called `DATABASE-URL`. On your machine, in this order: a variable that is set;
`Values` of `local.settings.json` (start from `local.settings.example.json`, or let
`./scripts/stack.sh up --settings` write it for the local stack); and one file in the format of
`.env.example`: `.env` in development, `.env.test` in the environment test, `.env.production` in
production. That last one is read by the local host alone, not by `func start`. Where the two files
disagree, one line at the start says about what. An empty value means: not set.

What is missing or invalid is named, all of it, when the app starts; values are never shown.
`scripts/doctor.py` tells without starting.

In the column *in Azure*: `vault` is a secret in the vault, `Bicep` is set from a parameter, and
nothing means that the default holds. To change such a one in Azure, add it to `appSettings` in that
file; a test keeps you from adding what does not exist.

At the start the app also names, each in one line: a variable that changes nothing, and why; a
variable that looks like one of these and is none, with the one that is probably meant. It refuses
to start when the service role key is given as the anon key or the other way round, or when a
variable that the frontend builds into its pages (`NEXT_PUBLIC_…`) holds a secret.

There is one class of settings for all environments, not one for each: all have the same variables
and the same defaults, so that what was tried in one holds in the next. What an environment decides
beyond them is little, and stands where it is decided: production refuses `DEBUG=true`, `*` among
the origins, the storage emulator, hosts exempt from the guard and a limiter that counts in memory
(`unfit_for_production` where they are declared); staging and production log JSON without e-mail
addresses; in development and test a Redis that does not answer is done without, elsewhere the app
does not start (`is_lenient`).

`host.json` is explained in [host-json.md](host-json.md).

This page is written by `python -m scripts.azure.configuration`; change `.env.example` instead.
"""


@dataclass(frozen=True)
class Entry:
    """What .env.example says of a variable."""

    section: str
    name: str
    labels: dict[str, str]


def render() -> str:
    """The page as it must be."""
    known = {variable.name: variable for variable in variables()}
    lines, section = [HEAD], ""
    for entry in _entries((ROOT / ".env.example").read_text()):
        if entry.section != section:
            section = entry.section
            lines += [f"\n## {section}\n", "| variable | what | valid | default | in Azure |",
                      "| --- | --- | --- | --- | --- |"]  # fmt: skip
        lines.append(_row(entry, known[entry.name]))
    return "\n".join(lines) + "\n"


def _row(entry: Entry, variable: Variable) -> str:
    required = entry.labels["Required"]
    default = entry.labels["Default"]
    if required != "no":
        default = "**required**" if required == "yes" else f"**required** {required}"
    others = "".join(f", also `{name}`" for name in variable.names[1:])
    cells = [f"`{entry.name}`{others}", entry.labels["Purpose"], entry.labels["Valid"], default,
             _in_azure(variable)]  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _in_azure(variable: Variable) -> str:
    bicep = (ROOT / "infra" / "modules" / "functionapp.bicep").read_text()
    for name in variable.names:
        if re.search(rf"'{name}'", bicep):
            return "vault"
        if re.search(rf"^  {name}: ", bicep, re.MULTILINE) or f"{{ {name}: " in bicep:
            return "Bicep"
    return "vault, if wanted" if variable.secret else ""


def _entries(text: str) -> list[Entry]:
    pieces = SECTION.split(text)
    found = []
    for section, body in zip(pieces[1::2], pieces[2::2], strict=True):
        for comment, name in ENTRY.findall(body):
            found.append(Entry(section, name, _labels(comment)))
    return found


def _labels(comment: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    label = ""
    for line in comment.splitlines():
        if match := re.match(r"#   (\w+): (.*)", line):
            label = match[1]
            labels[label] = match[2]
        elif label and (more := re.match(r"#     (.*)", line)):
            labels[label] += " " + more[1]
    return labels


def main() -> int:
    """Writes the page, or says whether it is as it must be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.azure.configuration")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if parser.parse_args().check:
        current = PAGE.exists() and PAGE.read_text() == render()
        print("current" if current else "docs/configuration.md is not what the settings say")
        return 0 if current else 1
    PAGE.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(ended("configuration", main))
