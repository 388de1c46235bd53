"""A folder without git: executions work on copies; what they did is reviewed, brought in, taken back."""

import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound, UsageError
from paracle.app.domain.history import Merged, Mode
from paracle.app.domain.selecting import select
from paracle.app.git.applying import ApplyConflicts
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.previews import NothingToMerge
from paracle.app.services import history, review
from paracle.app.services.history_folders import FilesMoved
from tests.support.folders import Plain
from tests.support.history import lines, write


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Plain]:
    """Two files, no git, no execution yet, the project open."""
    with Plain(tmp_path) as plain:
        yield plain


def test_branches_show_what_each_copy_would_bring(plain: Plain) -> None:
    run = plain.execution({"a": "1\n"}, {"app.py": lines("one", "two", "THREE")})
    (row,) = history.branches(plain.workspace)
    assert (row.execution, row.agent, row.state) == (run, "fixer", "completed")
    assert row.figures is not None
    assert (row.figures.ahead, row.figures.behind, row.figures.files) == (2, 0, 2)
    assert (row.figures.added, row.figures.removed) == (2, 1)
    assert row.figures.merged is Merged.NO
    assert history.show(plain.workspace, run[:8]) == row
    assert [file.path for file in history.files(plain.workspace, run)] == ["a", "app.py"]
    assert [file.path for file in history.diff(plain.workspace, "last", file="a")] == ["a"]
    assert history.waiting(plain.workspace) == ()
    assert history.clashes(plain.workspace) == ()
    assert history.target(plain.workspace) == ""


def test_apply_brings_the_files_in_and_undo_takes_them_out_to_the_last_byte_and_mode(plain: Plain) -> None:
    plain.write({"gone.txt": b"\r\nbytes\x00\xff", "tool.sh": "#!/bin/sh\n", "deep/er/only.txt": "x\n"})
    (plain.folder / "tool.sh").chmod(0o750)
    (plain.folder / "gone.txt").chmod(0o600)
    (plain.folder / "app.py").chmod(0o600)
    (plain.folder / "link").symlink_to("notes.md")
    run = plain.execution(
        {"gone.txt": None, "app.py": "new\n", "sub/new.txt": b"\xfe\r\n", "deep/er/only.txt": None},
        links={"link": "app.py", "another": "sub"},
        modes={"tool.sh": 0o644},
    )
    before = plain.fingerprint()

    done = history.apply(plain.workspace, run)

    assert (done.kind, done.executions, done.moves) == ("apply", (run,), ())
    assert (plain.folder / "app.py").read_text() == "new\n"
    assert stat.S_IMODE((plain.folder / "app.py").stat().st_mode) == 0o600
    assert stat.S_IMODE((plain.folder / "tool.sh").stat().st_mode) == 0o640
    assert (plain.folder / "sub/new.txt").read_bytes() == b"\xfe\r\n"
    assert (plain.folder / "link").readlink() == Path("app.py")
    assert (plain.folder / "another").readlink() == Path("sub")
    assert not (plain.folder / "gone.txt").exists()
    assert not (plain.folder / "deep").exists()
    assert not (plain.folder / ".git").exists()

    history.undo(plain.workspace)
    assert plain.fingerprint() == before
    history.apply(plain.workspace, run)
    history.undo(plain.workspace)
    assert plain.fingerprint() == before


def test_what_the_user_changed_meanwhile_is_merged(plain: Plain) -> None:
    run = plain.execution({"app.py": lines("one", "two", "THREE"), "notes.md": "# other\n"})
    plain.write({"app.py": lines("ONE", "two", "three"), "notes.md": "# other\n", "mine.txt": "mine\n"})
    history.apply(plain.workspace, run)
    assert plain.read("app.py") == lines("ONE", "two", "THREE")
    plain.write({"app.py": lines("ONE", "TWO", "THREE")})
    history.undo(plain.workspace)
    assert plain.read("app.py") == lines("ONE", "TWO", "three")
    assert plain.read("notes.md") == "# other\n"
    assert plain.read("mine.txt") == "mine\n"


