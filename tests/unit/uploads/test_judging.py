"""Which rows of a list can be crawled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.uploads.lists.judging import Judge, Problem, Row
from shared.uploads.lists.model import Record

JUDGE = Judge(["127.0.0.1:9000"])
A = "https://a.example/1.jpg"


def judged(url: str = A, **fields: str) -> Row | Problem:
    return JUDGE.judge(Record(7, url, **fields))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "no_url"), (" ", "no_url"),
        ("ftp://a.example/1.jpg", "not_http"), ("file:///etc/passwd", "not_http"),
        ("data:image/png;base64,AAAA", "not_http"), ("s3://bucket/1.jpg", "not_http"),
        ("a cat", "not_a_url"), ("a.example/1.jpg", "not_a_url"), ("https://", "not_a_url"),
        ("https://a.example/a b", "not_a_url"), ("https://a.example/\0", "not_a_url"),
        ("https://a.example/\ud800", "not_a_url"), ("http://[::1", "blocked_address"),
        (f"https://a.example/{'x' * 4000}", "not_a_url"),
        ("http://127.0.0.1/1.jpg", "blocked_address"), ("http://10.1.2.3/", "blocked_address"),
        ("http://169.254.169.254/latest", "blocked_address"), ("http://[::1]/", "blocked_address"),
        ("http://2130706433/", "blocked_address"), ("http://a.example:22/", "blocked_address"),
        ("http://user:secret@a.example/", "blocked_address"),
    ],
)  # fmt: skip
def test_what_no_crawl_may_fetch_is_refused(url: str, reason: str) -> None:
    found = judged(url)
    assert isinstance(found, Problem)
    assert (found.line, found.reason) == (7, reason)
    assert len(found.value) <= 200
    found.value.encode()
    assert "\0" not in found.value


@pytest.mark.parametrize(
    "url", [A, f"  {A}\t", "HTTP://A.example/1.jpg", "http://127.0.0.1:9000/a"]
)
def test_what_a_crawl_may_fetch_is_kept(url: str) -> None:
    if url.startswith("HTTP"):
        assert isinstance(judged(url), Problem)  # as in a job's own list
    else:
        found = judged(url)
        assert isinstance(found, Row)
        assert found.url == url.strip()


def test_what_is_said_of_it_is_kept_as_far_as_it_can_be_stored() -> None:
    found = judged(caption=" a\0 cat\ud800 ", license="x" * 500, label=" Cat ")
    assert isinstance(found, Row)
    assert (found.caption, found.license) == ("a cat", "x" * 100)
    assert (found.label, found.label_key) == ("Cat", "cat")


@pytest.mark.parametrize("fields", [{}, {"caption": "", "license": " ", "label": "\t"}])
def test_what_is_empty_is_not_there(fields: dict[str, str]) -> None:
    found = judged(**fields)
    assert isinstance(found, Row)
    assert (found.caption, found.license, found.label, found.label_key) == (None, None, None, "")


@pytest.mark.parametrize("label", ["x" * 101, "a\nb", "\u200b"])
def test_a_label_that_no_job_could_have_is_a_problem(label: str) -> None:
    found = judged(label=label)
    assert isinstance(found, Problem)
    assert found.reason == "bad_label"


def test_labels_that_are_alike_have_one_key() -> None:
    keys = {row.label_key for label in ("Café", "CAFE\u0301") if (row := judged(label=label))
            and isinstance(row, Row)}  # fmt: skip
    assert len(keys) == 1


@given(st.builds(Record, st.just(1), st.text(), st.text(), st.text(), st.text()))
def test_nothing_is_more_than_it_can_deal_with(record: Record) -> None:
    assert JUDGE.judge(record).line == 1
