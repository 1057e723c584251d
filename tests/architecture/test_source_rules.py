"""Rules of the code base that a reader may rely on, checked on the source itself."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "functions", "orchestrations")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    return imported(ast.parse(path.read_text()))


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules, with those that are imported by name from packages that hold nothing else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            if node.module == "azure":
                yield from named
            elif top(node.module) == "orchestrations":
                yield from (name for name in named if file_of(name).is_file())


def file_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def top(module: str) -> str:
    return module.partition(".")[0]


def drivers(source: str) -> list[str]:
    """What it imports of the driver of the database."""
    return [m for m in imported(ast.parse(source)) if top(m) in ("psycopg", "psycopg_pool")]


def functions_sdk(source: str) -> list[str]:
    """What it imports of Microsoft's SDK for functions."""
    known = imported(ast.parse(source))
    return [m for m in known if m.startswith(("azure.functions", "azure.durable"))]


def loggers(source: str) -> list[str]:
    """What it imports to log with beside our own module."""
    return [m for m in imported(ast.parse(source)) if top(m) in ("logging", "loguru")]


def queries(source: str) -> list[str]:
    """The queries it runs that are neither literal, a constant of its own nor a LiteralString."""
    tree = ast.parse(source)
    constants = {
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
    } | {
        node.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) and ast.unparse(node.annotation or node) == "LiteralString"
    }
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))):
                continue  # the connection's own methods, which hand on what they are given
            case ast.Call(func=ast.Attribute(attr="execute" | "executemany" | "stream" | "copy")):
                found += [*node.args[:1], *(k.value for k in node.keywords if k.arg == "query")]
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="transaction"), attr="fetch" | "fetch_one")
            ):
                found += [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "query")]
    asked = [ast.unparse(query) for query in found if not isinstance(query, ast.Constant)]
    return [query for query in asked if query not in constants]


def messages(source: str) -> list[str]:
    """Where it sends a message to a queue."""
    return re.findall(r"queues\.send\(", source)


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_only_repositories_speak_sql(path: Path) -> None:
    is_repository = path.stem == "repo" or path.stem.endswith("_repo")
    assert (
        is_repository
        or name_of(path) == "shared/platform/data/db.py"
        or drivers(path.read_text()) == []
    )


