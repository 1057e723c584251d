"""What a label may be, and which categories fit the keywords of a job."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.crawl.labels import Label, find_problem, fold, labels_of, other_spelling

KEYWORDS = ["dog", "cat", "oak"]
LABEL: TypeAdapter[str] = TypeAdapter(Label)
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


class TestLabel:
    @pytest.mark.parametrize(
        "text", ["mammal", "crash test", "../x", "=1+1", "犬", "x" * 100, "👨‍👩‍👧"]
    )
    def test_is_any_text_in_one_line(self, text: str) -> None:
        assert LABEL.validate_python(f" {text} ") == text

    @pytest.mark.parametrize(
        "text", ["", "  ", "\u200b", "x" * 101, "a\x00b", "a\nb", "a\tb", "a\x7fb", "a\u2028b"]
    )
    def test_is_nothing_else(self, text: str) -> None:
        with pytest.raises(ValidationError):
            LABEL.validate_python(text)


class TestFold:
    @pytest.mark.parametrize("other", ["CAF\u00c9", DECOMPOSED, " caf\u00e9 ", "CAFE\u0301"])
    def test_case_form_and_blanks_make_no_difference(self, other: str) -> None:
        assert fold(other) == fold(COMPOSED)

    def test_an_accent_does(self) -> None:
        assert fold("cafe") != fold(COMPOSED)


class TestFindProblem:
    @pytest.mark.parametrize(
        "categories",
        [
            {},
            {"mammal": ["dog", "cat"]},
            {"mammal": ["dog", "cat"], "tree": ["oak"]},
            {"dog": ["dog", "cat"]},
            {"dog": ["cat"], "wolf": ["dog"]},
        ],
    )
    def test_none_where_each_keyword_has_one_label(self, categories: dict[str, list[str]]) -> None:
        assert find_problem(KEYWORDS, categories) is None

    @pytest.mark.parametrize(
        ("categories", "problem"),
        [
            ({"mammal": ["dog", "Cat", "bat"]}, "no keyword of the job: Cat, bat"),
            ({"mammal": ["dog", "cat"], "pet": ["dog"]}, "in more than one category: dog"),
            ({"Oak": ["dog"]}, "only in case or Unicode form: Oak, oak"),
            ({"oak": ["dog"]}, "only in case or Unicode form: oak, oak"),
            ({"pet": ["dog"], "PET": ["cat"]}, "only in case or Unicode form: PET, pet"),
            ({COMPOSED: ["dog"], DECOMPOSED: ["cat"]}, "only in case or Unicode form: "),
        ],
    )
    def test_names_what_does_not_fit(self, categories: dict[str, list[str]], problem: str) -> None:
        assert problem in (find_problem(KEYWORDS, categories) or "")


def test_labels_are_the_categories_and_the_keywords_in_none() -> None:
    assert labels_of(KEYWORDS, {"mammal": ["cat", "dog"]}) == ["mammal", "oak"]


@pytest.mark.parametrize(("label", "own"), [("OAK", "oak"), ("oak", None), ("ash", None)])
def test_another_spelling_of_a_label_is_found(label: str, own: str | None) -> None:
    assert other_spelling(label, KEYWORDS) == own
