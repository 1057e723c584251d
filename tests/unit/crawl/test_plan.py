"""Whether a crawl goes on and with what, from its sums alone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.model import EndedChunk, JobState, KeywordState
from shared.crawl.plan import CrawlLimits, failure_of, make_plan

LIMITS = CrawlLimits(chunks=35, chunk_size=50, all_chunks=288)
LOST = EndedChunk(candidates=20, failed=True)


def cat(**fields: Any) -> KeywordState:
    return KeywordState("cat", **fields)


def job(*keywords: KeywordState, max_images: int = 100, **fields: Any) -> JobState:
    return JobState(max_images, keywords, **{"searches": 2} | fields)


class TestEnd:
    def test_goes_on_while_searches_have_pages(self) -> None:
        plan = make_plan(job(cat(open_searches=[7, 8])), LIMITS)
        assert not plan.done
        assert plan.searches == [7, 8]

    def test_ends_when_the_quota_is_met(self) -> None:
        state = job(cat(stored=100, tried=120, open_searches=[7]))
        assert make_plan(state, LIMITS).done
        assert failure_of(state) is None

    def test_ends_when_nothing_is_left(self) -> None:
        state = job(cat(stored=3, tried=5))
        assert make_plan(state, LIMITS).done
        assert failure_of(state) is None

    def test_ends_empty_for_an_unknown_keyword(self) -> None:
        assert make_plan(job(cat()), LIMITS).done
        assert failure_of(job(cat())) is None

    def test_waits_for_chunks_under_way(self) -> None:
        assert not make_plan(job(cat(in_chunks=10)), LIMITS).done

    def test_fails_when_all_of_the_last_chunks_were_lost(self) -> None:
        state = job(cat(tried=60, lost=51, open_searches=[7]), recent=(LOST,) * 3)
        assert make_plan(state, LIMITS).done
        assert "51 of 60 downloads failed" in str(failure_of(state))

    def test_goes_on_after_some_lost_chunks(self) -> None:
        recent = (LOST, LOST, EndedChunk(candidates=20, failed=False))
        assert not make_plan(job(cat(open_searches=[7]), recent=recent), LIMITS).done

    def test_three_tiny_chunks_are_no_dead_network(self) -> None:
        recent = (EndedChunk(candidates=2, failed=True),) * 3
        assert not make_plan(job(cat(open_searches=[7]), recent=recent), LIMITS).done

    def test_fails_when_no_source_answers(self) -> None:
        assert "all 2 searches failed" in str(failure_of(job(cat(), degraded_searches=2)))

    def test_one_dead_source_of_two_is_no_failure(self) -> None:
        assert failure_of(job(cat(stored=9, tried=9), degraded_searches=1)) is None


class TestShares:
    @pytest.mark.parametrize(
        ("users", "jobs", "chunks"),
        [
            (1, 1, 35),  # alone: what a job may have
            (1, 10, 28),
            (8, 1, 35),
            (10, 1, 28),
            (10, 3, 9),
            (288, 1, 1),
            (1_000, 10, 1),  # nobody stands still
        ],
    )
    def test_users_get_equal_parts(self, users: int, jobs: int, chunks: int) -> None:
        assert LIMITS.shared(users, jobs) == replace(LIMITS, chunks=chunks)

    @given(st.integers(1, 300), st.integers(1, 10), st.integers(1, 10))
    def test_more_jobs_are_no_greater_part(self, users: int, few: int, more: int) -> None:
        parts = [LIMITS.shared(users, jobs).chunks * jobs for jobs in (few, few + more)]
        assert parts[1] <= max(288 // users, few + more)


class TestSupply:
    def test_asks_for_more_candidates_the_fewer_turn_out_good(self) -> None:
        good = make_plan(job(cat(stored=50, tried=50, waiting=500)), LIMITS)
        poor = make_plan(job(cat(stored=50, tried=200, waiting=500)), LIMITS)
        assert sum(size for _, size in good.cuts) == 50
        assert sum(size for _, size in poor.cuts) == 200

    def test_counts_what_is_under_way(self) -> None:
        plan = make_plan(job(cat(stored=50, tried=50, in_chunks=40, waiting=500)), LIMITS)
        assert sum(size for _, size in plan.cuts) == 10

    def test_searches_no_more_pages_than_are_missing(self) -> None:
        state = job(cat(stored=50, tried=50, waiting=20, open_searches=[1, 2, 3, 4]))
        assert make_plan(state, LIMITS).searches == [1, 2]

    def test_a_large_job_searches_no_further_than_its_next_chunks_reach(self) -> None:
        state = job(cat(waiting=100, open_searches=[7]), max_images=10**6)
        assert make_plan(state, replace(LIMITS, chunks=2)).searches == []
        assert make_plan(state, replace(LIMITS, chunks=3)).searches == [7]

    def test_a_handful_waits_for_what_is_searched(self) -> None:
        assert make_plan(job(cat(waiting=3, open_searches=[1])), LIMITS).cuts == []
        assert make_plan(job(cat(waiting=3)), LIMITS).cuts == [("cat", 3)]

    def test_takes_up_what_was_over_the_quota_before_it_asks_in_other_words(self) -> None:
        plan = make_plan(job(cat(spare=30, expandable=True)), LIMITS)
        assert plan.reclaim == ["cat"]
        assert plan.expand == []
        assert sum(size for _, size in plan.cuts) == 30

    def test_asks_in_other_words_last(self) -> None:
        assert make_plan(job(cat(expandable=True)), LIMITS).expand == ["cat"]
        assert make_plan(job(cat(expandable=True, open_searches=[1])), LIMITS).expand == []

    def test_a_busy_source_is_waited_for(self) -> None:
        plan = make_plan(job(cat(busy_searches=1, expandable=True)), LIMITS)
        assert (plan.done, plan.searches, plan.expand) == (False, [], [])

    def test_keywords_take_turns(self) -> None:
        state = job(cat(waiting=500), replace(cat(waiting=500), keyword="dog"), max_images=1000)
        cuts = [keyword for keyword, _ in make_plan(state, LIMITS).cuts]
        assert cuts[:4] == ["cat", "dog", "cat", "dog"]

    def test_fills_the_window_and_no_more(self) -> None:
        state = job(cat(waiting=100_000), max_images=100_000, open_chunks=30)
        assert make_plan(state, LIMITS).cuts == [("cat", 50)] * 5


keywords = st.lists(
    st.builds(
        KeywordState,
        keyword=st.uuids().map(str),
        stored=st.integers(0, 50),
        tried=st.integers(0, 500),
        lost=st.integers(0, 500),
        waiting=st.integers(0, 2000),
        in_chunks=st.integers(0, 2000),
        spare=st.integers(0, 100),
        expandable=st.booleans(),
        open_searches=st.lists(st.integers(1, 99), max_size=5),
        busy_searches=st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
)


@given(keywords, st.integers(300, 100_000), st.integers(0, 40))
def test_never_gets_stuck_and_never_takes_what_is_not_there(
    keywords: list[KeywordState], max_images: int, open_chunks: int
) -> None:
    plan = make_plan(job(*keywords, max_images=max_images, open_chunks=open_chunks), LIMITS)
    if plan.done:
        assert all(keyword.exhausted for keyword in keywords)
        return
    under_way = open_chunks or any(k.in_chunks or k.busy_searches for k in keywords)
    assert plan.searches or plan.cuts or plan.reclaim or plan.expand or under_way
    for keyword in keywords:
        cut = [size for name, size in plan.cuts if name == keyword.keyword]
        assert sum(cut) <= keyword.waiting + keyword.spare
        assert all(0 < size <= LIMITS.chunk_size for size in cut)
