"""Splits without leaks: near pictures together, shares kept, nothing moves in the next version."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.datasets.splits import SPLITS, Picture, Split, deal

SHARES: dict[Split, float] = {"train": 80, "val": 10, "test": 10}


def dealt(
    pictures: Sequence[Picture],
    near: Sequence[tuple[int, int]],
    shares: Mapping[Split, float] = SHARES,
    seed: int = 0,
) -> list[Split | None]:
    """The splits of pictures, when there are no others."""
    return deal(pictures, near, {}, shares, seed).pictures


def some(count: int, labels: str = "ab") -> list[Picture]:
    return [Picture(f"{n:064x}", labels[n % len(labels)]) for n in range(count)]


@st.composite
def jobs(draw: st.DrawFn) -> tuple[list[Picture], list[tuple[int, int]]]:
    """Pictures of some labels, and pairs of them that resemble each other."""
    pictures = some(draw(st.integers(1, 60)), draw(st.sampled_from(["a", "ab", "abcde"])))
    places = st.integers(0, len(pictures) - 1)
    pairs = draw(st.lists(st.tuples(places, places).filter(lambda p: p[0] != p[1]), max_size=40))
    return pictures, pairs


class TestDeal:
    @given(jobs(), st.integers(0, 5))
    def test_no_pair_straddles_two_splits(
        self, job: tuple[list[Picture], list[tuple[int, int]]], seed: int
    ) -> None:
        pictures, near = job
        splits = dealt(pictures, near, SHARES, seed)
        assert None not in splits
        assert all(splits[one] == splits[other] for one, other in near)

    @given(jobs(), st.randoms())
    def test_the_order_of_pictures_and_pairs_does_not_matter(
        self, job: tuple[list[Picture], list[tuple[int, int]]], chance: random.Random
    ) -> None:
        pictures, near = job
        order = list(range(len(pictures)))
        chance.shuffle(order)
        moved = {place: new for new, place in enumerate(order)}
        turned = [(moved[b], moved[a]) for a, b in near]
        chance.shuffle(turned)
        splits = dealt(pictures, near, SHARES, 1)
        again = dealt([pictures[place] for place in order], turned, SHARES, 1)
        assert [again[moved[place]] for place in range(len(pictures))] == splits

    @settings(max_examples=100)
    @given(jobs(), st.data())
    def test_the_next_version_moves_nothing(
        self, job: tuple[list[Picture], list[tuple[int, int]]], data: st.DataObject
    ) -> None:
        pictures, near = job
        old = data.draw(st.integers(0, len(pictures)))
        first = dealt(pictures[:old], [p for p in near if max(p) < old], SHARES, 1)
        known = [
            replace(picture, was=split) for picture, split in zip(pictures, first, strict=False)
        ]
        second = dealt(known + pictures[old:], near, SHARES, 1)
        # Two old ones may resemble each other by a pair that was not known then: both stay.
        assert second[:old] == first
        for one, other in near:
            if max(one, other) >= old and second[one] and second[other]:
                assert second[one] == second[other]

    def test_each_label_is_divided_in_the_shares(self) -> None:
        pictures = some(300, "aab")
        splits = dealt(pictures, [], SHARES, 0)
        counts = Counter((p.label, s) for p, s in zip(pictures, splits, strict=True))
        assert counts == {
            ("a", "train"): 160, ("a", "val"): 20, ("a", "test"): 20,
            ("b", "train"): 80, ("b", "val"): 10, ("b", "test"): 10,
        }  # fmt: skip

    def test_others_are_divided_as_if_they_were_pictures(self) -> None:
        others: dict[tuple[str, Split | None], int]
        others = {("a", None): 200, ("b", None): 90, ("b", "test"): 10}
        rest = deal([], [], others, SHARES, 0).others
        counts = {label: [splits.count(n) for n in range(3)] for label, splits in rest.items()}
        assert counts == {"a": [160, 20, 20], "b": [80, 10, 0]}

    def test_pictures_and_others_share_what_there_is_of_a_label(self) -> None:
        near = [(n, n + 1) for n in range(19)]  # one group, and so in one split
        found = deal(some(20, "a"), near, {("a", None): 180}, SHARES, 0)
        assert set(found.pictures) == {"train"}
        assert [found.others["a"].count(n) for n in range(3)] == [140, 20, 20]

    def test_a_part_of_nothing_gets_nothing(self) -> None:
        assert set(dealt(some(50), [], {"train": 1, "val": 0, "test": 1}, 0)) == {"train", "test"}

    def test_another_seed_deals_otherwise(self) -> None:
        assert dealt(some(100), [], SHARES, 0) != dealt(some(100), [], SHARES, 1)

    def test_who_would_join_two_splits_is_left_out(self) -> None:
        pictures = [Picture("a", "x", "train"), Picture("b", "x", "val"), Picture("c", "x")]
        assert dealt(pictures, [(0, 2), (2, 1)], SHARES, 0) == ["train", "val", None]

    def test_who_resembles_one_follows_it_and_so_do_others(self) -> None:
        pictures = [Picture("a", "x", "test"), Picture("b", "x"), Picture("c", "y")]
        assert dealt(pictures, [(0, 1), (1, 2)], SHARES, 0) == ["test", "test", "test"]

    def test_of_nothing_there_is_nothing(self) -> None:
        assert dealt([], [], SHARES, 0) == []

    def test_every_split_is_known(self) -> None:
        assert set(SHARES) == set(SPLITS)