def test_conflicts_are_named_and_nothing_is_written(plain: Plain) -> None:
    run = plain.execution({"app.py": lines("one", "TWO", "three"), "new": "theirs\n", "other": "1\n"})
    plain.write({"app.py": lines("one", "zwei", "three"), "new": "mine\n"})
    before = plain.fingerprint()
    seen = history.preview(plain.workspace, run)
    assert set(seen.conflicts) == {"app.py", "new"}
    (row,) = history.branches(plain.workspace)
    assert row.figures is not None
    assert set(row.figures.conflicts) == {"app.py", "new"}
    with pytest.raises(ApplyConflicts, match=r"app\.py") as refused:
        history.apply(plain.workspace, run)
    assert set(refused.value.paths) == {"app.py", "new"}
    assert "--files" in refused.value.hint
    assert plain.fingerprint() == before
    assert history.archive(plain.workspace) == ()
    assert history.operations(plain.workspace) == ()


@pytest.mark.parametrize("obstacle", ["a link", "a repository", "a file", "a folder"])
def test_what_stands_in_the_way_is_refused_and_stays(plain: Plain, tmp_path: Path, obstacle: str) -> None:
    run = plain.execution({"sub/new.txt": "new\n"})
    (tmp_path / "elsewhere").mkdir()
    match obstacle:
        case "a link":
            (plain.folder / "sub").symlink_to(tmp_path / "elsewhere")
        case "a repository":
            (plain.folder / "sub/.git").mkdir(parents=True)
        case "a file":
            plain.write({"sub": "mine\n"})
        case _:
            plain.write({"sub/new.txt/mine": "mine\n"})
    before = plain.fingerprint()
    assert "sub/new.txt" in history.preview(plain.workspace, run).blocked
    with pytest.raises(CheckoutBusy, match=r"sub/new\.txt"):
        history.apply(plain.workspace, run)
    assert plain.fingerprint() == before
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert history.archive(plain.workspace) == ()


def test_secrets_that_were_not_copied_are_never_written_over(plain: Plain) -> None:
    plain.write({".env": "KEY=mine\n", ".gitignore": "build/\n", "build/out": "mine\n"})
    run = plain.execution({".env": "KEY=theirs\n", "build.txt": "ok\n"})
    with pytest.raises(ApplyConflicts, match=r"\.env"):
        history.apply(plain.workspace, run)
    history.apply(plain.workspace, run, files=["build.txt"])
    assert plain.read(".env") == "KEY=mine\n"
    assert plain.read("build/out") == "mine\n"


def test_a_file_that_is_ignored_since_is_brought_in_and_taken_out_all_the_same(plain: Plain) -> None:
    run = plain.execution({"made.log": "1\n", "app.py": "new\n"}, {".gitignore": "*.log\napp.py\n"})
    before = plain.fingerprint()
    history.apply(plain.workspace, run)
    assert plain.read("made.log") == "1\n"
    history.undo(plain.workspace)
    assert plain.fingerprint() == before


def test_a_part_is_applied_by_files_and_by_hunks(plain: Plain) -> None:
    run = plain.execution({"app.py": lines("ONE", "two", "THREE"), "sub/a": "1\n", "sub/b": "2\n"})
    before = plain.fingerprint()
    history.apply(plain.workspace, run, files=["sub/"])
    assert (plain.read("sub/a"), plain.read("sub/b")) == ("1\n", "2\n")
    assert plain.read("app.py") == lines("one", "two", "three")
    hunk = select(history.diff(plain.workspace, run), hunks=["app.py#2"])
    history.apply(plain.workspace, run, selection=hunk)
    assert plain.read("app.py") == lines("one", "two", "THREE")
    (row,) = history.branches(plain.workspace)
    assert row.figures is not None
    assert row.figures.merged is Merged.NO
    history.undo(plain.workspace)
    history.undo(plain.workspace)
    assert plain.fingerprint() == before
    with pytest.raises(NotFound, match="nowhere"):
        history.apply(plain.workspace, run, files=["nowhere"])


def test_a_merge_there_is_an_apply_and_says_so(plain: Plain) -> None:
    run = plain.execution({"a": "1\n"})
    seen = history.preview(plain.workspace, run)
    assert seen.clean
    assert (seen.target, seen.commits) == (str(plain.folder), 1)
    assert [file.path for file in seen.files] == ["a"]
    # As the review screen asks: with the target and its tip as the preview has told them.
    done = history.merge(plain.workspace, run, target=seen.target, expected=seen.target_tip)
    assert done.kind == "apply"
    assert str(plain.folder) in done.summary
    assert plain.read("a") == "1\n"
    assert history.preview(plain.workspace, run).nothing
    with pytest.raises(NothingToMerge):
        history.merge(plain.workspace, run)
    assert not (plain.folder / ".git").exists()


