"""Whether a crawl goes on, from its sums alone."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.model import JobState
from shared.crawl.plan import CHUNK_SIZE, WAVE, decide

FRESH = JobState(
    status="running",
    attempt=1,
    max_images=100,
    stored=0,
    tried=0,
    lost=0,
    waiting=0,
    pending_chunks=0,
    recent_chunks=0,
    recent_failed=0,
    searches=2,
    open_searches=2,
    degraded_searches=0,
)


class TestDecide:
    def test_goes_on_while_searches_have_pages(self) -> None:
        assert not decide(FRESH).done

    def test_ends_when_the_quota_is_met(self) -> None:
        decision = decide(replace(FRESH, stored=100, tried=120))
        assert decision.done
        assert decision.failure is None

    def test_completes_when_the_sources_are_exhausted(self) -> None:
        decision = decide(replace(FRESH, open_searches=0, stored=3, tried=5))
        assert decision.done
        assert decision.failure is None

    def test_completes_empty_for_an_unknown_keyword(self) -> None:
        decision = decide(replace(FRESH, open_searches=0))
        assert decision.done
        assert decision.failure is None

    def test_fails_when_all_of_the_last_chunks_were_lost(self) -> None:
        decision = decide(replace(FRESH, recent_chunks=3, recent_failed=3, tried=40, lost=31))
        assert decision.done
        assert "31 of 40 downloads failed" in str(decision.failure)

    def test_goes_on_after_some_lost_chunks(self) -> None:
        assert not decide(replace(FRESH, recent_chunks=3, recent_failed=2, tried=40)).done

    def test_fails_when_the_sources_do_not_answer(self) -> None:
        decision = decide(replace(FRESH, open_searches=0, degraded_searches=2))
        assert "2 of 2 searches failed" in str(decision.failure)

    def test_one_dead_source_of_three_is_no_failure(self) -> None:
        state = replace(FRESH, searches=3, open_searches=0, degraded_searches=1, stored=9, tried=9)
        assert decide(state).failure is None

    def test_asks_for_more_candidates_the_fewer_turn_out_good(self) -> None:
        good = decide(replace(FRESH, stored=50, tried=50)).wanted
        poor = decide(replace(FRESH, stored=50, tried=200)).wanted
        assert good == 50
        assert poor == 200

    @given(
        st.builds(
            JobState,
            status=st.just("running"),
            attempt=st.just(1),
            **{
                name: st.integers(0, 10_000)
                for name in JobState.__slots__
                if name not in ("status", "attempt")
            },
        )
    )
    def test_always_either_ends_or_asks_for_a_wave_at_most(self, state: JobState) -> None:
        decision = decide(state)
        assert decision.done or 1 <= decision.wanted <= WAVE * CHUNK_SIZE
