"""Sharing a job's images out among its keywords."""

from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.model import KeywordState
from shared.crawl.quota import share_out


def keyword(stored: int = 0, *, exhausted: bool = False) -> KeywordState:
    return KeywordState("", stored=stored, waiting=0 if exhausted else 1)


def test_everybody_gets_the_same_and_the_first_ones_the_rest() -> None:
    assert share_out(10, [keyword()] * 3) == [4, 3, 3]


def test_what_one_leaves_over_goes_to_the_others() -> None:
    assert share_out(30, [keyword(2, exhausted=True), keyword(), keyword()]) == [2, 14, 14]


def test_who_has_more_already_keeps_it() -> None:
    assert share_out(30, [keyword(20), keyword(), keyword()]) == [20, 5, 5]


def test_none_left_to_grow() -> None:
    assert share_out(30, [keyword(2, exhausted=True), keyword(3, exhausted=True)]) == [2, 3]


@given(
    st.lists(st.builds(keyword, st.integers(0, 30), exhausted=st.booleans()), min_size=1),
    st.integers(0, 2000),
)
def test_is_as_even_as_can_be(keywords: list[KeywordState], more: int) -> None:
    most = sum(k.stored for k in keywords) + more
    quotas = share_out(most, keywords)
    growing = [q for q, k in zip(quotas, keywords, strict=True) if not k.exhausted]
    assert sum(quotas) == (most if growing else most - more)
    for quota, known in zip(quotas, keywords, strict=True):
        assert quota >= known.stored
        assert not known.exhausted or quota == known.stored
        # Nobody grows while somebody who could grow has less.
        if quota > known.stored:
            assert quota <= min(growing) + 1
