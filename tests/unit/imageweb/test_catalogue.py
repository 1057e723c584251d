"""What a crawl may rely on: the pictures are many, distinct, labelled once, and known."""

import hashlib
import io
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from scripts.devhost.imageweb import behaviour
from scripts.devhost.imageweb.catalogue import SOURCES, Catalogue, load
from scripts.devhost.imageweb.dhash import dhash, distance
from scripts.devhost.imageweb.model import DUPLICATES, STORED

OUTCOMES = {
    "stored", "exact_duplicate", "near_duplicate", "http_404", "http_5xx", "timeout", "truncated",
    "wrong_type", "too_large", "pixel_limit", "too_small", "opted_out", "blocked_address",
    "undecodable", "rate_limited",
}  # fmt: skip


def test_there_are_enough_pictures_and_keywords(catalogue: Catalogue) -> None:
    assert len({c.cluster for c in catalogue.candidates if c.cluster}) >= 1500
    assert len(catalogue.keywords) >= 40
    assert len(catalogue.keywords) <= 50  # all fit into one job
    assert all(len(catalogue.truth(keyword).clusters) >= 30 for keyword in catalogue.keywords)


def test_distinct_pictures_look_different(catalogue: Catalogue) -> None:
    originals = [c for c in catalogue.candidates if c.file and c.outcome not in DUPLICATES]
    hashes = np.array([c.dhash for c in originals], dtype=np.uint64)
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    np.fill_diagonal(distances, 64)
    assert distances.min() >= 12


def test_members_of_a_cluster_look_the_same(catalogue: Catalogue) -> None:
    hashes: dict[str, list[int]] = {}
    for candidate in catalogue.candidates:
        hashes.setdefault(candidate.cluster, []).append(candidate.dhash)
    del hashes[""]
    assert max(distance(a, b) for same in hashes.values() for a in same for b in same) <= 3


def test_the_hash_is_the_one_others_compute(catalogue: Catalogue) -> None:
    for candidate in [c for c in catalogue.candidates if c.file][::60]:
        with Image.open(catalogue.directory / candidate.file) as image:
            assert dhash(image) == candidate.dhash == int(str(imagehash.dhash(image)), 16)


def test_what_is_said_of_a_file_is_true(catalogue: Catalogue) -> None:
    for candidate in [c for c in catalogue.candidates if c.file][::25]:
        content = (catalogue.directory / candidate.file).read_bytes()
        assert len(content) == candidate.size
        assert hashlib.sha256(content).hexdigest() == candidate.sha256
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert image.size == (candidate.width, candidate.height)
            assert image.format == {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[candidate.format]


def test_a_near_duplicate_is_smaller_than_its_original(catalogue: Catalogue) -> None:
    width = {c.cluster: c.width for c in catalogue.candidates if c.rank == 0}
    near = [c for c in catalogue.candidates if c.behaviour == behaviour.NEAR_DUPLICATE]
    assert near
    assert all(c.width < width[c.cluster] for c in near)


def test_urls_are_unique_and_tell_nothing(catalogue: Catalogue) -> None:
    paths = [c.path for c in catalogue.candidates]
    assert len(set(paths)) == len(paths)
    assert not [path for path in paths if any(outcome in path for outcome in OUTCOMES)]


class TestTruth:
    def test_covers_every_candidate(self, catalogue: Catalogue) -> None:
        covered = [
            path for keyword in catalogue.keywords for path in catalogue.truth(keyword).outcomes
        ]
        assert sorted(covered) == sorted(c.path for c in catalogue.candidates)

    def test_names_every_outcome(self, catalogue: Catalogue) -> None:
        named = {o for k in catalogue.keywords for o in catalogue.truth(k).outcomes.values()}
        assert named == OUTCOMES

    @pytest.mark.parametrize("sources", [SOURCES, SOURCES[:1], SOURCES[1:]])
    def test_stores_each_distinct_picture_once(
        self, catalogue: Catalogue, sources: tuple[str, ...]
    ) -> None:
        for keyword in catalogue.keywords:
            truth = catalogue.truth(keyword, sources)
            stored = [c for c in truth.candidates if truth.outcomes[c.path] == STORED]
            assert sorted(c.cluster for c in stored) == sorted(truth.clusters)
            assert truth.counts[STORED] == len(truth.clusters)

    def test_is_what_the_searches_find(self, catalogue: Catalogue) -> None:
        for keyword in catalogue.keywords:
            for source in SOURCES:
                found = catalogue.search(keyword, source)
                assert found == catalogue.truth(keyword, [source]).candidates

    def test_knows_the_picture_of_a_file(self, catalogue: Catalogue) -> None:
        truth = catalogue.truth("cat")
        for candidate in truth.candidates:
            if candidate.file:
                assert (truth.cluster_of(candidate.sha256) or "") == candidate.cluster
        assert truth.cluster_of("0" * 64) is None

    def test_originals_come_before_their_duplicates(self, catalogue: Catalogue) -> None:
        for keyword in catalogue.keywords:
            ranks = [c.rank > 0 for c in catalogue.truth(keyword).candidates]
            assert ranks == sorted(ranks)


def test_sources_share_some_pictures_and_each_has_its_half(catalogue: Catalogue) -> None:
    for keyword in catalogue.keywords:
        good = [c for c in catalogue.truth(keyword).candidates if c.outcome == STORED]
        for source in SOURCES:
            assert len([c for c in good if source in c.sources]) >= len(good) * 0.45
        assert any(len(c.sources) == 2 for c in good)


def test_the_same_seed_gives_the_same_catalogue(tmp_path: Path) -> None:
    one, other = (load(tmp_path / name, 3, per_keyword=3) for name in "ab")
    assert one.candidates == other.candidates
    assert [c.sha256 for c in load(tmp_path / "a", 3, per_keyword=3).candidates] == [
        c.sha256 for c in other.candidates
    ]
