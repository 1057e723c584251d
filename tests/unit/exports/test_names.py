"""Names of folders that stay apart, inside their parent, and that loaders take for labels."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.exports.names import MOST_BYTES, folder_names

LABELS = st.lists(st.text(min_size=1, max_size=150), max_size=10)


class TestFolderNames:
    @given(LABELS)
    def test_each_is_one_folder_inside_its_parent(self, labels: list[str]) -> None:
        for folder in folder_names(labels).values():
            for kind in (PurePosixPath, PureWindowsPath):
                assert kind("up", folder).parts == ("up", folder)
            assert folder not in (".", "..", "")
            assert folder[-1] not in ". "
            assert len(folder.encode()) <= MOST_BYTES + 10
            assert not any(unicodedata.category(c).startswith("C") for c in folder)

    @given(LABELS)
    def test_no_file_system_takes_two_for_one(self, labels: list[str]) -> None:
        folders = folder_names(labels).values()
        folded = {unicodedata.normalize("NFKC", folder).casefold() for folder in folders}
        assert len(folded) == len(set(labels))

    @given(LABELS, st.randoms())
    def test_the_order_of_labels_does_not_matter(self, labels: list[str], chance: object) -> None:
        assert folder_names(labels) == folder_names(reversed(labels))

    @pytest.mark.parametrize(
        ("label", "folder"),
        [
            ("cat", "cat"),
            ("crash test", "crash Test"),
            ("test drive", "Test drive"),
            ("dev-board_2", "Dev-board_2"),
            ("7eval9", "7Eval9"),
            ("testing grounds", "Testing grounds"),
            ("latest trains", "latest trains"),
            ("Test", "Test"),
            ("../up", "_up"),
            ("a/b\\c", "a_b_c"),
            (".hidden", "hidden"),
            ("con", "_con"),
            ("com¹", "_com¹"),
            ("50% `off`", "50_ _off_"),
            (f"{'a' * 95} testing2", f"{'a' * 95} Test"),
            ("lpt1.x", "_lpt1.x"),
            ("__private", "_private"),
            ("a\x00\u202eb", "a__b"),
            ("...", "_"),
        ],
    )
    def test_what_a_label_becomes(self, label: str, folder: str) -> None:
        assert folder_names([label]) == {label: folder}

    def test_labels_that_differ_in_case_or_form_are_numbered(self) -> None:
        assert folder_names(["CAT", "cat", "e\u0301", "\u00e9"]) == {
            "CAT": "CAT", "cat": "cat_2", "e\u0301": "\u00e9", "\u00e9": "\u00e9_2",
        }  # fmt: skip
