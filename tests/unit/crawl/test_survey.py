"""Which sources are asked for what before a crawl, and what is made of those that do not answer."""

import asyncio
from itertools import chain

import pytest

from shared.crawl.survey import REQUESTS, Survey, ask_all, deal
from shared.platform.errors import Unavailable
from shared.sources.source import (
    Page,
    SearchRefused,
    Source,
    SourceBusy,
    SourceNotConfigured,
    SourceThrottled,
    SourceUnavailable,
)

PAGE = Page((), None, 7)


class Answering:
    """A source that gives a page, or raises what it is told to for keywords."""

    def __init__(self, **errors: BaseException) -> None:
        self.errors = errors
        self.asked: list[str] = []

    async def search(self, query: str, cursor: str | None) -> Page:
        assert cursor is None
        self.asked.append(query)
        if query in self.errors:
            raise self.errors[query]
        return PAGE


class Hanging:
    """A source that answers nobody, or only for a keyword."""

    def __init__(self, answered: str = "") -> None:
        self.answered = answered

    async def search(self, query: str, cursor: str | None) -> Page:
        if query != self.answered:
            await asyncio.Event().wait()
        return PAGE


async def survey(*sources: Source | BaseException, seconds: float = 30) -> list[Survey]:
    def opened(engine: str) -> Source:
        source = sources[int(engine)]
        if isinstance(source, BaseException):
            raise source
        return source

    engines = [str(number) for number in range(len(sources))]
    return await ask_all(opened, engines, ["cat", "dog"], seconds=seconds)


class TestDeal:
    @pytest.mark.parametrize("keywords", range(1, 51))
    @pytest.mark.parametrize("sources", range(1, 10))
    def test_each_source_gets_its_few_and_together_they_cover_what_they_can(
        self, keywords: int, sources: int
    ) -> None:
        words = [str(number) for number in range(keywords)]
        dealt = deal(words, sources)
        assert [len(of_one) for of_one in dealt] == [min(REQUESTS, keywords)] * sources
        assert all(len(set(of_one)) == len(of_one) for of_one in dealt)
        assert len(set(chain(*dealt))) == min(keywords, REQUESTS * sources)

    def test_takes_them_from_the_whole_list(self) -> None:
        assert deal([str(number) for number in range(40)], 2) == [["0", "10"], ["20", "30"]]

    def test_nobody_is_asked_for_nothing(self) -> None:
        assert deal(["cat"], 0) == []


class TestAskAll:
    async def test_a_page_for_each_keyword(self) -> None:
        source = Answering()
        assert await survey(source) == [Survey("0", {"cat": PAGE, "dog": PAGE})]
        assert source.asked == ["cat", "dog"]

    @pytest.mark.parametrize(
        ("error", "status", "problem"),
        [
            (SourceNotConfigured("KEY is not set"), "not_configured", "KEY is not set"),
            (SourceBusy("used up", retry_after=9), "busy", "used up"),
            (SourceThrottled("status 429"), "busy", "status 429"),
            (SourceUnavailable("status 500"), "unavailable", "status 500"),
            (SearchRefused("status 400"), "unavailable", "status 400"),
            (ZeroDivisionError("secret"), "unavailable", "internal error: ZeroDivisionError"),
        ],
    )
    async def test_trouble_of_one_is_told_and_the_others_answer(
        self, error: BaseException, status: str, problem: str
    ) -> None:
        broken = Answering(cat=error, dog=error)
        for found, good in [await survey(broken, Answering()), await survey(error, Answering())]:
            assert (found.pages, found.status, found.problem) == ({}, status, problem)
            assert (good.status, len(good.pages)) == ("answered", 2)

    async def test_what_came_before_the_trouble_counts(self) -> None:
        (found,) = await survey(Answering(dog=SourceUnavailable("status 500")))
        assert found == Survey("0", {"cat": PAGE}, "answered", "status 500")

    async def test_a_refused_query_is_only_that_query(self) -> None:
        (found,) = await survey(Answering(cat=SearchRefused("status 400")))
        assert found == Survey("0", {"dog": PAGE}, "answered", "status 400")

    async def test_after_other_trouble_the_source_is_left_alone(self) -> None:
        source = Answering(cat=SourceThrottled("status 429"))
        await survey(source)
        assert source.asked == ["cat"]

    async def test_nobody_waits_for_a_source_that_hangs(self) -> None:
        silent, late, good = await survey(Hanging(), Hanging("cat"), Answering(), seconds=0.2)
        assert (silent.status, silent.problem) == ("unavailable", "no answer within 0.2 s")
        assert (late.status, list(late.pages)) == ("answered", ["cat"])
        assert len(good.pages) == 2

    async def test_without_the_database_nobody_can_be_asked(self) -> None:
        with pytest.raises(Unavailable):
            await survey(Answering(cat=Unavailable("database")))
