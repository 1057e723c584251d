"""Queue messages and outputs in FunctionRpc, where the recordings of the real host end."""

import datetime as dt
from typing import Any

import pytest

from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.function_rpc import json_text, rpc, text
from scripts.devhost.host.queue_binding import message_body, message_metadata, output_bodies

INSERTED = dt.datetime(2026, 11, 29, 12, 16, 38, tzinfo=dt.UTC)
OWN = {"Id": "own", "DequeueCount": 1, "PopReceipt": "receipt", "InsertionTime": INSERTED}


def metadata(body: str) -> dict[str, Any]:
    """The metadata of a message as plain values."""
    found = message_metadata(OWN, text(body))
    return {name: getattr(value, value.WhichOneof("data")) for name, value in found.items()}


def test_metadata_of_a_message_that_is_no_json() -> None:
    assert metadata("body") == {
        "Id": "own",
        "DequeueCount": "1",
        "PopReceipt": "receipt",
        "InsertionTime": '"2026-11-29T12:16:38+00:00"',
        "QueueTrigger": "body",
    }


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ('{"iD":"x"}', "Id", "x"),
        ('{"ID":"x","id":"y"}', "Id", "y"),
        ('{"id":"x","Id":null,"ID":[1]}', "Id", "x"),
        ('{"id":""}', "Id", ""),
        ('{"id":true}', "Id", "True"),
        ('{"id":1.0}', "Id", "1"),
        ('{"id":-2.5e3}', "Id", "-2500"),
        ('{"id":-Infinity}', "Id", "-Infinity"),
        ('{"id":12345678901234567890}', "Id", "12345678901234567890"),
        ('{"id":{"a": {"b": ["é", null]}}}', "Id", '{"a":{"b":["é",null]}}'),
        ('{"popreceipt":5}', "PopReceipt", "5"),
        ('{"queuetrigger":"q"}', "QueueTrigger", "q"),
        (' \n{"dequeuecount":" 7 "}\n', "DequeueCount", " 7 "),
        ('{"insertionTime":"2001-01-01"}', "InsertionTime", "2001-01-01"),
        # What looks like a moment becomes one, and is written as .NET writes it.
        ('{"insertionTime":"2001-02-03T04:05:06Z"}', "InsertionTime", "02/03/2001 04:05:06"),
        ('{"insertionTime":"2001-02-03T04:05:06.789"}', "InsertionTime", "02/03/2001 04:05:06"),
        ('{"id":"2001-02-30T04:05:06Z"}', "Id", "2001-02-30T04:05:06Z"),
        ('{"other":"x"}', "other", "x"),
        (r'{"id":"a\ud800"}', "Id", "a\N{REPLACEMENT CHARACTER}"),
        (r'{"id":{"a":"\udfff"}}', "Id", '{"a":"\N{REPLACEMENT CHARACTER}"}'),
    ],
)
def test_properties_of_a_json_object_come_in_place_of_its_own(
    body: str, name: str, value: str
) -> None:
    found = metadata(body)
    assert found[name] == value
    assert len(found) == (6 if name == "other" else 5)


def test_moment_with_an_offset_is_told_in_local_time() -> None:
    moment = dt.datetime.fromisoformat("2001-02-03T04:05:06+02:00").astimezone()
    found = metadata('{"id":"2001-02-03T04:05:06+02:00"}')["Id"]
    assert found == moment.strftime("%m/%d/%Y %H:%M:%S")


@pytest.mark.parametrize(
    "body", ['{"id":"x"', '{"id":"x"} {}', '[{"id":"x"}]', '"id"', '\ufeff{"id":"x"}', "{id}", ""]
)
def test_what_is_no_json_object_overrides_nothing(body: str) -> None:
    assert metadata(body)["Id"] == "own"


def test_binary_trigger_gets_bytes_and_no_properties() -> None:
    value = message_body({"dataType": "BINARY"}, b'{"id":"\xff"}')
    assert value == rpc.TypedData(bytes=b'{"id":"\xff"}')
    assert set(message_metadata(OWN, value)) == set(OWN)


def test_text_trigger_takes_utf_8_only() -> None:
    assert message_body({}, "h\u00e9".encode()) == text("h\u00e9")
    with pytest.raises(InvocationError, match="not UTF-8"):
        message_body({"dataType": "STRING"}, b"\xff")


@pytest.mark.parametrize(
    ("value", "bodies"),
    [
        (rpc.TypedData(), []),
        (json_text("null"), []),
        (rpc.TypedData(bytes=b"\xff[1]"), [b"\xff[1]"]),
        (text(""), [b""]),
        (text("null"), [b"null"]),
        (text("2001-02-03T04:05:06Z"), [b"2001-02-03T04:05:06Z"]),
        (text("[]"), []),
        (text(' [1, 2.0, "x", true, null] '), [b"1", b"2", b"x", b"True", b""]),
        (text('["2001-02-03T04:05:06Z"]'), [b"02/03/2001 04:05:06"]),
        (json_text('["2001-02-03T04:05:06Z"]'), [b"2001-02-03T04:05:06Z"]),
        (text('{"a":[1,{}]}'), [b'{\n  "a": [\n    1,\n    {}\n  ]\n}']),
        (json_text('{"h":"\u00e9"}'), ['{\n  "h": "\u00e9"\n}'.encode()]),
        (json_text('[{"a":1},[2]]'), [b'{\n  "a": 1\n}', b"[\n  2\n]"]),
        (json_text('"[1,2]"'), [b"1", b"2"]),
        (json_text("5"), [b"5"]),
        (rpc.TypedData(int=7), [b"7"]),
    ],
)
def test_output_is_a_message_or_several(value: Any, bodies: list[bytes]) -> None:
    assert output_bodies(value) == bodies


@pytest.mark.parametrize("unsound", ["{a}", "[1] [2]", "{}}"])
def test_output_that_only_looks_like_json_fails(unsound: str) -> None:
    with pytest.raises(InvocationError, match="JsonReaderException"):
        output_bodies(text(unsound))


@pytest.mark.parametrize("plain", ["[1,2", "1]", "{]", "true", '"[1]"'])
def test_output_that_does_not_look_like_json_stays(plain: str) -> None:
    assert output_bodies(text(plain)) == [plain.encode()]
