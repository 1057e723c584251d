"""Routes as the real host matches them."""

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.routing import RouteTable, compile_route


def http(name: str, route: str | None = None, *methods: str) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "route": route, "methods": list(methods)}
    return Function(name, (trigger,))


def match(route: str, path: str) -> dict[str, str] | None:
    found = RouteTable([http("f", route)], "").find("GET", path)
    return None if found is None else found[1]


@pytest.mark.parametrize(
    ("route", "path", "values"),
    [
        ("items", "/items", {}),
        ("items", "/ITEMS/", {}),
        ("items", "/items/x", None),
        ("items", "/", None),
        ("items/{id}", "/items/7", {"id": "7"}),
        ("items/{id}", "/items/", None),
        ("items/{id}", "/items/a%20b", {"id": "a b"}),
        ("items/{id}", "/items/a%2Fb", {"id": "a%2Fb"}),
        ("items/{id?}", "/items", {}),
        ("items/{id?}", "/items/7", {"id": "7"}),
        ("items/{id=5}", "/items", {"id": "5"}),
        ("items/{id:int=5}", "/items", {"id": "5"}),
        ("items/{a?}/{b?}", "/items/1/2", {"a": "1", "b": "2"}),
        ("{*rest}", "/", {}),
        ("{*rest}", "/a/b/c", {"rest": "a/b/c"}),
        ("files/{*rest}", "/files", {}),
        ("{name}.{ext}", "/photo.jpg", {"name": "photo", "ext": "jpg"}),
        ("v{n:int}/x", "/v2/x", {"n": "2"}),
        ("a.c", "/abc", None),
    ],
)
def test_templates(route: str, path: str, values: dict[str, str] | None) -> None:
    assert match(route, path) == values


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("int", "-12", "12a"),
        ("int", "2147483647", "2147483648"),
        ("long", "9223372036854775807", "9223372036854775808"),
        ("bool", "True", "yes"),
        ("datetime", "2024-02-29", "2023-02-29"),
        ("decimal", "1.5", "1e5"),
        ("double", "1e5", "x"),
        ("float", "-.5", "."),
        ("guid", "cd2c1638-1638-72d5-1638-deadbeef1638", "cd2c1638"),
        ("alpha", "Abc", "abc1"),
        ("minlength(2)", "ab", "a"),
        ("maxlength(2)", "ab", "abc"),
        ("length(2)", "ab", "a"),
        ("length(2,3)", "abc", "abcd"),
        ("min(18)", "18", "17"),
        ("max(18)", "18", "19"),
        ("range(1,5)", "5", "6"),
        (r"regex(^\d{{2}}:x$)", "12:x", "1:x"),
        ("required", "x", None),
        ("int:min(1)", "1", "0"),
    ],
)
def test_constraints(constraint: str, good: str, bad: str | None) -> None:
    assert match(f"{{v:{constraint}}}", f"/{good}") == {"v": good}
    if bad is not None:
        assert match(f"{{v:{constraint}}}", f"/{bad}") is None


class TestOrder:
    def find(self, method: str, path: str, *functions: Function) -> str | None:
        ordered = sorted(functions, key=lambda function: function.name.upper())
        found = RouteTable(ordered, "api").find(method, path)
        return None if found is None else found[0].name

    def test_the_name_decides_not_how_special_a_route_is(self) -> None:
        functions = http("B", "items/new"), http("a", "items/{*rest}")
        assert self.find("GET", "/api/items/new", *functions) == "a"

    def test_other_method_and_failed_constraint_fall_through(self) -> None:
        functions = (
            http("a", "items/{id:int}", "GET"),
            http("b", "items/{id}", "POST"),
            http("c", "items/{name}"),
        )
        assert self.find("GET", "/api/items/1", *functions) == "a"
        assert self.find("POST", "/api/items/1", *functions) == "b"
        assert self.find("GET", "/api/items/x", *functions) == "c"

    def test_route_defaults_to_the_function_name_under_the_prefix(self) -> None:
        assert self.find("GET", "/api/ping", http("Ping")) == "Ping"
        assert self.find("GET", "/ping", http("Ping")) is None


@pytest.mark.parametrize(
    "route",
    ["{id", "a//b", "{id?}/x", "{*all}/x", "{a}/{A}", "{id:min(x)}", "{id:odd}", "{a-b}"],
)
def test_unsound_routes_are_refused(route: str) -> None:
    with pytest.raises(HostError, match="Function f: the route"):
        compile_route(http("f", route), "")
