"""Keyset pages and their opaque cursors."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.errors import Invalid
from shared.platform.http.pagination import FIRST_PAGE, PageQuery, make_page

NUMBERS = list(range(50, 0, -1))


def fetch(query: PageQuery) -> list[int]:
    return [n for n in NUMBERS if n < query.below][: query.limit + 1]


class TestPages:
    def test_walk_visits_every_row_once(self) -> None:
        seen, cursor = [], None
        while True:
            query = PageQuery(limit=7, cursor=cursor)
            page = make_page(fetch(query), query, lambda n: n)
            seen += page.data
            cursor = page.meta.next_cursor
            if cursor is None:
                break
        assert seen == NUMBERS

    def test_a_cursor_of_the_former_secret_is_taken(self) -> None:
        query = PageQuery(limit=1)
        query.of("/api/v1/jobs", [b"pepper"])
        query.cursor = make_page([3, 2], query, lambda n: n).meta.next_cursor
        query.of("/api/v1/jobs", [b"new", b"pepper"])
        assert query.below == 3
        query.of("/api/v1/jobs", [b"new"])
        with pytest.raises(Invalid):
            _ = query.below

    def test_a_query_that_is_told_no_secret_has_one_that_nobody_knows(self) -> None:
        query = PageQuery(limit=1)
        query.cursor = make_page([3, 2], query, lambda n: n).meta.next_cursor
        assert query.below == 3
        query.of("", [b""])
        with pytest.raises(Invalid):
            _ = query.below

    def test_first_page_begins_above_all(self) -> None:
        assert PageQuery().below == FIRST_PAGE

    def test_rows_of_one_moment_are_told_apart_by_their_ids(self) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        rows = [(moment + timedelta(days=n // 3), UUID(int=n)) for n in range(20, 0, -1)]
        seen, cursor = [], None
        while True:
            query = PageQuery(limit=4, cursor=cursor)
            below = [row for row in rows if row < query.before][: query.limit + 1]
            page = make_page(below, query, lambda row: row)
            seen += page.data
            cursor = page.meta.next_cursor
            if cursor is None:
                break
        assert seen == rows

    def test_a_cursor_of_another_kind_of_list_is_refused(self) -> None:
        by_id = make_page([3, 2], PageQuery(limit=1), lambda n: n).meta.next_cursor
        with pytest.raises(Invalid):
            _ = PageQuery(cursor=by_id).before
        place = (datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1))
        by_time = make_page([place, place], PageQuery(limit=1), lambda row: row).meta.next_cursor
        with pytest.raises(Invalid):
            _ = PageQuery(cursor=by_time).below

    def test_a_cursor_of_another_list_is_refused(self) -> None:
        here, there = PageQuery(limit=1), PageQuery(limit=1)
        here.of("/api/v1/jobs")
        there.of("/api/v1/projects")
        there.cursor = make_page([3, 2], here, lambda n: n).meta.next_cursor
        with pytest.raises(Invalid):
            _ = there.below
        there.of("/api/v1/jobs")
        assert there.below == 3

    @given(st.text(min_size=1, max_size=60))
    def test_a_made_up_cursor_is_refused(self, cursor: str) -> None:
        query = PageQuery(cursor=cursor)
        with pytest.raises(Invalid) as caught:
            _ = query.below
        assert caught.value.errors[0]["loc"] == ["query", "cursor"]
