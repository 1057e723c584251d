"""Which images are trained with and which are kept for tests: splits without leaks.

Images that resemble each other are one group, and a group is in one split. Labels are divided in
the same shares. An image stays in the split that it had in the version before.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Split = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image to be dealt: ``was`` is the split that it had."""

    sha256: str
    label: str
    was: Split | None = None


@dataclass(frozen=True, slots=True)
class Dealt:
    """The split of each picture, None where it resembles pictures of two splits; and those of
    others, by label: a byte for each that had none, its split's place in `SPLITS`."""

    pictures: list[Split | None]
    others: dict[str, bytes]


def deal(
    pictures: Sequence[Picture],
    near: Iterable[tuple[int, int]],
    others: Mapping[tuple[str, Split | None], int],
    shares: Mapping[Split, float],
    seed: int,
) -> Dealt:
    """Deals ``pictures`` and, by their number alone, ``others``, which resemble none.

    ``near`` are pairs of places in ``pictures`` that resemble each other; ``others`` counts images
    by label and the split that they had; ``shares`` are the parts that the splits should have of
    each label, of any sum. The same input gives the same splits in whatever order the pictures
    come.
    """
    groups = _Groups(pictures)
    for one, other in near:
        groups.neighbours[one].append(other)
        groups.neighbours[other].append(one)
    # First those that have a split: whoever resembles them must follow.
    for place in sorted(
        range(len(pictures)), key=lambda p: (not pictures[p].was, _key(pictures, p))
    ):
        groups.place(place)
    labels = groups.count_labels()
    for (label, _), count in others.items():
        labels[label] += count
    quota = _Quota(labels, shares)
    for (label, split), count in others.items():
        if split:
            quota.take(label, split, count)
    splits = groups.splits(quota, seed)
    rest = {label: quota.deal(label, count) for (label, was), count in others.items() if not was}
    return Dealt(splits, rest)


class _Quota:
    """What each split lacks of each label: parts of an image count."""

    def __init__(self, labels: Mapping[str, int], shares: Mapping[Split, float]) -> None:
        total = sum(shares.values())
        self._lacking: dict[str, dict[Split, float]] = {
            label: {split: count * shares[split] / total for split in SPLITS if shares.get(split)}
            for label, count in labels.items()
        }

    def take(self, label: str, split: Split, images: int = 1) -> None:
        """So many images of the label are in the split."""
        lacking = self._lacking[label]
        if split in lacking:
            lacking[split] -= images

    def first(self, label: str) -> Split:
        """The split that lacks most of the label, the first of equal ones."""
        lacking = self._lacking[label]
        return max(lacking, key=lacking.__getitem__)

    def deal(self, label: str, images: int) -> bytes:
        """The splits of so many images of the label, one after the other."""
        dealt = bytearray()
        for _ in range(images):
            split = self.first(label)
            self.take(label, split)
            dealt.append(SPLITS.index(split))
        return bytes(dealt)


@dataclass(slots=True)
class _Groups:
    """Pictures in groups of which each is in one split (disjoint sets with path halving)."""

    pictures: Sequence[Picture]
    neighbours: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _parents: dict[int, int] = field(default_factory=dict)
    _fixed: dict[int, Split] = field(default_factory=dict)  # by the root of a group

    def place(self, place: int) -> None:
        """Puts the picture into the group of those that it resembles, unless they are apart."""
        roots = {self._root(other) for other in self.neighbours[place] if other in self._parents}
        was = self.pictures[place].was
        fixed = {self._fixed[root] for root in roots if root in self._fixed} | {was} - {None}
        if len(fixed) > 1:
            if was is None:
                return
            roots = {root for root in roots if self._fixed.get(root) == was}
            fixed = {was}
        self._parents[place] = place
        for root in roots:
            self._parents[root] = place
            self._fixed.pop(root, None)
        self._fixed.update((place, split) for split in fixed if split)

    def count_labels(self) -> Counter[str]:
        """How many pictures of each label are placed."""
        return Counter(self.pictures[place].label for place in self._parents)

    def splits(self, quota: _Quota, seed: int) -> list[Split | None]:
        """The split of each picture, dealing the groups that have none yet."""
        members: dict[int, list[int]] = defaultdict(list)
        for place in self._parents:
            members[self._root(place)].append(place)
        for root, split in self._fixed.items():
            self._count(quota, members[root], split)
        open_groups = [group for root, group in members.items() if root not in self._fixed]
        for group in sorted(open_groups, key=lambda group: self._turn(group, seed)):
            split = quota.first(self.pictures[self._first(group)].label)
            self._fixed[self._root(group[0])] = split
            self._count(quota, group, split)
        return [
            self._fixed[self._root(place)] if place in self._parents else None
            for place in range(len(self.pictures))
        ]

    def _count(self, quota: _Quota, group: Sequence[int], split: Split) -> None:
        for place in group:
            quota.take(self.pictures[place].label, split)

    def _turn(self, group: Sequence[int], seed: int) -> tuple[int, bytes]:
        """Large groups before they do not fit any more, else as the seed has it."""
        first = self.pictures[self._first(group)].sha256
        return -len(group), hashlib.sha256(f"{seed}:{first}".encode()).digest()

    def _first(self, group: Sequence[int]) -> int:
        return min(group, key=lambda place: _key(self.pictures, place))

    def _root(self, place: int) -> int:
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place


def _key(pictures: Sequence[Picture], place: int) -> str:
    return pictures[place].sha256
