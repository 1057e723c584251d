"""Holds how much of the code the tests have run against a floor for each kind of code.

``python -m scripts.floors`` reads what a whole run of ``./scripts/test.sh`` has left in
``.local/coverage``.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from coverage import Coverage
from coverage.exceptions import NoDataError

DATA: Final = Path(".local/coverage/data")
_APP: Final = ("functions", "orchestrations", "shared")
_SHOWN: Final = 5  # files of a group that is below its floor


@dataclass(frozen=True)
class Lines:
    """How many statements there are, and how many of them no test has run."""

    all: int
    missing: int

    @property
    def percent(self) -> float:
        """The share that was run; of nothing, none."""
        return 100 * (self.all - self.missing) / self.all if self.all else 0.0


@dataclass(frozen=True)
class Group:
    """Files that share a floor, in per cent: what is like ``files`` and like none of ``but``."""

    name: str
    floor: int
    files: tuple[str, ...]
    but: tuple[str, ...] = ()

    def of(self, measured: Mapping[str, Lines]) -> dict[str, Lines]:
        """Its files; a ``*`` stands for folders too."""
        return {
            path: lines
            for path, lines in measured.items()
            if any(fnmatchcase(path, like) for like in self.files)
            and not any(fnmatchcase(path, like) for like in self.but)
        }


_SQL: Final = "shared/*repo.py"
GROUPS: Final = (
    Group("endpoints", 90, ("functions/*.py",)),
    Group(
        "services", 85, ("shared/*/*.py", "orchestrations/*.py"), but=("shared/platform/*", _SQL)
    ),
    Group("repositories", 80, (_SQL,)),
    Group("shared", 85, ("shared/*.py",)),
)


def judge(measured: Mapping[str, Lines], groups: tuple[Group, ...] = GROUPS) -> Iterator[str]:
    """What is below its floor: the group, its figure, and where most is missing."""
    for group in groups:
        files = group.of(measured)
        percent = _sum(files).percent
        if percent < group.floor:
            worst = sorted(files, key=lambda path: files[path].missing, reverse=True)[:_SHOWN]
            yield f"{group.name}: {percent:.1f} % were run, {group.floor} % must be."
            for path in worst:
                lines = files[path]
                yield f"  {path}: {lines.percent:.1f} %, {lines.missing} statements were not"


def _sum(files: Mapping[str, Lines]) -> Lines:
    lines = files.values()
    return Lines(sum(part.all for part in lines), sum(part.missing for part in lines))


def measure(root: Path) -> dict[str, Lines]:
    """Every file of the app in the project at ``root``, whether a test has looked into it or not.

    Raises:
        NoDataError: nothing was measured.
    """
    coverage = Coverage(str(root / DATA), config_file=str(root / "pyproject.toml"))
    if (root / DATA).exists():  # they were combined before
        coverage.load()
    else:
        coverage.combine(strict=True)
    measured = {}
    for folder in _APP:
        for path in (root / folder).rglob("*.py"):
            _, statements, _, missing, _ = coverage.analysis2(str(path))
            lines = Lines(len(statements), len(missing))
            measured[path.relative_to(root).as_posix()] = lines
    return measured


def main(root: Path) -> int:
    """Says each group's figure; 1 if one is below its floor."""
    try:
        measured = measure(root)
    except NoDataError:
        print("Nothing was measured: run ./scripts/test.sh without arguments.", file=sys.stderr)
        return 1
    figures = (f"{group.name} {_sum(group.of(measured)).percent:.1f} %" for group in GROUPS)
    print("Coverage:", ", ".join(figures))
    wrong = list(judge(measured))
    for line in wrong:
        print(line, file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1]))
