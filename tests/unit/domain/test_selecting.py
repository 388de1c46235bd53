"""Files and hunks by the words of a command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paracle.app.domain.diffs import Selection
from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.selecting import select
from tests.support.diffing import file_diff

OLD = "".join(f"line {number}\n" for number in range(60))
CODE = file_diff(OLD, OLD.replace("line 9\n", "nine\n").replace("line 40\n", "forty\n"), "src/code.py")
MOVED = replace(file_diff("a\n", "b\n", "docs/new.md"), old_path="docs/old.md", status="R")
FILES = (CODE, MOVED)


def test_a_file_is_named_by_either_name_or_by_its_folder() -> None:
    both = Selection.of_files(FILES)
    assert select(FILES, ["src/code.py", "docs/old.md"]) == both
    assert select(FILES, ["src/", "docs"]) == both
    assert select(FILES, ["."]) == both


def test_a_hunk_is_named_by_its_number_or_by_the_beginning_of_its_name() -> None:
    second = Selection().with_hunk("src/code.py", CODE.hunks[1])
    assert select(FILES, hunks=["src/code.py#2"]) == second
    assert select(FILES, hunks=[CODE.keys[1][:6]]) == second
    assert select(FILES, ["src/code.py"], [CODE.keys[1]]).of(CODE) is None


@pytest.mark.parametrize("word", ["src/code.py#3", "src/code.py#0", "zzz", "", "#1", "src/code.py#²"])
def test_a_hunk_that_is_not_there_is_not_found(word: str) -> None:
    with pytest.raises(NotFound):
        select(FILES, hunks=[word])


def test_a_file_that_does_not_differ_is_not_found() -> None:
    with pytest.raises(NotFound, match="sr"):
        select(FILES, ["sr"])


def test_a_name_that_several_hunks_begin_with_is_refused() -> None:
    body = "x\n" + "".join(f"{number}\n" for number in range(20))
    twice = file_diff(body * 2, body.replace("x", "y") * 2)
    with pytest.raises(Conflict, match="Several"):
        select([twice], hunks=[twice.keys[0].partition("-")[0]])
