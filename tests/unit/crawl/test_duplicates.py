"""Which images of a job are kept: duplicates, near-duplicates and the quota."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.duplicates import Gallery, verdict
from shared.crawl.model import ChunkCandidate, ImageFacts
from shared.crawl.settle_repo import KnownImage

PLENTY = 1000


def image(name: str, phash: int = 0, *, side: int = 100) -> ImageFacts:
    return ImageFacts(name, phash, "jpeg", side, side, 1000, f"jobs/1/images/{name}.jpeg")


def known(name: str, phash: int = 0, *, side: int = 100, rank: int = 0) -> KnownImage:
    return KnownImage(7, name, phash, side * side, False, None, 70, 700, "cat", rank, 1)


def judge(
    *images: ImageFacts, earlier: Sequence[KnownImage] = (), quota_left: int = PLENTY, bits: int = 4
) -> Gallery:
    gallery = Gallery({"cat": quota_left}, bits)
    gallery.add_known(earlier)
    for number, arrival in enumerate(images, start=1):
        gallery.add(ChunkCandidate(number, "", rank=number), "cat", arrival)
    return gallery


def outcomes(gallery: Gallery) -> dict[int, str]:
    members = [*gallery.arrivals(), *gallery.changed()]
    return gallery.outcomes | {member.candidate_id: verdict(member) for member in members}


def test_crowds_of_copies_cost_no_time() -> None:
    """The original of 20,000 copies is kept no more, and each of them looks for another."""
    original = replace(known("a"), id=1)
    copies = [
        replace(known(str(number), 0xFF), id=number, is_duplicate=True, duplicate_of=1)
        for number in range(2, 20_002)
    ]
    gallery = Gallery({"cat": PLENTY}, bits=8)
    gallery.add_known([original])
    started = time.thread_time()
    gallery.add(ChunkCandidate(0, "", rank=0), "cat", image("b", 0xFF << 20, side=200))
    gallery.add_known(copies)
    for member in gallery.copies_without_original():
        gallery.decide_again(member)
    assert time.thread_time() - started < 2
    assert len(gallery.changed()) == len(copies) + 1
    assert sum(member.kept for member in gallery.changed()) == 1


class TestGallery:
    def test_keeps_distinct_images(self) -> None:
        assert outcomes(judge(image("a"), image("b", 0xFFFF))) == {1: "stored", 2: "stored"}

    def test_keeps_the_same_bytes_once(self) -> None:
        gallery = judge(image("a"), image("a"))
        assert outcomes(gallery) == {1: "stored", 2: "exact_duplicate"}
        assert len(gallery.arrivals()) == 1

    def test_knows_the_bytes_of_earlier_chunks(self) -> None:
        assert outcomes(judge(image("a"), earlier=[known("a")])) == {1: "exact_duplicate"}

    def test_of_equal_bytes_the_earlier_result_gives_the_label(self) -> None:
        gallery = judge(image("a"), earlier=[known("a", rank=99)])
        assert outcomes(gallery) == {1: "stored", 70: "exact_duplicate"}
        assert gallery.recounted == {700}

    @pytest.mark.parametrize(
        ("arrivals", "strays"),
        [
            ([("cat", 1), ("cat", 2)], {}),
            ([("cat", 1), ("dog", 2)], {1: "a"}),
            ([("cat", 2), ("dog", 1)], {0: "a"}),
            ([("cat", 3), ("cat", 2), ("dog", 1)], {1: "a"}),
            ([("cat", 3), ("dog", 2), ("cat", 1)], {0: "a", 1: "a"}),
        ],
    )
    def test_a_copy_under_another_keyword_than_its_image_is_a_stray(
        self, arrivals: list[tuple[str, int]], strays: dict[int, str]
    ) -> None:
        gallery = Gallery({"cat": PLENTY, "dog": PLENTY}, bits=4)
        for number, (keyword, rank) in enumerate(arrivals):
            gallery.add(ChunkCandidate(number, "", rank=rank), keyword, image("a"))
        assert gallery.strays == strays

    def test_a_copy_that_turns_up_earlier_takes_its_originals_place(self) -> None:
        gallery = Gallery({"cat": PLENTY}, bits=4)
        for number, (name, phash, rank) in enumerate([("o", 0, 5), ("d", 1, 9), ("d", 1, 1)]):
            gallery.add(ChunkCandidate(number, "", rank=rank), "cat", image(name, phash))
        assert outcomes(gallery) == {0: "near_duplicate", 1: "exact_duplicate", 2: "stored"}

    def test_a_smaller_near_duplicate_points_to_its_original(self) -> None:
        gallery = judge(image("b", 0b1111), earlier=[known("a", side=200)])
        assert outcomes(gallery) == {1: "near_duplicate"}
        (copy,) = gallery.arrivals()
        assert getattr(copy.original, "image_id", None) == 7

    def test_a_larger_near_duplicate_takes_the_place(self) -> None:
        gallery = judge(image("b"), earlier=[known("a", side=50)])
        assert outcomes(gallery) == {1: "stored", 70: "near_duplicate"}
        assert gallery.demoted() == [7]

    def test_of_equally_large_ones_the_earlier_result_stays(self) -> None:
        assert outcomes(judge(image("b"), earlier=[known("a", rank=99)])) == {
            1: "stored", 70: "near_duplicate",
        }  # fmt: skip
        assert outcomes(judge(image("b"), earlier=[known("a")])) == {1: "near_duplicate"}

    def test_the_distance_is_the_jobs(self) -> None:
        pair = image("a"), image("b", 0b11111)
        assert outcomes(judge(*pair)) == {1: "stored", 2: "stored"}
        assert outcomes(judge(*pair, bits=5)) == {1: "stored", 2: "near_duplicate"}

    def test_never_exceeds_the_quota(self) -> None:
        gallery = judge(*(image(str(n), 0xFF << (8 * n)) for n in range(5)), quota_left=2)
        assert list(outcomes(gallery).values()) == ["over_quota"] * 3 + ["stored"] * 2

    def test_replacing_does_not_cost_quota(self) -> None:
        gallery = judge(image("b"), earlier=[known("a", side=50)], quota_left=0)
        assert outcomes(gallery) == {1: "stored", 70: "near_duplicate"}

    def test_a_copy_without_original_is_over_the_quota_when_no_quota_is_left(self) -> None:
        """It may be wanted later: then it is taken up again, and must not be a copy of nothing."""
        original = known("o", 0b1111_0000, side=50)
        copy = KnownImage(8, "c", 0b1111_1111, 2000, True, 7, 80, 800, "dog", 0, 1)
        gallery = Gallery({"cat": 0, "dog": 0}, bits=4)
        gallery.add_known([original, copy])
        gallery.add(ChunkCandidate(1, ""), "cat", image("b", 0))
        for member in gallery.copies_without_original():
            gallery.decide_again(member)
        assert outcomes(gallery) == {1: "stored", 70: "near_duplicate", 80: "over_quota"}
        assert (gallery.dropped, gallery.recounted) == ([8], {700, 800})

    def test_an_image_that_lost_its_row_is_not_found_again(self) -> None:
        """Its row goes only when all is decided: until then the database still finds it."""
        dropped = known("o", 0b1111_0000, side=50)
        gallery = judge(image("b"), image("c", 0b1111, side=200), earlier=[dropped], quota_left=0)
        for member in gallery.copies_without_original():
            gallery.decide_again(member)
        gallery.add_known([dropped])
        gallery.add(ChunkCandidate(3, "", rank=3), "cat", image("d", 0b1111_0000, side=40))
        assert outcomes(gallery) == {
            1: "near_duplicate", 2: "stored", 3: "over_quota", 70: "over_quota",
        }  # fmt: skip


@dataclass(frozen=True)
class Photo:
    phash: int
    side: int


photos = st.lists(
    st.builds(Photo, st.integers(0, 2**12 - 1), st.integers(25, 40)), min_size=1, max_size=12
)


@given(photos, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(photos: list[Photo], chance: random.Random) -> None:
    """Chains of resembling pictures included: what is kept is what the rule says, no more."""
    gallery = Gallery({"cat": PLENTY}, bits=4)
    arrivals = list(enumerate(photos))
    chance.shuffle(arrivals)
    for rank, photo in arrivals:
        facts = image(str(rank), photo.phash, side=photo.side)
        gallery.add(ChunkCandidate(rank, "", rank=rank), "cat", facts)
        while copies := gallery.copies_without_original():
            for member in copies:
                gallery.decide_again(member)
    kept = {member.candidate_id for member in gallery.arrivals() if member.kept}
    assert kept == _rule(photos)


def _rule(photos: list[Photo]) -> set[int]:
    kept: set[int] = set()
    for rank, photo in sorted(enumerate(photos), key=lambda item: (-item[1].side, item[0])):
        if all((photos[other].phash ^ photo.phash).bit_count() > 4 for other in kept):
            kept.add(rank)
    return kept
