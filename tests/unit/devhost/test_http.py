"""Requests and answers of kinds that the recordings do not hold, by the real host's rules."""

from typing import Any

import pytest

from scripts.devhost.host.function_rpc import rpc, text
from scripts.devhost.host.http.framing import encode
from scripts.devhost.host.http.parsing import Refusal, parse_head, parse_line
from scripts.devhost.host.http.request_and_response import Head, Response
from scripts.devhost.host.http.urls import decode_path, encode_path, parse_query
from scripts.devhost.host.http_binding import http_response


def head(line: str, *fields: str) -> Head:
    lines = "".join(f"{field}\r\n" for field in (*fields, ""))
    return parse_head(parse_line(line.encode("latin-1")), lines.encode("latin-1"))


def get(*fields: str) -> Head:
    return head("GET / HTTP/1.1", "Host: x", *fields)


@pytest.mark.parametrize(
    ("raw", "path", "url"),
    [
        ("/a%2f%2F..", "/a%2f%2F..", "/a%2f%2F.."),
        ("/a/%2e%2E/b", "/b", "/b"),
        ("/a//../b", "/a/b", "/a/b"),
        ("/.a/..b/...", "/.a/..b/...", "/.a/..b/..."),
        ("/a/%2e", "/a/", "/a/"),
        ("/%C3%28", "/%C3(", "/%C3("),
        ("/%E4%BD%20", "/%E4%BD ", "/%E4%BD%20"),
        ("/%ED%A0%80", "/%ED%A0%80", "/%ED%A0%80"),
        ("/%c3%a9", "/é", "/%C3%A9"),
        ("/%2541", "/%41", "/%41"),
        ("/%%41", "/%A", "/%25A"),
        ("/%2", "/%2", "/%252"),
        ("/a#b^[c]", "/a#b^[c]", "/a%23b%5E%5Bc%5D"),
    ],
)
def test_a_path_is_decoded_once_and_encoded_anew(raw: str, path: str, url: str) -> None:
    assert decode_path(raw) == path
    assert encode_path(path) == url


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("?", {}),
        ("?&&=", {}),
        ("?=1", {"": "1"}),
        ("?a=1&A=2&a=3", {"A": "1,2,3"}),
        ("?B=&b=4", {"b": "4"}),
        ("?a=%2B+%20", {"a": "+  "}),
        ("?a%3D=1?b=2", {"a=": "1?b=2"}),
        ("?a=%C3%A9%FF%u00e9", {"a": "é%FF%u00e9"}),
    ],
)
def test_query(query: str, values: dict[str, str]) -> None:
    assert parse_query(query) == values


@pytest.mark.parametrize(
    ("status", "line", "fields"),
    [
        (400, "GET /", []),
        (400, "GET  / HTTP/1.1", []),
        (400, "GET /a b HTTP/1.1", []),
        (400, "GET / HTTP/2", []),
        (400, "G@T / HTTP/1.1", []),
        (400, "GET a HTTP/1.1", ["Host: x"]),
        (400, "GET http://other/ HTTP/1.1", ["Host: x"]),
        (400, "GET / HTTP/1.1", ["Host: a", "Host: a"]),
        (400, "GET / HTTP/1.1", ["Host: a b"]),
        (400, "GET / HTTP/1.1", ["Host: a:"]),
        (400, "GET / HTTP/1.1", ["Host: x", "Name : v"]),
        (400, "GET / HTTP/1.1", ["Host: x", "NoColon"]),
        (400, "GET / HTTP/1.1", ["Host: x", "A: b\rc"]),
        (400, "GET / HTTP/1.1", ["Host: x", "A: b\0c"]),
        (400, "GET / HTTP/1.1", ["Host: x", "Content-Length: 3", "Content-Length: 3"]),
        (400, "GET / HTTP/1.1", ["Host: x", "Content-Length: -1"]),
        (400, "GET / HTTP/1.1", ["Host: x", "Content-Length: 9223372036854775808"]),
        (400, "GET / HTTP/1.1", ["Host: x", "Transfer-Encoding: chunked, gzip"]),
        (400, "PUT / HTTP/1.0", ["Host: x"]),
        (431, "GET / HTTP/1.1", ["Host: x", *(f"X-{number}: v" for number in range(100))]),
    ],
)
def test_refusals(status: int, line: str, fields: list[str]) -> None:
    with pytest.raises(Refusal) as refused:
        head(line, *fields)
    assert refused.value.status == status


