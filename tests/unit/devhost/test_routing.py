"""Routes as the real host matches them."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.http.urls import decode_path
from scripts.devhost.host.routing import RouteTable, compile_route


def http(name: str, route: str | None = None, *methods: str) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "route": route, "methods": list(methods)}
    return Function(name, (trigger,))


def match(route: str, path: str) -> dict[str, str] | None:
    found = RouteTable([http("f", route)], "").find("GET", decode_path(path))
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
        ("{name}.{ext?}", "/photo", {"name": "photo"}),
        ("{name}.{ext?}", "/photo.jpg", {"name": "photo", "ext": "jpg"}),
        ("{name}.{ext?}", "/photo.", None),
        ("{a}-{b}", "/x-y-z", {"a": "x-y", "b": "z"}),
        ("{a}-{b}", "/x--", {"a": "x", "b": "-"}),
        ("{a}-{b}", "/x-", None),
        ("{id?}/x", "/1/x", {"id": "1"}),
        ("{id?}/x", "/x", None),
        ("{a-b}", "/1", {"a-b": "1"}),
        ("straße", "/STRASSE", None),
        ("é", "/É", {}),
        ("items/{id}", "/items//7", None),
        ("items", "//items", None),
        ("{*rest}", "//a", None),
        ("{*rest}", "/a//b", {"rest": "a//b"}),
        ("items/{id:int:}", "/items/x", None),
    ],
)
def test_templates(route: str, path: str, values: dict[str, str] | None) -> None:
    assert match(route, path) == values


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("int", "-12", "12a"),
        ("int", "2147483647", "2147483648"),
        ("int", "%201%09", "1%C2%A0"),
        ("INT", "1", "١"),
        ("bool", "%20true", "1"),
        ("datetime", "2024-1-2", "2024-13-01"),
        ("datetime", "12:30", "25:00"),
        ("datetime", "2 Jan 2024", "5"),
        ("datetime", "2024-01-02T03:04:05.678%2B02:00", "2024-01-02X"),
        ("decimal", "1,234.5-", "--1"),
        ("double", "1,000e-3", "1e"),
        ("double", "NaN", "nanny"),
        ("guid", "(cd2c1638-1638-72d5-1638-deadbeef1638)", "(cd2c1638-1638-72d5-1638-deadbeef1638"),
        ("length(2)", "%F0%9F%98%80", "%C3%A9"),
        ("file", "a.txt", "a."),
        ("nonfile", "a", "a.txt"),
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
    assert match(f"{{v:{constraint}}}", f"/{good}") == {"v": unquote(good)}
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


INVALID = json.loads(
    (Path(__file__).parents[2] / "integration/devhost/recorded/routes.json").read_text()
)["invalid_routes"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["route"])
def test_templates_are_refused_as_the_real_host_refuses_them(case: dict[str, Any]) -> None:
    if case["host_ran"]:
        assert compile_route(http("zbad", case["route"]), "")
        return
    with pytest.raises(HostError) as refused:
        compile_route(http("zbad", case["route"]), "")
    sentences = str(refused.value).split("'. ", 1)
    assert all(sentence in " ".join(case["messages"]) for sentence in sentences)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("{a}/{A}", "'A' appears more than one time"),
        ("{*a?}", "A catch-all parameter cannot be marked optional."),
        ("{a=1?}", "An optional parameter cannot have default value."),
        ("x{*a}", "cannot contain a catch-all parameter."),
        ("{a}-{b?}", "Only a period (.) can precede an optional parameter."),
        ("{a?}.x", "optional parameter 'a' is followed by '.x'."),
        ("{}", "The route parameter name '' is invalid."),
        ("{a*}", "The route parameter name 'a*' is invalid."),
        ("a}b", "There is an incomplete parameter"),
        ("{a:regex(^x{2}$)}", "'{' and '}' must be escaped with '{{' and '}}'."),
        ("~x", "cannot start with a '~' character unless followed by a '/'."),
        ("{id:min(x)}", "create an instance of 'MinRouteConstraint'."),
        ("{id:int(5)}", "constraint type 'IntRouteConstraint' with the following number of"),
        ("{id:length(3,2)}", "create an instance of 'LengthRouteConstraint'."),
    ],
)
def test_unsound_templates_are_refused(route: str, words: str) -> None:
    with pytest.raises(HostError, match=re.escape(words)):
        compile_route(http("f", route), "")
