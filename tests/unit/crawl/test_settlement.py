"""What of a chunk is kept: duplicates, near-duplicates and the quota."""

from hypothesis import given
from hypothesis import strategies as st

from shared.crawl.model import Examined, ImageFacts
from shared.crawl.settle import Settlement
from shared.crawl.settle_repo import KnownImage

PLENTY = 1000


def image(name: str, phash: int = 0, *, side: int = 100) -> ImageFacts:
    return ImageFacts(name, phash, "jpeg", side, side, 1000, f"jobs/1/images/{name}.jpeg")


def known(name: str, phash: int = 0, *, side: int = 100) -> KnownImage:
    return KnownImage(7, name, phash, side, side, is_duplicate=False)


def outcomes(settlement: Settlement) -> dict[int, str]:
    return {key: outcome for key, (outcome, _) in settlement.outcomes.items()}


class TestSettlement:
    def test_keeps_distinct_images(self) -> None:
        examined = [Examined(1, image=image("a", 0)), Examined(2, image=image("b", 0xFFFF))]
        assert outcomes(Settlement([], PLENTY).judge(examined)) == {1: "stored", 2: "stored"}

    def test_passes_rejections_on(self) -> None:
        settlement = Settlement([], PLENTY).judge([Examined(1, "http_404", "gone")])
        assert settlement.outcomes == {1: ("http_404", "gone")}
        assert settlement.kept == {}

    def test_keeps_the_same_bytes_once(self) -> None:
        examined = [Examined(1, image=image("a")), Examined(2, image=image("a"))]
        settlement = Settlement([], PLENTY).judge(examined)
        assert outcomes(settlement) == {1: "stored", 2: "exact_duplicate"}
        assert list(settlement.kept) == [1]

    def test_knows_the_bytes_of_earlier_chunks(self) -> None:
        settlement = Settlement([known("a")], PLENTY).judge([Examined(1, image=image("a"))])
        assert outcomes(settlement) == {1: "exact_duplicate"}

    def test_a_smaller_near_duplicate_points_to_its_original(self) -> None:
        original = known("a", 0b0000, side=200)
        settlement = Settlement([original], PLENTY).judge([Examined(1, image=image("b", 0b1111))])
        assert outcomes(settlement) == {1: "near_duplicate"}
        assert settlement.duplicate_of == {1: original}

    def test_a_larger_near_duplicate_takes_the_place(self) -> None:
        settlement = Settlement([known("a", side=50)], PLENTY).judge(
            [Examined(1, image=image("b"))]
        )
        assert outcomes(settlement) == {1: "stored"}
        assert settlement.demoted == {7: 1}

    def test_five_bits_apart_are_two_pictures(self) -> None:
        settlement = Settlement([known("a", 0)], PLENTY).judge(
            [Examined(1, image=image("b", 0b11111))]
        )
        assert outcomes(settlement) == {1: "stored"}

    def test_never_exceeds_the_quota(self) -> None:
        examined = [Examined(n, image=image(str(n), 0xFF << (8 * n))) for n in range(5)]
        settlement = Settlement([], 2).judge(examined)
        assert list(outcomes(settlement).values()) == ["stored"] * 2 + ["over_quota"] * 3

    def test_replacing_does_not_cost_quota(self) -> None:
        settlement = Settlement([known("a", side=50)], 0).judge([Examined(1, image=image("b"))])
        assert outcomes(settlement) == {1: "stored"}

    @given(st.permutations([(f"{n}", side) for n, side in enumerate((30, 40, 50, 60))]))
    def test_order_does_not_matter_for_which_near_duplicate_stays(
        self, order: list[tuple[str, int]]
    ) -> None:
        examined = [
            Examined(n, image=image(*item[:1], side=item[1])) for n, item in enumerate(order)
        ]
        settlement = Settlement([], PLENTY).judge(examined)
        stored = [
            settlement.kept[k][0].width for k, o in outcomes(settlement).items() if o == "stored"
        ]
        assert stored == [60]
