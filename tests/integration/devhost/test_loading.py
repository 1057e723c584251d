"""What Azure's worker takes and refuses: the app as it is, and apps with one defect each."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.host.checks import find_problems
from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.workers import WorkerPool
from tests.integration.devhost.defects import apps
from tests.scale import sized

ROOT = Path(__file__).parents[3]
APP = ("function_app.py", "functions", "orchestrations", "shared")
ACTIVITIES = "orchestrations/crawl/activities.py"
DECLARED = """
import json, function_app
print(json.dumps({
    function.get_function_name(): [json.loads(text) for text in function.get_raw_bindings()]
    for function in function_app.app.get_functions()
}))
"""


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app asks for its settings only in a host, which a test in this process may have been."""
    monkeypatch.delenv("FUNCTIONS_WORKER_RUNTIME", raising=False)


async def load(app: Path) -> list[Function]:
    """What the local host loads of the app; HostError if it refuses it."""
    pool = WorkerPool(app, 1, None)
    try:
        functions = await pool.start()
    finally:
        await pool.stop()
    if problems := find_problems(functions, "api"):
        raise HostError("\n".join(problems))
    return functions


def copy_of_the_app(to: Path) -> Path:
    for name in APP:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, to / name)
    return to


async def test_every_declared_function_is_loaded_with_its_bindings() -> None:
    command = [sys.executable, "-c", DECLARED]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    declared: dict[str, list[dict[str, Any]]] = json.loads(output)
    loaded = {function.name: list(function.bindings) for function in await load(ROOT)}
    assert loaded == declared
    assert len(loaded) > 80
    assert {binding["type"] for bindings in loaded.values() for binding in bindings} == {
        "httpTrigger", "http", "queueTrigger", "timerTrigger", "durableClient",
        "orchestrationTrigger", "activityTrigger",
    }  # fmt: skip


async def test_an_activity_that_azure_refuses_is_refused_here(tmp_path: Path) -> None:
    app = copy_of_the_app(tmp_path)
    source = (app / ACTIVITIES).read_text()
    assert source.count("(order: JobOrder) -> bool") == 1
    (app / ACTIVITIES).write_text(
        source.replace("(order: JobOrder) -> bool", "(order: dict[str, int]) -> bool")
    )
    with pytest.raises(HostError) as refused:
        await load(app)
    words = "cannot load the crawl_begin function: binding order has invalid non-type annotation"
    assert f"FunctionLoadError: {words} dict[str, int]" in str(refused.value)
    assert f"{app / ACTIVITIES}, line " in str(refused.value)


async def test_the_host_judges_as_the_library_alone(tmp_path: Path) -> None:
    directories = {}
    for number, (name, source) in enumerate(apps().items()):
        directories[name] = tmp_path / str(number)
        directories[name].mkdir()
        (directories[name] / "function_app.py").write_text(source)
    alone = judge_alone(directories)
    refused = {name: words for name, (words, _) in alone.items() if words}
    taken = {name: functions for name, (words, functions) in alone.items() if not words}
    chosen = [*spread(list(refused), sized(64, 1000)), *spread(list(taken), sized(12, 1000))]
    assert len(refused) > 80
    assert len(taken) > 60
    here = await judge_here({name: directories[name] for name in chosen})
    for name in chosen:
        if name in refused:
            assert same_words(refused[name]) in same_words(str(here[name])), name
        else:
            assert here[name] == (taken[name] or "The app has no functions"), name


def judge_alone(directories: dict[str, Path]) -> dict[str, tuple[str | None, list[str]]]:
    """By name: the words of the library's refusal, or the functions it found."""
    command = [sys.executable, str(Path(__file__).with_name("library_alone.py"))]
    listed = "\n".join(map(str, directories.values()))
    output = subprocess.check_output(command, input=listed, text=True)
    verdicts = zip(directories, map(json.loads, output.splitlines()), strict=True)
    return {name: (verdict["refused"], verdict["functions"]) for name, verdict in verdicts}


async def judge_here(directories: dict[str, Path]) -> dict[str, str | list[str]]:
    """By name: the words of the local host's refusal, or the functions it loaded."""
    slots = asyncio.Semaphore(2)

    async def judge(directory: Path) -> str | list[str]:
        async with slots:
            try:
                return [function.name for function in await load(directory)]
            except HostError as error:
                return str(error).partition(":")[0 if "has no" in str(error) else 2]

    verdicts = await asyncio.gather(*map(judge, directories.values()))
    return dict(zip(directories, verdicts, strict=True))


def same_words(text: str) -> str:
    """Without the search path of each process, which stands in the words on a failed import."""
    return re.sub(r"Current sys.path.*", "", text).rstrip(".")


def spread(names: list[str], most: int) -> list[str]:
    """So many of the names, from the whole list."""
    return names[:: max(1, len(names) // most)][:most]