@pytest.mark.parametrize("path", python_files("shared"), ids=name_of)
def test_shared_code_knows_azure_functions_in_one_place(path: Path) -> None:
    is_place = name_of(path) == "shared/platform/http/endpoint.py"
    assert is_place or functions_sdk(path.read_text()) == []


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_logging_goes_through_one_module(path: Path) -> None:
    is_module = name_of(path) == "shared/platform/observe/logging.py"
    assert is_module or loggers(path.read_text()) == []


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_sql_is_never_put_together(path: Path) -> None:
    assert queries(path.read_text()) == []


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_messages_are_sent_by_the_outbox_alone(path: Path) -> None:
    assert bool(messages(path.read_text())) is (name_of(path) == "shared/app/effects.py")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (drivers, "import psycopg"), (drivers, "from psycopg import sql"),
        (drivers, "def f():\n    from psycopg_pool import AsyncConnectionPool"),
        (functions_sdk, "import azure.functions as func"),
        (functions_sdk, "from azure import functions"),
        (functions_sdk, "from azure.durable_functions import Blueprint"),
        (loggers, "import logging.handlers"), (loggers, "from loguru import logger"),
        (queries, "connection.execute(f'SELECT {a}')"), (queries, "cursor.execute('SELECT ' + a)"),
        (queries, "Q = 'SELECT '\ndef f(q): cursor.executemany(q)"),
        (queries, "Q = f'SELECT {a}'\ncursor.execute(query=Q)"),
        (queries, "connection.execute('SELECT {}'.format(a))"),
        (queries, "def f(query: str): cursor.execute(query)"),
        (queries, "transaction.fetch(Row, f'SELECT {a}')"),
        (queries, "transaction.fetch_one(Row, query=select + where)"),
        (queries, "cursor.copy(statement)"), (queries, "cursor.stream('SELECT %s' % a)"),
        (messages, "await app.queues.send(message)"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_found(rule: Callable[[str], list[str]], line: str) -> None:
    assert rule(line)


def orchestrators() -> list[Path]:
    """The files that define orchestrations, and those of theirs that they import."""
    files = python_files("orchestrations", "shared")
    found = [path for path in files if "orchestration_trigger" in path.read_text()]
    for path in found:  # and what is found on the way
        known = {file_of(module) for module in imports(path)}
        found += sorted(known & set(files) - set(found))
    return found


class TestOrchestrators:
    FORBIDDEN = (
        "now", "utcnow", "today", "time", "monotonic", "perf_counter", "uuid4", "uuid1", "random",
        "environ", "getenv", "open",
    )  # fmt: skip
    ALLOWED_IMPORTS = (
        "collections.abc", "dataclasses", "datetime", "typing", "_typeshed",
        "azure.durable_functions", "orchestrations", "orchestrations.engine", "orchestrations.wire",
        "orchestrations.crawl", "orchestrations.crawl.names", "shared.crawl.steps",
        "orchestrations.exports", "orchestrations.exports.names",
        "orchestrations.uploads", "orchestrations.uploads.names",
    )  # fmt: skip

    @classmethod
    def breaches(cls, source: str) -> list[str]:
        """What in it depends on more than the history, or does I/O."""
        tree = ast.parse(source)
        found = [f"import {m}" for m in sorted(set(imported(tree)) - set(cls.ALLOWED_IMPORTS))]
        for node in ast.walk(tree):
            match node:
                case ast.Await() | ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith():
                    found.append("await")
                case ast.Attribute(attr=name) | ast.Name(id=name) if name in cls.FORBIDDEN:
                    found.append(name)
        return found

    def test_all_are_looked_at(self) -> None:
        found = {"flow.py", "names.py", "engine.py", "wire.py", "steps.py"}
        assert {path.name for path in orchestrators()} == found

    @pytest.mark.parametrize("path", orchestrators(), ids=name_of)
    def test_depend_on_nothing_but_the_history(self, path: Path) -> None:
        assert self.breaches(path.read_text()) == []

    @pytest.mark.parametrize(
        "line",
        [
            "from datetime import datetime; datetime.now()", "import time", "uuid.uuid4()",
            "from uuid import uuid4", "random.random()", "import os", "os.environ['A']",
            "async def a(): await b()", "import httpx", "from shared.app import services",
            "from orchestrations.crawl import activities", "from orchestrations import boundary",
            "from orchestrations.crawl.activities import bp", "import azure.storage.blob",
            "open('file')",
        ],
    )  # fmt: skip
    def test_what_is_forbidden_is_found(self, line: str) -> None:
        assert self.breaches(line)


class TestDurableContext:
    """Retries beside open tasks kill an instance on Azure: one module knows how to make them."""

    ENGINE = "orchestrations/engine.py"

    @staticmethod
    def policies(source: str) -> list[str]:
        """Where it uses a retry policy of the SDK."""
        return re.findall(r"\w+_with_retry|RetryOptions", source)

    @staticmethod
    def uses(source: str) -> list[str]:
        """Where it asks something of the durable context, or waits for a task itself."""
        found = []
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Attribute(value=ast.Name(id="context"), attr=name):
                    found.append(name)
                case ast.Assign(value=ast.Name(id="context")):
                    found.append("assigned")
                case ast.Yield():
                    found.append("yield")
        return found

    @pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
    def test_no_retry_policy_is_used(self, path: Path) -> None:
        assert self.policies(path.read_text()) == []

    @pytest.mark.parametrize("path", python_files("orchestrations"), ids=name_of)
    def test_one_module_uses_it(self, path: Path) -> None:
        assert bool(self.uses(path.read_text())) == (name_of(path) == self.ENGINE)

    @pytest.mark.parametrize(
        "line",
        [
            "yield context.call_activity_with_retry('a', policy, 1)", "df.RetryOptions(1, 2)",
            "call = context.call_sub_orchestrator_with_retry", "from azure.x import RetryOptions",
        ],
    )  # fmt: skip
    def test_a_policy_is_found(self, line: str) -> None:
        assert self.policies(line)

    @pytest.mark.parametrize(
        "line",
        [
            "context.call_activity('a', 1)", "started = context.current_utc_datetime",
            "yield task", "self._context = context", "context.continue_as_new(None)",
        ],
    )  # fmt: skip
    def test_a_use_is_found(self, line: str) -> None:
        assert self.uses(line)


class TestWorkerShim:
    """How functions are loaded and called is Microsoft's affair, not that of our worker process."""

    SHIM = python_files("scripts/devhost/host/worker")

    @staticmethod
    def meddling(source: str) -> list[str]:
        """What it imports of Microsoft's SDK for functions."""
        return [module for module in imported(ast.parse(source)) if top(module) == "azure"]

    def test_it_imports_nothing_of_the_sdk(self) -> None:
        assert [self.meddling(path.read_text()) for path in self.SHIM] == [[], []]

    @pytest.mark.parametrize("line", ["import azure.functions", "from azure.functions import meta"])
    def test_an_import_of_the_sdk_is_found(self, line: str) -> None:
        assert self.meddling(line)


def commands(script: str) -> list[str]:
    """What it runs."""
    return [line for line in script.splitlines() if line and not line.startswith("#")]


def test_continuous_integration_is_the_documented_command() -> None:
    assert commands((ROOT / ".ci/run").read_text()) == ["exec ./scripts/test.sh"]


@pytest.mark.parametrize("line", ["./scripts/test.sh || true", "export SKIP=1"])
def test_another_command_is_found(line: str) -> None:
    assert line in commands(f"#!/bin/sh\n{line}\nexec ./scripts/test.sh\n")
