"""What user code returns, as the host sends it on."""

from typing import Any

import azure.functions as func
import pytest

from scripts.devhost.host.worker.conversion import encode_activity, encode_http, encode_queue


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("text", [b"text"]),
        (b"\x00\xff", [b"\x00\xff"]),
        ('["a", {"b": 1}]', [b"a", b'{"b": 1}']),
        ('{"a": 1}', [b'{"a": 1}']),
        (["a", "b"], [b"a", b"b"]),
        (func.QueueMessage(id="1", body="q"), [b'{"id": "1", "body": "q"}']),
        ({"a": 1}, [b"a"]),  # a surprise of the library: the keys
    ],
)
def test_queue_output(value: Any, messages: list[bytes]) -> None:
    assert encode_queue(value) == messages


@pytest.mark.parametrize("value", [None, 5, [b"x"]])
def test_queue_output_that_cannot_be_sent(value: Any) -> None:
    with pytest.raises(NotImplementedError):
        encode_queue(value)


@pytest.mark.parametrize(
    ("value", "text"), [({"a": 1}, '{"a": 1}'), ("x", '"x"'), (None, None), (0, "0")]
)
def test_activity_result(value: Any, text: str | None) -> None:
    assert encode_activity(value) == text


def test_activity_result_that_is_not_json() -> None:
    with pytest.raises(ValueError, match="json serializable"):
        encode_activity(object())


@pytest.mark.parametrize("value", [None, b"bytes", {"a": 1}])
def test_http_result_of_the_wrong_kind(value: Any) -> None:
    with pytest.raises((NotImplementedError, TypeError)):
        encode_http(value)
