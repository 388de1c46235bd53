"""Which step wrote a hunk, and what a review is compared with besides the fork."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.services import review
from paracle.app.services.review_bases import LAST_STEP, UNCOMMITTED, Ends, known_names
from paracle.app.services.review_steps import Step, steps_of
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, calls, commands, says, writes

CODE = "".join(f"line {number}\n" for number in range(40))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def edit(old: str, new: str) -> tuple[str, dict[str, str]]:
    return "edit_file", {"path": "long.py", "old": old, "new": new}


def run(studio: Studio) -> str:
    """Three steps that change one file in four places; gives the run's id."""
    studio.repo.commit("feat: a file", long_py=CODE, gone_py="away\n")
    receipt, _ = studio.run(
        calls(edit("line 2\n", "line two\n")),
        calls(edit("line 4\n", "line four\n")),
        calls(edit("line 20\n", ""), edit("line 30\n", "line thirty\n")),
        commands("sh", "-c", "rm gone.py; echo new > 'new file.txt'"),
        says("Done."),
    )
    return receipt.execution


def steps(here: Workspace, wanted: str, path: str, against: str = "") -> list[tuple[Step, ...]]:
    """The steps of each hunk of a file, in the order of the hunks."""
    reviewed = review.open_review(here, wanted, against)
    file = review.find_file(review.files(reviewed), path)
    found = steps_of(here, reviewed, file)
    return [found.get(key, ()) for key in file.keys]


def test_each_hunk_knows_the_steps_that_wrote_it(studio: Studio) -> None:
    wanted = run(studio)
    with studio.open() as here:
        two, one, other = steps(here, wanted, "long.py")
        assert [tool for _, tool in two] == ["edit_file", "edit_file"]
        assert two[0][0] < two[1][0] < one[0][0] < other[0][0]
        assert [tool for _, tool in (*one, *other)] == ["edit_file", "edit_file"]


def test_removed_lines_and_files_know_theirs_too(studio: Studio) -> None:
    wanted = run(studio)
    with studio.open() as here:
        [[(_, tool)]] = steps(here, wanted, "gone.py")
        [[(_, other)]] = steps(here, wanted, "new file.txt")
    assert (tool, other) == ("run_command", "run_command")


def test_a_commit_by_hand_on_the_branch_is_no_step(studio: Studio) -> None:
    wanted = run(studio)
    with studio.open() as here:
        branch = here.store.execution(wanted).branch
        studio.repo.git("switch", "--quiet", branch)
        studio.repo.commit("mine", long_py=CODE.replace("line 10\n", "line ten\n"))
        studio.repo.git("switch", "--quiet", "main")
        assert steps(here, wanted, "long.py") == [()]


def test_against_the_last_step_only_its_own_changes_are_there(studio: Studio) -> None:
    wanted = run(studio)
    with studio.open() as here:
        last = review.open_review(here, wanted, LAST_STEP)
        assert [file.path for file in review.files(last)] == ["gone.py", "new file.txt"]
        [[(_, tool)]] = steps(here, wanted, "gone.py", LAST_STEP)
    assert tool == "run_command"


def test_any_name_that_git_knows_is_something_to_compare_with(studio: Studio) -> None:
    wanted = run(studio)
    with studio.open() as here:
        fork = review.open_review(here, wanted)
        names = known_names(fork.repository, Ends(fork.base, fork.tip))
        assert "main" in names
        assert len([name for name in names if fork.tip.startswith(name)]) == 1
        for name in ("main", fork.base[:9], "main~1", names[-1]):
            assert review.open_review(here, wanted, name).tip == fork.tip
        assert review.open_review(here, wanted, "main").base == fork.base


@pytest.mark.parametrize("name", ["nowhere", "-x", "--all", "a b", "main..main", "main:long.py", "\n"])
def test_a_name_that_git_does_not_know_is_refused_with_what_to_name(studio: Studio, name: str) -> None:
    wanted = run(studio)
    with studio.open() as here, pytest.raises(NotFound) as told:
        review.open_review(here, wanted, name)
    assert "branch" in told.value.hint


def test_what_was_uncommitted_is_gone_with_the_work_tree(studio: Studio) -> None:
    receipt, _ = studio.run(writes("a.txt"), says("Done."))
    with studio.open() as here, pytest.raises(Conflict, match="Nothing is uncommitted"):
        review.open_review(here, receipt.execution, UNCOMMITTED)


def test_the_files_of_a_work_tree_that_is_still_there_are_shown_and_left_alone(studio: Studio) -> None:
    ignored = "echo '*.keep' > .gitignore; echo one > kept.keep; echo a > a.txt"  # so the work tree stays
    receipt, _ = studio.run(commands("sh", "-c", ignored), says("Done."))
    worktree = Path(receipt.worktree)
    (worktree / "a.txt").write_text("b\n")
    (worktree / "fresh.txt").write_text("new\n")
    index = Path(studio.repo.git("-C", str(worktree), "rev-parse", "--absolute-git-dir")) / "index"
    before = index.read_bytes()
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution, UNCOMMITTED)
        assert [file.path for file in review.files(reviewed)] == ["a.txt", "fresh.txt"]
    assert index.read_bytes() == before