class TestHead:
    def test_header_values_are_utf_8_trimmed_and_joined(self) -> None:
        seen = get("A: 1", "a: ", "A:\t2 \t", "B: \xc3\xa9", "C:").headers
        assert seen == {"host": "x", "a": "1,2", "b": "é", "c": ""}

    def test_a_hundred_headers_are_taken(self) -> None:
        assert len(get(*(f"X-{number}: v" for number in range(99))).headers) == 100

    def test_chunks_count_and_not_the_length(self) -> None:
        seen = get("Content-Length: 3", "Transfer-Encoding: gzip, Chunked")
        assert (seen.is_chunked, seen.length) == (True, None)
        assert seen.headers["x-content-length"] == "3"

    @pytest.mark.parametrize(
        ("line", "path", "query"),
        [
            ("GET http://x HTTP/1.1", "/", ""),
            ("GET HTTP://x/a%20b?c HTTP/1.1", "/a b", "?c"),
            ("OPTIONS * HTTP/1.1", "", ""),
            ("CONNECT x:80 HTTP/1.1", "", ""),
        ],
    )
    def test_other_forms_of_the_target(self, line: str, path: str, query: str) -> None:
        seen = head(line, "Host: x")
        assert (seen.path, seen.query) == (path, query)


class TestFraming:
    def framed(self, response: Response, request: Head | None = None) -> tuple[bytes, bool]:
        parts, goes_on = encode(request or get(), response)
        return b"".join(parts), goes_on

    def test_a_length_that_is_right_stays(self) -> None:
        sent, goes_on = self.framed(Response(200, b"abc", [("Content-Length", "3")]))
        assert b"chunked" not in sent
        assert sent.endswith(b"Content-Length: 3\r\n\r\nabc")
        assert goes_on

    def test_a_body_that_is_shorter_than_its_length_ends_the_connection(self) -> None:
        sent, goes_on = self.framed(Response(200, b"abc", [("Content-Length", "4")]))
        assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not goes_on

    def test_an_empty_answer_to_an_old_client_keeps_the_connection(self) -> None:
        old = head("GET / HTTP/1.0", "Host: x", "Connection: keep-alive")
        sent, goes_on = self.framed(Response(200), old)
        assert b"Content-Length: 0\r\nConnection: keep-alive\r\n" in sent
        assert goes_on


def body_and_type(value: Any) -> tuple[str, str | None]:
    response = http_response(value)
    return response.body.decode(), response.get("content-type")


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("", ""),
        ('"quoted"', "quoted"),
        ("null", ""),
        ("true", "True"),
        ("12", "12"),
        ("1.0", "1"),
        ("1e20", "1E+20"),
        ('{"a":{},"b":[]}', '{\n  "a": {},\n  "b": []\n}'),
        ('{"é":"é"}', '{\n  "é": "é"\n}'),
        ('{"body":{"a":1}}', '{"a":1}'),
        ('{"Body":null}', ""),
        ('{"a":"\\ud800"}', '{\n  "a": "\N{REPLACEMENT CHARACTER}"\n}'),
        ('{"body":"\\ud83d\\ude00 \\ude00"}', "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_returned_text_is_read_as_json(returned: str, body: str) -> None:
    assert body_and_type(text(returned)) == (body, "text/plain; charset=utf-8")


def test_a_returned_response_object() -> None:
    returned = (
        '{"STATUSCODE":"201","status":500,"headers":{"Content-Type":"a/b;charset=x"},"body":"é"}'
    )
    response = http_response(text(returned))
    assert (response.status, response.body) == (201, "é".encode())
    assert response.headers == [("Content-Type", "a/b; charset=utf-8")]


@pytest.mark.parametrize("value", ["a\nb", "\x7f"])
def test_an_unsound_header_value_fails_the_answer(value: str) -> None:
    headers = {"content-type": "text/plain", "x-bad": value}
    response = http_response(rpc.TypedData(http=rpc.RpcHttp(status_code="200", headers=headers)))
    assert (response.status, response.body) == (500, b"")
    assert response.headers == [("Content-Type", "text/plain")]


def test_a_cookie_without_a_sound_name_fails_the_answer() -> None:
    http = rpc.RpcHttp(status_code="200", cookies=[rpc.RpcHttpCookie(name="a b", value="c")])
    assert http_response(rpc.TypedData(http=http)).status == 500


@pytest.mark.parametrize(
    ("given", "status"),
    [("201", 201), (" +201 ", 201), ("2147483647", 2147483647), ("0", 0)]
    + [(no_int32, 200) for no_int32 in ("2147483648", "9" * 30, "2.5", "", "many")],
)
def test_a_status_that_is_no_int32_is_none(given: str, status: int) -> None:
    http = rpc.RpcHttp(status_code=given)
    assert http_response(rpc.TypedData(http=http)).status == status
    assert http_response(text(f'{{"body":1,"status":"{given}"}}')).status == status


@pytest.mark.parametrize(("length", "status"), [("0", 200), ("9" * 18, 200), ("9" * 23, 500)])
def test_a_length_that_is_no_int64_fails_the_answer(length: str, status: int) -> None:
    http = rpc.RpcHttp(status_code="200", headers={"content-length": length})
    assert http_response(rpc.TypedData(http=http)).status == status
