"""Keyset pages and their opaque cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.platform.errors import Invalid
from shared.platform.pagination import FIRST_PAGE, PageQuery, make_page
from shared.platform.settings import Settings

NUMBERS = list(range(50, 0, -1))


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Settings.model_construct(api_key_pepper=SecretStr("pepper"))
    monkeypatch.setattr("shared.platform.pagination.get_settings", lambda: made)


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

    def test_first_page_begins_above_all(self) -> None:
        assert PageQuery().below == FIRST_PAGE

    @given(st.text(min_size=1, max_size=60))
    def test_a_made_up_cursor_is_refused(self, cursor: str) -> None:
        query = PageQuery(cursor=cursor)
        with pytest.raises(Invalid) as caught:
            _ = query.below
        assert caught.value.errors[0]["loc"] == ["query", "cursor"]
