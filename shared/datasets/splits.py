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


def deal(
    pictures: Sequence[Picture],
    near: Iterable[tuple[int, int]],
    shares: Mapping[Split, float],
    seed: int,
) -> list[Split | None]:
    """The split of each picture; None where it resembles pictures of two splits.

    ``near`` are pairs of places in ``pictures`` that resemble each other, ``shares`` the parts that
    the splits should have of each label, of any sum. The same input gives the same splits in
    whatever order the pictures come.
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
    return groups.splits(shares, seed)


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

    def splits(self, shares: Mapping[Split, float], seed: int) -> list[Split | None]:
        """The split of each picture, dealing the groups that have none yet."""
        members: dict[int, list[int]] = defaultdict(list)
        for place in self._parents:
            members[self._root(place)].append(place)
        total = sum(shares.values())
        labels = Counter(self.pictures[place].label for place in self._parents)
        wanted = {
            (label, split): count * shares[split] / total
            for label, count in labels.items()
            for split in SPLITS
            if shares.get(split)
        }
        for root, split in self._fixed.items():
            self._count(wanted, members[root], split)
        open_groups = [group for root, group in members.items() if root not in self._fixed]
        for group in sorted(open_groups, key=lambda group: self._turn(group, seed)):
            label = self.pictures[self._first(group)].label
            # The one that lacks most; max takes the first of equal ones.
            split = max(
                (split for split in SPLITS if shares.get(split)),
                key=lambda split: wanted[label, split],
            )
            self._fixed[self._root(group[0])] = split
            self._count(wanted, group, split)
        return [
            self._fixed[self._root(place)] if place in self._parents else None
            for place in range(len(self.pictures))
        ]

    def _count(
        self, wanted: dict[tuple[str, Split], float], group: Sequence[int], split: Split
    ) -> None:
        for place in group:
            key = (self.pictures[place].label, split)
            wanted[key] = wanted.get(key, 0) - 1

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
