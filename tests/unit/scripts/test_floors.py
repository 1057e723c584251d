"""A group of files that the tests run too little of is named, with where most is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.floors import DATA, GROUPS, Group, Lines, judge, main

ROOT = Path(__file__).parents[3]
ENDPOINTS = (Group("endpoints", 90, ("functions/*.py",), but=("functions/odd.py",)),)
OTHERS = {"functions/odd.py": Lines(100, 100), "shared/a.py": Lines(100, 100)}


def test_enough_of_the_whole_group_is_enough() -> None:
    measured = {"functions/a.py": Lines(5, 5), "functions/b.py": Lines(45, 0)}
    assert list(judge(measured | OTHERS, ENDPOINTS)) == []


def test_less_is_told_with_the_files_where_most_is_missing() -> None:
    measured = {f"functions/{n}.py": Lines(20, n) for n in range(1, 8)}
    first, *files = judge(measured | OTHERS, ENDPOINTS)
    assert first == "endpoints: 80.0 % were run, 90 % must be."
    assert files[0] == "  functions/7.py: 65.0 %, 7 statements were not"
    assert [line.split(":")[0].strip() for line in files] == [
        f"functions/{n}.py" for n in (7, 6, 5, 4, 3)
    ]


def test_a_group_without_files_is_below_its_floor() -> None:
    assert list(judge(OTHERS, ENDPOINTS)) == ["endpoints: 0.0 % were run, 90 % must be."]


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("functions/jobs.py", {"endpoints"}),
        ("orchestrations/engine.py", {"services"}),
        ("shared/jobs/service.py", {"services", "shared"}),
        ("shared/jobs/reports.py", {"services", "shared"}),
        ("shared/jobs/report_repo.py", {"repositories", "shared"}),
        ("shared/platform/data/outbox/repo.py", {"repositories", "shared"}),
        ("shared/platform/data/db.py", {"shared"}),
        ("scripts/demo.py", set()),
    ],
)
def test_belongs_to(path: str, groups: set[str]) -> None:
    assert {group.name for group in GROUPS if group.of({path: Lines(1, 0)})} == groups


def test_the_readme_tells_the_floors() -> None:
    of = {"repositories": "SQL", "shared": "`shared/`"}
    floors = (f"{group.floor} % of the {of.get(group.name, group.name)}" for group in GROUPS)
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert ", ".join(floors).replace("the `", "`") in readme


class TestCommand:
    """On a project of four files, measured by coverage itself."""

    FILES = ("functions/a.py", "orchestrations/a.py", "shared/a/service.py", "shared/a/repo.py")

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        for name in self.FILES:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("import sys\n")
        (tmp_path / "pyproject.toml").write_text("")
        return tmp_path

    @staticmethod
    def run(project: Path, *names: str) -> None:
        for name in names:
            command = ("-m", "coverage", "run", "--parallel-mode", "--data-file", str(DATA), name)
            subprocess.run([sys.executable, *command], cwd=project, check=True)

    def test_passes_when_all_was_run(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(project, *self.FILES)
        assert main(project) == 0
        figures = (f"{group.name} 100.0 %" for group in GROUPS)
        assert capsys.readouterr() == (f"Coverage: {', '.join(figures)}\n", "")

    def test_fails_when_a_file_was_left_out(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(project, *self.FILES[1:])
        assert main(project) == 1
        assert capsys.readouterr().err.splitlines() == [
            "endpoints: 0.0 % were run, 90 % must be.",
            "  functions/a.py: 0.0 %, 1 statements were not",
        ]

    def test_fails_when_nothing_was_measured(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / DATA).parent.mkdir(parents=True)
        assert main(project) == 1
        assert "Nothing was measured" in capsys.readouterr().err
