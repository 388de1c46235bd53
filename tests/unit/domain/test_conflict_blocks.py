"""Files with conflict markers, held against what git itself makes of the same three texts."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paracle.app.domain.conflict_blocks import (
    Side,
    free_size,
    number_blocks,
    parse,
    replaced,
    stray_marker,
    tail_of,
)

TWO = b"""top
<<<<<<< main
ours 1
||||||| base
base 1
=======
theirs 1
>>>>>>> run
middle
<<<<<<< main
||||||| base
base 2
=======
theirs 2
>>>>>>> run
"""
WORDS = ("a", "b", "", "=======", "<<<<<<< x", "|||||||", ">>>>>>> y", "<<<<<<<< longer", "\tc\r")


@st.composite
def texts(draw: st.DrawFn) -> dict[str, bytes]:
    """Three versions of a file, with one kind of line end, some without the last one."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    base = draw(st.lists(st.sampled_from(WORDS), max_size=7))
    found = {}
    for side in ("ours", "base", "theirs"):
        lines = list(base)
        for _ in range(0 if side == "base" else draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(lines)))
            lines[at : at + draw(st.integers(0, 2))] = draw(
                st.lists(st.sampled_from(["X", "Y", *WORDS]), max_size=2)
            )
        last = end if draw(st.booleans()) else ""
        found[side] = (end.join(lines) + (last if lines else "")).encode()
    return found


def merged(sides: Mapping[str, bytes], size: int, *options: str) -> bytes:
    """What git makes of it."""
    with TemporaryDirectory() as folder:
        for side, text in sides.items():
            (Path(folder) / side).write_bytes(text)
        words = ["git", "merge-file", "-p", "--diff3", f"--marker-size={size}", *options]
        done = subprocess.run(
            [*words, "ours", "base", "theirs"], cwd=folder, capture_output=True, check=False
        )
    assert 0 <= done.returncode < 128, done.stderr
    return done.stdout


@given(texts())
@example({"ours": b"a\nX\nb", "base": b"a\nb", "theirs": b"a\n"})
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@pytest.mark.parametrize(
    ("side", "option"), [("ours", "--ours"), ("theirs", "--theirs"), ("both", "--union")]
)
def test_all_blocks_from_one_side_are_the_file_that_git_makes_of_that_side(
    side: Side, option: str, sides: dict[str, bytes]
) -> None:
    size = free_size(sides.values())
    tails = {name: tail_of(text) for name, text in sides.items()}
    content = merged(sides, size)
    while blocks := parse(content, size, tails):
        content = replaced(content, blocks[0], side)
    assert content == merged(sides, size, option)
    assert stray_marker(content, size) == 0


@given(texts(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_a_resolved_block_changes_no_other_byte_and_no_other_number(
    sides: dict[str, bytes], random: Random
) -> None:
    size = free_size(sides.values())
    content = merged(sides, size)
    first = parse(content, size)
    order = list(range(1, len(first) + 1))
    random.shuffle(order)
    taken: set[int] = set()
    for number in order:
        now = parse(content, size)
        block = dict(zip(number_blocks(first, now, taken), now, strict=True))[number]
        was = first[number - 1]
        assert (block.ours, block.base, block.theirs) == (was.ours, was.base, was.theirs)
        after = replaced(content, block, "theirs")
        assert after.startswith(content[: block.start])
        assert after.endswith(content[block.end :])
        content, taken = after, {*taken, number}
    assert parse(content, size) == ()


def test_the_sides_and_lines_of_each_block_are_found() -> None:
    one, two = parse(TWO)
    assert (one.ours, one.base, one.theirs) == ((b"ours 1\n",), (b"base 1\n",), (b"theirs 1\n",))
    assert (one.line, one.last, two.line, two.last) == (2, 8, 10, 15)
    assert (two.ours, two.base) == ((), (b"base 2\n",))
    assert replaced(TWO, one, "base").startswith(b"top\nbase 1\nmiddle\n<<<<<<<")


def test_a_block_without_a_base_has_none() -> None:
    (block,) = parse(b"<<<<<<< a\none\n=======\ntwo\n>>>>>>> b\n")
    assert (block.ours, block.base, block.theirs) == ((b"one\n",), None, (b"two\n",))
    assert block.content("base") == b""


@pytest.mark.parametrize(
    "text",
    [
        b"<<<<<<< a\none\n>>>>>>> b\n",
        b"<<<<<<< a\none\n=======\n",
        b"a\n=======\nb\n>>>>>>> b\n",
        b"<<<<<<<a\none\n=======\ntwo\n>>>>>>> b\n",
        b"<<<<<<< a\none\0\n=======\ntwo\n>>>>>>> b\n",
    ],
    ids=["no middle", "no end", "no start", "no marker", "binary"],
)
def test_what_is_no_whole_block_is_text(text: bytes) -> None:
    assert parse(text) == ()


def test_a_block_that_was_begun_twice_is_the_second_one() -> None:
    (block,) = parse(b"<<<<<<< a\nlost\n" + TWO[: TWO.index(b"middle")])
    assert (block.line, block.ours) == (4, (b"ours 1\n",))


def test_markers_of_another_length_are_text_of_the_block() -> None:
    inner = b"<<<<<<<<< x\n1\n|||||||||\n2\n=========\n3\n>>>>>>>>> y\n"
    (block,) = parse(b"<<<<<<< a\no\n||||||| b\n" + inner + b"=======\nt\n>>>>>>> c\n")
    assert b"".join(block.base or ()) == inner
    (block,) = parse(b"======\n" + inner, 9)
    assert block.theirs == (b"3\n",)


def test_headings_and_examples_in_the_text_make_the_markers_longer() -> None:
    assert free_size([b"Title\n=====\n"]) == 7
    assert free_size([b"Heading\n=======\n"]) == 8
    assert free_size([b"a\n<<<<<<< b\n", b"||||||||\r\n", b">>>>>>>>>"]) == 10
    assert free_size([b"=======x\n"], 7) == 7


def test_a_marker_that_is_left_is_found_by_its_line() -> None:
    assert stray_marker(b"a\n>>>>>>> run\n") == 2
    assert stray_marker(b"a\r\n<<<<<<<\r\n") == 2
    assert stray_marker(b"Heading\n=======\n") == 0
    assert stray_marker(b"a\n>>>>>>> run\n", 8) == 0


def test_blocks_that_were_resolved_by_hand_leave_the_others_their_numbers() -> None:
    parts = [b"<<<<<<< a\n%d\n||||||| b\n=======\n>>>>>>> c\n" % number for number in range(5)]
    first = parse(b"".join(parts))
    assert number_blocks(first, parse(parts[1] + parts[4])) == (2, 5)
    assert number_blocks(first, parse(parts[2]), taken={1}) == (3,)
    assert number_blocks(first, parse(parts[0] + parts[3]), taken={2, 3}) == (1, 4)


def test_a_block_that_was_written_by_hand_gets_a_number_of_its_own() -> None:
    new = b"<<<<<<< a\nnew\n=======\n>>>>>>> c\n"
    first = parse(TWO)
    assert number_blocks(first, parse(new + TWO)) == (3, 1, 2)
    assert number_blocks(first, parse(TWO + new + new)) == (1, 2, 3, 4)
