"""What the host would route is what the registry knows, of all modules of triggers."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import azure.durable_functions as df
import azure.functions as func
import pytest

import function_app
from functions import blueprints
from shared.platform.http.registry import endpoints


def routed(app: df.DFApp) -> set[tuple[str, str]]:
    """The methods and paths that the host gives to the app, its fallback apart."""
    triggers = [
        function.get_trigger()
        for function in app.get_functions()
        if function.get_function_name() != "zz_fallback"
    ]
    return {
        (method.name, trigger.route)
        for trigger in triggers
        if trigger is not None and trigger.type == "httpTrigger"
        for method in trigger.methods
    }


def test_routes_of_the_app_are_the_declared_endpoints() -> None:
    declared = {(endpoint.method, endpoint.path) for endpoint in endpoints.values()}
    assert routed(function_app.app) == declared


@pytest.mark.parametrize("methods", [["GET"], ["GET", "POST"]])
def test_a_route_that_is_not_declared_is_found(methods: list[str]) -> None:
    app = df.DFApp()
    aside: Callable[[func.HttpRequest], str] = lambda req: "nobody asked who calls"  # noqa: E731
    app.function_name("aside")(app.route(route="api/v1/aside", methods=methods)(aside))
    assert routed(app) == {(method, "api/v1/aside") for method in methods}


def has_blueprint(source: str) -> bool:
    return re.search(r"^bp\b.*= df\.Blueprint\(", source, re.MULTILINE) is not None


def test_every_blueprint_is_registered() -> None:
    files = (Path(__file__).parents[2] / "functions").glob("*.py")
    registered = {
        name
        for name, module in vars(blueprints).items()
        if isinstance(module, ModuleType) and module.bp in blueprints.BLUEPRINTS
    }
    assert {file.stem for file in files if has_blueprint(file.read_text())} == registered


@pytest.mark.parametrize("line", ["bp = df.Blueprint()", "bp: Any = df.Blueprint()"])
def test_a_blueprint_is_found(line: str) -> None:
    assert has_blueprint(f"import azure.durable_functions as df\n\n{line}\n")
