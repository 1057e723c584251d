"""A list of URLs as a source."""

from collections.abc import Sequence

from shared.sources.source import Candidate
from shared.sources.url_list import PAGE_SIZE, Row, UrlList


def listing(rows: Sequence[Row]) -> UrlList:
    async def read(after: int, limit: int) -> Sequence[Row]:
        return [row for row in rows if row.position > after][:limit]

    return UrlList(read)


async def test_rows_become_candidates() -> None:
    rows = [
        Row(0, " https://a.example/1.jpg ", "A cat\0", "CC BY-SA 4.0"),
        Row(1, "https://a.example/2.jpg"),
        Row(2, "ftp://a.example/3.jpg"), Row(3, ""), Row(4, "a cat"),
        Row(5, "https://a.example/a b"),
    ]  # fmt: skip
    page = await listing(rows).search("anything", None)
    assert page.candidates == (
        Candidate(
            url="https://a.example/1.jpg",
            license="by-sa",
            title="A cat",
            license_stated="CC BY-SA 4.0",
        ),
        Candidate(url="https://a.example/2.jpg", license="unknown"),
    )
    assert page.proof is None
    assert page.next_cursor is None


async def test_every_row_comes_once_and_the_list_ends() -> None:
    source = listing([Row(3 * n, f"https://a.example/{n}") for n in range(2 * PAGE_SIZE + 1)])
    found, cursor = [], None
    for _ in range(3):
        page = await source.search("", cursor)
        found += [candidate.url for candidate in page.candidates]
        cursor = page.next_cursor
    assert cursor is None
    assert found == [f"https://a.example/{n}" for n in range(2 * PAGE_SIZE + 1)]