def test_a_merge_minds_only_changes_to_the_files_it_concerns(plain: Plain) -> None:
    run = plain.execution({"app.py": lines("one", "two", "THREE")})
    seen = history.preview(plain.workspace, run)
    plain.write({"app.py": lines("ONE", "two", "three")})
    with pytest.raises(FilesMoved, match="changed meanwhile"):
        history.merge(plain.workspace, run, expected=seen.target_tip)
    seen = history.preview(plain.workspace, run)
    plain.write({"server.log": "one more line\n"})
    history.merge(plain.workspace, run, expected=seen.target_tip)
    assert plain.read("app.py") == lines("ONE", "two", "THREE")


def test_what_only_a_branch_can_mean_is_refused_with_the_way_out(plain: Plain) -> None:
    run = plain.execution({"a": "1\n"})
    for mode in (Mode.FF, Mode.REBASE, Mode.CHERRY_PICK):
        with pytest.raises(UsageError, match="no commits") as refused:
            history.merge(plain.workspace, run, mode=mode)
        assert "paracle git apply" in refused.value.hint
    with pytest.raises(UsageError, match="no commits"):
        history.merge(plain.workspace, run, message="feat: a")
    for ask in (history.merge, history.preview, history.show):
        with pytest.raises(Conflict, match="no branch to merge into"):
            ask(plain.workspace, run, target="main")
    with pytest.raises(Conflict, match="no git repository"):
        history.branches(plain.workspace, "main")
    with pytest.raises(Conflict, match="still running"):
        history.apply(plain.workspace, plain.execution({"b": "1\n"}, ends=False))
    assert not (plain.folder / "a").exists()


def test_discard_keeps_uncommitted_work_and_undo_brings_it_back(plain: Plain) -> None:
    run = plain.execution({"a": "1\n"}, leaves={"a": "half\n", "loose.txt": "loose\n"})
    (row,) = history.branches(plain.workspace)
    assert row.dirty == 2
    done = history.discard(plain.workspace, run)
    assert history.branches(plain.workspace) == ()
    assert not plain.worktree(run).exists()
    assert {entry.operation for entry in history.archive(plain.workspace)} == {done.id}
    history.undo(plain.workspace, done.id)
    assert history.branches(plain.workspace) == (row,)
    assert (plain.worktree(run) / "a").read_text() == "half\n"
    assert (plain.worktree(run) / "loose.txt").read_text() == "loose\n"


def test_cleanup_removes_what_is_in_the_folder_and_keeps_the_rest(plain: Plain) -> None:
    applied = plain.execution({"a": "1\n"})
    same = plain.execution({"b": "2\n"})
    part = plain.execution({"c": "3\n", "d": "4\n"})
    history.apply(plain.workspace, applied)
    plain.write({"a": "changed since\n", "b": "2\n"})
    history.apply(plain.workspace, part, files=["c"])
    would = history.cleanup(plain.workspace, dry_run=True)
    done = history.cleanup(plain.workspace)
    assert would.removed == done.removed
    assert {name.split("/")[1] for name in done.removed} == {applied, same}
    assert [(kept.execution, kept.reason) for kept in done.kept] == [(part, "not merged")]
    assert [row.execution for row in history.branches(plain.workspace)] == [part]
    for operation in (done.operation, *done.more):
        history.undo(plain.workspace, operation)
    assert len(history.branches(plain.workspace)) == 3


def test_a_removed_branch_is_restored_by_its_execution(plain: Plain) -> None:
    one, other = plain.execution({"a": "1\n"}), plain.execution({"b": "1\n"})
    rows = history.branches(plain.workspace)
    history.discard(plain.workspace, one)
    history.discard(plain.workspace, other)
    history.restore(plain.workspace, one)
    history.restore(plain.workspace, other[:12])
    assert history.branches(plain.workspace) == rows
    history.apply(plain.workspace, one)
    assert plain.read("a") == "1\n"


