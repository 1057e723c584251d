"""The truth of the image web against the judgement of the product on the same bytes."""

import pytest

from scripts.devhost.imageweb.catalogue import Candidate, Catalogue
from shared.imaging.dhash import distance
from shared.imaging.judge import Judged, Rejection, judge
from tests.unit.imageweb.conftest import Client

NEAR = 4  # bits up to which the product takes two pictures for the same


def judged(catalogue: Catalogue, candidate: Candidate) -> int:
    verdict = judge((catalogue.directory / candidate.file).read_bytes())
    assert isinstance(verdict, Judged)
    return verdict.phash


def test_duplicates_are_near_and_distinct_pictures_are_not(catalogue: Catalogue) -> None:
    doubled = {c.cluster for c in catalogue.candidates if c.rank and c.cluster}
    hashes: dict[str, list[int]] = {}
    for candidate in catalogue.candidates:
        if candidate.cluster in doubled:
            hashes.setdefault(candidate.cluster, []).append(judged(catalogue, candidate))
    originals = [same[0] for same in hashes.values()]
    assert max(distance(a, b) for same in hashes.values() for a in same for b in same) <= NEAR
    assert min(
        distance(one, other)
        for index, one in enumerate(originals)
        for other in originals[index + 1 :]
    ) > 2 * NEAR  # fmt: skip


@pytest.mark.parametrize("behaviour", ["truncated", "disguised_page", "garbage", "tiny", "bomb"])
async def test_bad_pictures_are_refused_as_declared(
    client: Client, catalogue: Catalogue, behaviour: str
) -> None:
    for candidate in [c for c in catalogue.candidates if c.behaviour == behaviour]:
        verdict = judge(await (await client.get(candidate.path)).read())
        assert isinstance(verdict, Rejection)
        assert verdict.outcome == candidate.outcome
