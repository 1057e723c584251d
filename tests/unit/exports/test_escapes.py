"""What strangers write stays text, in whatever file it stands."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.exports.escapes import markdown, markdown_link, one_line, yaml_value
from shared.exports.label_files import LabelWriter

# PostgreSQL holds neither NUL nor half a pair of UTF-16.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ODD = ["\x7f", "\x80", "\x85", "\u2028", "\ufeff", "\ufffe", "\uffff", "\t\r\n", "'\"", "😀", ": #"]


class TestYaml:
    @pytest.mark.parametrize("odd", ODD)
    def test_every_character_comes_back(self, odd: str) -> None:
        assert yaml.safe_load(f"name: {yaml_value(f'a{odd}b')}\n") == {"name": f"a{odd}b"}

    @given(TEXT, TEXT)
    def test_text_comes_back(self, one: str, other: str) -> None:
        read = yaml.safe_load(f"- {yaml_value({'a': one})}\n- {yaml_value([other])}\n")
        assert read == [{"a": one}, [other]]


class TestMarkdown:
    def test_what_means_something_is_escaped(self) -> None:
        assert markdown("<b>|`x`\n# [y]") == r"\<b\>\|\`x\` \# \[y\]"

    def test_a_link_ends_where_its_address_ends(self) -> None:
        link = markdown_link("https://a.example/x y>|<script>\nz")
        assert link == "<https://a.example/x%20y%3E%7C%3Cscript%3E%0Az>"


@given(TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(f"a{text}b").splitlines()) == 1
    assert "\t" not in one_line(text)


class TestLabelFiles:
    @pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\n=1", "＝1", "＋1"])
    def test_a_spreadsheet_computes_nothing(self, cell: str) -> None:
        line = LabelWriter("csv").add([{"file_name": "a.jpg", "label": cell}])
        assert f"'{cell}" in line

    def test_a_line_of_text_has_two_columns_whatever_the_label(self) -> None:
        text = LabelWriter("txt").add([{"file_name": "a.jpg", "label": "a\tb\nc  d"}])
        assert text == "a.jpg\ta b c  d\n"
