"""Folders of labels: what file systems refuse, and what readers of datasets misread."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.crawl.folders import MOST_BYTES, folder_name, folder_names

# As `datasets` looks for splits in the names of folders (data_files.py, 5.2).
SPLIT = re.compile(
    r"(^|.*[-._ 0-9/])"
    r"(train|training|validation|valid|val|dev|test|testing|eval|evaluation)"
    r"($|[-._ 0-9/].*)"
)


@pytest.mark.parametrize(
    "label",
    ["cat", "golden retriever", "t-shirt", "犬", "हिन्दी", "café", "attest", "latest", "x" * 100],
)
def test_most_labels_are_their_folders(label: str) -> None:
    assert folder_name(label) == label


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("crash test", "crash Test"),
        ("test drive", "Test drive"),
        ("dev board", "dev board".replace("dev", "Dev")),
        ("train", "Train"),
        ("train/test", "Train_Test"),
        ("train-val_test 2", "Train-Val_Test 2"),
        ("eval1", "Eval1"),
        ("3training", "3Training"),
        ("(valid)", "_Valid_"),
        ("Test", "Test"),
        ("TEST", "TEST"),
        ("x" * (MOST_BYTES - 5) + " tested", "x" * (MOST_BYTES - 5) + " Test"),
    ],
)
def test_a_word_for_a_split_is_capitalised(label: str, folder: str) -> None:
    assert folder_name(label) == folder
    assert not SPLIT.match(folder)


def test_the_words_are_found_that_readers_find() -> None:
    for label in ("crash test", "train", "a/dev", "eval1", "3training", "validation.x"):
        assert SPLIT.match(label)


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("../x", "_x"),
        ("..", "_"),
        ("a/b\\c", "a_b_c"),
        (".hidden", "_hidden"),
        ("__pycache__", "_pycache__"),
        ("a\x00b", "a_b"),
        ("=1+1", "_1_1"),
        (" a ", "a"),
        ("", "_"),
        ("NUL", "NUL_"),
        ("com1", "com1_"),
        ("cafe\u0301", "caf\u00e9"),
        ("犬" * 100, "犬" * 66),
    ],
)
def test_what_is_no_name_becomes_one(label: str, folder: str) -> None:
    assert folder_name(label) == folder


def test_no_two_labels_share_a_folder() -> None:
    assert folder_names(["a/b", "a_b", "A:B", "a_b-2", "test", "Test", "cat", "cat"]) == {
        "a_b": "a_b",
        "a_b-2": "a_b-2",
        "A:B": "A_B-3",
        "a/b": "a_b-4",
        "Test": "Test",
        "test": "Test-2",
        "cat": "cat",
    }


@given(st.lists(st.text(max_size=100), max_size=8))
def test_any_labels_have_folders_of_their_own(labels: list[str]) -> None:
    folders = folder_names(labels)
    assert folders.keys() == set(labels)
    assert len({unicodedata.normalize("NFC", f).casefold() for f in folders.values()}) == len(
        folders
    )
    for folder in folders.values():
        assert folder == folder.strip() != ""
        assert not folder.startswith((".", "__"))
        assert not re.search(r'[\x00-\x1f/\\:*?"<>|.]', folder)
        assert len(folder.encode()) <= 255
        assert not SPLIT.match(folder)
