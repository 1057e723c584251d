"""No global of a module is assigned after its import."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_source_rules import PRODUCT, name_of, python_files


class TestModuleGlobals:
    """What a process has one of belongs to the composition root, where a test can have another."""

    @staticmethod
    def assigned(source: str) -> list[str]:
        """The globals and attributes of modules that a function of it assigns."""
        tree = ast.parse(source)
        imported = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        functions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        ]
        found = []
        for node in (inner for function in functions for inner in ast.walk(function)):
            match node:
                case ast.Global(names=names):
                    found += names
                case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store()):
                    found += [f"{name}.{attribute}"] if name in imported else []
        return found

    @pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
    def test_none_is_assigned_after_import(self, path: Path) -> None:
        assert self.assigned(path.read_text()) == []

    @pytest.mark.parametrize(
        "line",
        [
            "global _client; _client = 1", "Image.MAX_IMAGE_PIXELS = 1", "image.LIMIT += 1",
            "settings.debug: bool = True",
        ],
    )  # fmt: skip
    def test_one_that_is_is_found(self, line: str) -> None:
        head = "from PIL import Image\nimport PIL.Image as image\nfrom shared import settings\n"
        assert self.assigned(f"{head}def f():\n    {line}\n")
        assert not self.assigned(f"{head}{line.removeprefix('global _client; ')}\n")


class TestNamesOfPackages:
    """What a package defines is replaced by a module of that name, once somebody imports it."""

    @staticmethod
    def replaced(source: str, modules: set[str]) -> set[str]:
        """What it defines under the name of one of the modules."""
        defined = set()
        for node in ast.parse(source).body:
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    defined.add(name)
                case ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                    defined.add(name)
        return defined & modules

    @pytest.mark.parametrize(
        "path", [p for p in python_files(*PRODUCT) if p.name == "__init__.py"], ids=name_of
    )
    def test_none_is_replaced(self, path: Path) -> None:
        modules = {other.stem for other in path.parent.iterdir()}
        assert self.replaced(path.read_text(), modules) == set()

    @pytest.mark.parametrize(
        "line", ["def run(): ...", "async def run(): ...", "class run: ...", "run = 1"]
    )
    def test_one_that_is_is_found(self, line: str) -> None:
        assert self.replaced(line, {"run", "other"}) == {"run"}
        assert self.replaced(line, {"other"}) == set()
