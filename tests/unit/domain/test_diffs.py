"""Diffs as values: read, printed, applied in whole and in part, named by their content."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.diff_print import print_diff
from paracle.app.domain.diff_text import UnreadableDiff, parse_diff
from paracle.app.domain.diff_words import pairs, word_changes
from paracle.app.domain.diffs import ADDED, REMOVED, FileDiff, Place, Selection, apply_hunks, as_text, shown
from paracle.app.domain.errors import Conflict
from tests.support.diffing import file_diff, hunks_of

# Few different lines, so that texts have much in common; each odd in its own way.
LINES = st.sampled_from(
    ["", "a", "b", "c\r", " d", "-- e", "++ f", "@@ -1 +1 @@", "diff --git a/x b/x", "\\ No", "\udcff", "é"]
)
TEXTS = st.tuples(st.lists(LINES, max_size=12), st.booleans()).map(
    lambda made: "\n".join(made[0]) + ("\n" if made[0] and made[1] else "")
)
NAMES = st.one_of(
    st.sampled_from(["a b", "-rf", 'q"q', "new\nline", "tab\there", "é", "\udcff", "a b/a b", "back\\slash"]),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1),
)
IDS = st.integers(1, 2**64).map(lambda number: f"{number:040x}")
NOTHING = "0" * 40


@st.composite
def file_diffs(draw: st.DrawFn) -> FileDiff:
    """A file with any fate that git tells of."""
    name, other, old, new = draw(NAMES), draw(NAMES), draw(IDS), draw(IDS)
    status = draw(st.sampled_from("AMDRCT"))
    before, after = draw(TEXTS), draw(TEXTS)
    mode = draw(st.sampled_from(["100644", "100755"]))
    binary = draw(st.booleans()) and status != "T"
    base = FileDiff(name, name, "M", mode, "100644", (), binary, old, new)
    match status:
        case "A":
            base = replace(base, status="A", old_mode="000000", new_mode=mode, old_id=NOTHING)
            before = ""
        case "D":
            base = replace(base, status="D", new_mode="000000", new_id=NOTHING)
            after = ""
        case "R" | "C":
            base = replace(base, status=status, new_path=other, similarity=draw(st.integers(50, 100)))
        case "T":
            hunks = hunks_of(before, "") + hunks_of("", after)
            return replace(base, status="T", old_mode="100644", new_mode="120000", hunks=hunks)
    if binary:
        return base
    hunks = hunks_of(before, after, draw(st.integers(1, 4)))
    section = draw(st.sampled_from(["", "def f():", "@@ odd"]))
    return replace(base, hunks=tuple(replace(hunk, section=section) for hunk in hunks))


@given(st.lists(file_diffs(), unique_by=lambda file: file.path, max_size=4))
def test_what_is_printed_is_read_back_as_it_was(files: list[FileDiff]) -> None:
    assert parse_diff(print_diff(files, raw=True)) == tuple(files)


@given(TEXTS, TEXTS, st.integers(1, 4))
def test_all_of_a_diff_makes_the_new_file_and_nothing_of_it_keeps_the_old(
    old: str, new: str, context: int
) -> None:
    hunks = hunks_of(old, new, context)
    assert apply_hunks(old, hunks) == new
    assert apply_hunks(old, hunks, set()) == old


@given(TEXTS, TEXTS, st.data())
def test_what_is_accepted_and_what_is_not_makes_up_the_whole(old: str, new: str, data: st.DataObject) -> None:
    places = sorted(file_diff(old, new).changes)
    accepted = set(data.draw(st.lists(st.sampled_from(places), unique=True)) if places else [])
    partly = apply_hunks(old, hunks_of(old, new), accepted)
    added = sum(place.kind == ADDED for place in accepted)
    removed = len(accepted) - added
    count = len(old.removesuffix("\n").split("\n")) if old else 0
    assert (len(partly.removesuffix("\n").split("\n")) if partly else 0) == count + added - removed


def test_a_line_without_end_gets_one_when_another_follows() -> None:
    hunks = hunks_of("x", "x\nmore\n")
    [last] = [line.place for line in hunks[0].lines if line.text == "more"]
    assert apply_hunks("x", hunks, {last}) == "x\nmore\n"


def test_changes_to_another_file_are_refused() -> None:
    with pytest.raises(Conflict):
        apply_hunks("something else\n", hunks_of("a\nb\n", "a\nc\n"))
    with pytest.raises(Conflict):
        apply_hunks("", hunks_of("a\nb\n", "a\nc\n"))


def test_line_ends_and_bytes_that_are_not_utf_8_are_kept() -> None:
    text = b"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\r\n+\xff\xfe\r\n"
    [file] = parse_diff(text)
    assert [line.text for line in file.hunks[0].lines] == ["a\r", "\udcff\udcfe\r"]
    assert print_diff([file]) == text


def test_a_patch_without_raw_lines_tells_names_modes_and_status() -> None:
    patch = "\n".join(
        [
            "diff --git a/with space b/with space",
            "old mode 100644",
            "new mode 100755",
            'diff --git "a/n\\303\\251" "b/n\\303\\251"',
            "deleted file mode 100644",
            "index 1..0",
            "Binary files differ",
            "diff --git a/old b/new",
            "similarity index 90%",
            "rename from old",
            "rename to new",
            "diff --git a/empty b/empty",
            "new file mode 100644",
            "index 0..e",
            "",
        ]
    )
    mode, gone, moved, empty = parse_diff(patch.encode())
    assert (mode.path, mode.status, mode.mode_changed) == ("with space", "M", True)
    assert (gone.path, gone.status, gone.is_binary) == ("né", "D", True)
    assert (moved.old_path, moved.path, moved.status, moved.similarity) == ("old", "new", "R", 90)
    assert (empty.path, empty.status, empty.hunks) == ("empty", "A", ())


@pytest.mark.parametrize(
    "text",
    [
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n*a\n",
        "diff --git a/x b/x\nwhat is this\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ nonsense @@\n",
        ":100644 100644 a b\tx\n",
        ":100644 100644 a b M\tx\n\ndiff --git a/y b/y\nold mode 100644\nnew mode 100755\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nmore of it\n",
    ],
)
def test_what_is_not_a_diff_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDiff):
        parse_diff(text.encode())


def test_nothing_is_no_files() -> None:
    assert parse_diff(b"") == ()
    assert print_diff([]) == b""


# Names by content


def test_a_hunk_keeps_its_name_when_it_moves_and_when_more_context_is_shown() -> None:
    body = "".join(f"line {number}\n" for number in range(40))
    changed = body.replace("line 20\n", "twenty\n")
    here, wide = file_diff(body, changed), file_diff(body, changed, context=9)
    moved = file_diff("above\n" * 7 + body, "above\n" * 7 + changed)
    assert here.keys == wide.keys == moved.keys
    assert here.keys != file_diff(body, changed.replace("twenty", "XX")).keys


def test_equal_hunks_in_a_file_have_names_of_their_own_that_change_with_their_number() -> None:
    body = "x\n" + "".join(f"{number}\n" for number in range(20))
    twice = file_diff(body * 2, body.replace("x", "y") * 2)
    thrice = file_diff(body * 3, body.replace("x", "y") * 3)
    assert len(set(twice.keys)) == 2
    assert len(set(thrice.keys)) == 3
    assert not set(twice.keys) & set(thrice.keys)


def test_a_missing_line_end_is_part_of_the_content() -> None:
    assert file_diff("a\n", "b\n").keys != file_diff("a\n", "b").keys


# Selections


def test_all_lines_of_a_file_are_the_file_and_no_lines_are_nothing() -> None:
    file = file_diff("a\nb\n", "c\nd\n")
    assert Selection().with_hunk("a.py", file.hunks[0]).of(file) is None
    assert Selection.of_files([file]).of(file) is None
    assert Selection().of(file) == frozenset()
    assert Selection().with_places("a.py", [Place(REMOVED, 1)]).of(file) == frozenset([Place(REMOVED, 1)])


def test_a_selection_of_a_diff_that_has_changed_is_refused() -> None:
    file = file_diff("a\nb\n", "c\nd\n")
    with pytest.raises(Conflict, match="not what the file changes"):
        Selection().with_places("a.py", [Place(ADDED, 9)]).of(file)


def test_half_of_a_link_is_refused() -> None:
    file = replace(file_diff("a", "b"), old_mode="120000", new_mode="120000")
    with pytest.raises(Conflict, match="whole"):
        Selection().with_places("a.py", [Place(ADDED, 1)]).of(file)
    assert Selection().with_hunk("a.py", file.hunks[0]).of(file) is None


# Lines and words side by side


def test_removed_lines_stand_beside_the_lines_that_took_their_place() -> None:
    [hunk] = hunks_of("a\nb\nc\n", "a\nx\ny\nz\nc\n")
    assert [tuple(pair) for pair in pairs(hunk)] == [(0, 0), (1, 2), (None, 3), (None, 4), (5, 5)]


def test_a_line_stands_beside_the_one_it_is_most_like() -> None:
    [hunk] = hunks_of("def total(a, b):\n", "log = 1\n\ndef total(a, b, c):\nx\n")
    assert [tuple(pair) for pair in pairs(hunk)] == [(None, 1), (None, 2), (0, 3), (None, 4)]


@given(TEXTS, TEXTS)
def test_every_line_stands_somewhere_and_in_order(old: str, new: str) -> None:
    for hunk in hunks_of(old, new):
        found = list(pairs(hunk))
        left = [pair.left for pair in found if pair.left is not None]
        right = [pair.right for pair in found if pair.right is not None]
        assert left == [index for index, line in enumerate(hunk.lines) if line.kind != ADDED]
        assert right == [index for index, line in enumerate(hunk.lines) if line.kind != REMOVED]


def marked(old: str, new: str) -> tuple[list[str], list[str]]:
    before, after = word_changes(old, new)
    return [old[a:b] for a, b in before], [new[a:b] for a, b in after]


def test_the_words_that_differ_are_named() -> None:
    assert marked("return a + b", "return a - b") == (["+"], ["-"])
    assert marked("def f(a):", "def f(a, b):") == ([], [", b"])
    assert marked("one two three", "one 2 3 three") == (["two"], ["2 3"])


def test_lines_with_little_in_common_have_no_words_marked() -> None:
    assert marked("import os", "x = {1: 2}") == ([], [])


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_not_marked_is_the_same_on_both_sides(old: str, new: str) -> None:
    before, after = word_changes(old, new)
    if before or after:
        assert _without(old, before).split() == _without(new, after).split() or (
            _without(old, before).replace(" ", "") == _without(new, after).replace(" ", "")
        )


def _without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    for first, end in reversed(spans):
        text = text[:first] + text[end:]
    return text


def test_a_line_of_a_million_words_is_compared_in_no_time() -> None:
    begun = time.perf_counter()
    before, after = word_changes("a " * 500_000 + "end", "b " * 500_000 + "end")
    assert (before, after) == ((), ())
    assert word_changes("same " * 200_000 + "x", "same " * 200_000 + "y") == (
        ((1_000_000, 1_000_001),),
        ((1_000_000, 1_000_001),),
    )
    assert time.perf_counter() - begun < 5


def test_names_are_shown_without_bytes_that_cannot_be_printed() -> None:
    assert shown(as_text(b"caf\xe9")) == "caf\\xe9"
