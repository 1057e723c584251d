"""Figures for every keyword at every source, from a page or two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.filters import JobFilters
from shared.jobs.estimate_figures import Answers, count_up, seconds_of_searches
from shared.jobs.estimate_schemas import SearchFigure
from shared.sources.registry import SOURCES
from shared.sources.source import Candidate, Page


def page(*licenses: str | None, more: bool = True, total: int | None = None) -> Page:
    found = tuple(
        Candidate(f"https://images.example/{number}", license=license)
        for number, license in enumerate(licenses)
    )
    return Page(found, "2" if more else None, total)


def figures(
    pages: dict[str, Page], keywords: list[str], *, engine: str = "pexels", stored: int = 0,
    **filters: object,
) -> list[SearchFigure]:  # fmt: skip
    known = frozenset(f"https://images.example/{number}" for number in range(stored))
    answers = Answers({engine: pages}, known, JobFilters.model_validate(filters))
    return count_up(answers, keywords)


def parts(figure: SearchFigure) -> dict[str, int]:
    return {part.license: part.candidates for part in figure.licenses}


class TestCandidates:
    @pytest.mark.parametrize(
        ("engine", "of", "candidates", "at_least"),
        [
            ("pexels", page("by", "by", total=900), 900, False),
            ("openverse", page("by", total=10_000), 240, False),  # no deeper than that
            ("openverse", page("by", total=30), 30, False),
            ("bing", page("by", "by", "by"), 3, True),  # says no total
            ("pexels", page("by", total=900, more=False), 1, False),  # all there is was seen
            ("pexels", page("by", "by", total=1), 2, False),  # more than it says
            ("pexels", page(more=False, total=0), 0, False),
        ],
    )
    def test_are_what_the_search_can_list(
        self, engine: str, of: Page, candidates: int, at_least: bool
    ) -> None:
        (figure,) = figures({"cat": of}, ["cat"], engine=engine)
        assert (figure.candidates, figure.at_least) == (candidates, at_least)
        assert (figure.basis, figure.total) == ("measured", of.total)

    def test_of_other_keywords_are_the_mean_and_said_to_be(self) -> None:
        pages = {"cat": page("by", total=100), "dog": page("cc0", total=301)}
        *_, emu = figures(pages, ["cat", "dog", "emu"])
        assert (emu.candidates, emu.basis, emu.total) == (200, "extrapolated", None)
        assert (parts(emu), emu.parts_basis) == ({"by": 100, "cc0": 100}, "extrapolated")

    def test_one_that_may_have_more_makes_the_mean_a_least(self) -> None:
        pages = {"cat": page("by"), "dog": page("by", total=100)}
        assert [f.at_least for f in figures(pages, ["cat", "dog", "emu"])] == [True, False, True]

    def test_nothing_found_has_no_parts(self) -> None:
        cat, dog = figures({"cat": page(more=False)}, ["cat", "dog"], stored=1)
        assert (cat.licenses, cat.stored, dog.licenses) == ([], 0, [])


class TestParts:
    def test_are_measured_where_everything_was_seen(self) -> None:
        (figure,) = figures({"cat": page("by", None, more=False)}, ["cat"])
        assert (parts(figure), figure.parts_basis) == ({"by": 1, "unknown": 1}, "measured")

    def test_of_a_first_page_are_parts_of_the_whole(self) -> None:
        (figure,) = figures({"cat": page("by", "by", "cc0", total=300)}, ["cat"])
        assert (parts(figure), figure.parts_basis) == ({"by": 200, "cc0": 100}, "extrapolated")

    def test_say_what_the_filter_takes(self) -> None:
        of = page("by-nc", "by", "unknown", total=300)
        (figure,) = figures({"cat": of}, ["cat"], license=["commercial"])
        assert {p.license: p.allowed for p in figure.licenses} == {
            "by": True, "by-nc": False, "unknown": False,
        }  # fmt: skip

    def test_stored_are_those_that_the_filter_takes(self) -> None:
        of = page("by", "by-nc", "by", "by", total=400)
        assert figures({"cat": of}, ["cat"], stored=2)[0].stored == 200
        assert figures({"cat": of}, ["cat"], stored=2, license=["commercial"])[0].stored == 100

    @given(
        st.lists(st.sampled_from(["by", "by-sa", "cc0", None]), min_size=1), st.integers(0, 10**9)
    )
    def test_add_up_to_the_candidates(self, licenses: list[str | None], total: int) -> None:
        (figure,) = figures({"cat": page(*licenses, total=total)}, ["cat"])
        assert sum(parts(figure).values()) == figure.candidates
        assert min(parts(figure).values()) >= 0


class TestSeconds:
    def test_are_those_of_the_slowest_source_at_its_pace(self) -> None:
        pages = {
            "openverse": {"cat": page(*["by"] * 20, total=240)},
            "pexels": {"cat": page(*["by"] * 80, total=240)},
            "url_list": {"cat": page("by", more=False)},
        }
        answers = Answers(pages, frozenset(), JobFilters())
        found = count_up(answers, ["cat"])
        _, pace = SOURCES["openverse"]
        assert seconds_of_searches(answers, found, 481, 1) == 11 * pace.interval
        assert seconds_of_searches(answers, found, 481, 2) == 22 * pace.interval
        assert seconds_of_searches(answers, found, 10**9, 1) == 11 * pace.interval
        assert seconds_of_searches(answers, found, 2, 1) == 0
        assert seconds_of_searches(answers, [], 2, 1) == 0