def test_prune_removes_idle_work_trees_and_keeps_those_with_something_in_them(plain: Plain) -> None:
    idle = plain.execution({"a": "1\n"}, leaves={"b": "1\n"})
    (plain.worktree(idle) / "b").unlink()
    dirty = plain.execution({"a": "1\n"}, leaves={"b": "1\n"})
    report = history.prune(plain.workspace)
    assert [Path(name).name for name in report.removed] == [idle]
    assert [(Path(kept.name).name, kept.reason) for kept in report.kept] == [
        (dirty, "holds what is in no commit: b")
    ]
    assert not plain.worktree(idle).exists()
    assert len(history.branches(plain.workspace)) == 2


def test_several_executions_are_applied_beside_each_other_and_undone_in_any_order(plain: Plain) -> None:
    first = plain.execution({"app.py": lines("ONE", "two", "three")})
    second = plain.execution({"app.py": lines("one", "two", "THREE")})
    before = plain.fingerprint()
    one = history.apply(plain.workspace, first)
    history.apply(plain.workspace, second)
    assert plain.read("app.py") == lines("ONE", "two", "THREE")
    history.undo(plain.workspace, one.id)
    assert plain.read("app.py") == lines("one", "two", "THREE")
    history.undo(plain.workspace)
    assert plain.fingerprint() == before


def test_executions_of_before_git_are_applied_after_it(plain: Plain) -> None:
    run = plain.execution({"a": "1\n"})
    plain.init_git()
    assert [row.execution for row in history.branches(plain.workspace)] == [run]
    assert history.merge(plain.workspace, run).kind == "apply"
    assert plain.read("a") == "1\n"
    assert history.target(plain.workspace) == "main"


def test_accepted_hunks_of_a_review_are_merged(plain: Plain) -> None:
    run = plain.execution({"app.py": lines("ONE", "two", "THREE")})
    reviewed = review.open_review(plain.workspace, run)
    (file,) = review.files(reviewed)
    history.merge(
        plain.workspace,
        run,
        mode=Mode.SQUASH,
        selection=review.named(reviewed, hunks=[f"{file.path}#1"]),
    )
    assert plain.read("app.py") == lines("ONE", "two", "three")


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("apply", signal.SIGKILL),
        ("undo", signal.SIGKILL),
        ("discard", signal.SIGKILL),
        ("apply", signal.SIGINT),
    ],
)
def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path, what: str, number: int) -> None:
    moment, cut = 0, True
    while cut:
        moment += 1
        with Plain(tmp_path / f"{moment}") as plain:
            (plain.folder / "app.py").chmod(0o640)
            run = plain.execution(
                {"app.py": "new\n", "notes.md": None, "sub/x": "1\n"},
                leaves={"loose": "loose\n"} if what == "discard" else {},
            )
            rows, before = history.branches(plain.workspace), plain.fingerprint()
            if what == "undo":
                history.apply(plain.workspace, run)
            start = plain.fingerprint()
            cut = plain.killed_at(what, run, moment, number)
            history.settle(plain.workspace)

            assert plain.leftovers() == []
            if what != "apply":
                assert plain.fingerprint() in (before, start)
            elif plain.fingerprint() != before:
                assert plain.read("app.py") == "new\n"
                assert stat.S_IMODE((plain.folder / "app.py").stat().st_mode) == 0o640
            # What was cut off did not happen, or is undone like anything else.
            while any(one.kind != "undo" and not one.undone for one in history.operations(plain.workspace)):
                history.undo(plain.workspace)
            assert plain.fingerprint() == before
            assert [row.tip for row in history.branches(plain.workspace)] == [rows[0].tip]
            if what == "discard":
                assert (plain.worktree(run) / "loose").read_text() == "loose\n"
    assert moment > 5


def test_paths_that_git_would_take_for_something_else(plain: Plain) -> None:
    names = ["-rf", "a\nb", ":(glob)*", "tab\there", 'quo"te', "ü", "x y"]
    run = plain.execution(dict.fromkeys(names, "new\n"))
    before = plain.fingerprint()
    history.apply(plain.workspace, run)
    assert [plain.read(name) for name in names] == ["new\n"] * len(names)
    history.undo(plain.workspace)
    assert plain.fingerprint() == before
    write(plain.folder, {"-rf": "mine\n"})
    with pytest.raises(ApplyConflicts, match="-rf"):
        history.apply(plain.workspace, run)
