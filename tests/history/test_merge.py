"""Merging a branch: in each mode, into a branch that is checked out or not, and what is refused."""

import pytest

from paracle.app.domain.diffs import Selection
from paracle.app.domain.errors import Conflict, NotFound, UsageError
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.failures import GitConflict
from paracle.app.git.pending import MergeConflicts
from paracle.app.git.previews import NothingToMerge
from paracle.app.git.refs import RefMoved
from paracle.app.services import history, merge_conflicts
from tests.support.history import Past, lines

REPLAYING = [Mode.REBASE, Mode.CHERRY_PICK]
MAKING = [Mode.MERGE, Mode.SQUASH, *REPLAYING]


@pytest.mark.parametrize("mode", MAKING)
def test_a_merge_brings_the_changes_into_the_checked_out_branch_and_its_files(past: Past, mode: Mode) -> None:
    run = past.execution({"new.py": "a = 1\n"}, {"app.py": lines("one", "TWO", "three")})
    past.repo.commit("mine", other_py="b = 2\n")

    done = history.merge(past.workspace, run[:6], mode=mode)

    assert (past.repo.folder / "new.py").read_text() == "a = 1\n"
    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO", "three")
    assert past.repo.git("status", "--porcelain") == ""
    assert past.repo.head == done.moves[0].after
    assert past.repo.healthy()
    assert past.leftovers() == []


@pytest.mark.parametrize(
    ("mode", "commits"), [(Mode.MERGE, 4), (Mode.SQUASH, 2), (Mode.REBASE, 3), (Mode.CHERRY_PICK, 3)]
)
def test_each_mode_leaves_the_history_it_stands_for(past: Past, mode: Mode, commits: int) -> None:
    run = past.execution({"a": "1\n"}, {"b": "2\n"})
    fork = past.repo.head
    past.repo.commit("mine", c="3\n")

    history.merge(past.workspace, run, mode=mode)

    assert past.repo.git("rev-list", "--count", f"{fork}..HEAD") == str(commits)
    parents = past.repo.git("log", "-1", "--format=%P").split()
    assert len(parents) == (2 if mode is Mode.MERGE else 1)


def test_a_fast_forward_makes_no_commit(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.FF)
    assert past.repo.head == past.tip(run)
    assert (past.repo.folder / "a").read_text() == "1\n"


def test_a_fast_forward_that_is_none_is_refused(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.commit("mine", b="2\n")
    before = past.mine()
    with pytest.raises(GitConflict, match="cannot simply move forward"):
        history.merge(past.workspace, run, mode=Mode.FF)
    assert past.mine() == before


def test_a_branch_that_is_not_checked_out_moves_without_touching_anything_else(past: Past) -> None:
    past.repo.git("branch", "release")
    run = past.execution({"a": "1\n"})
    before = past.mine()

    done = history.merge(past.workspace, run, target="release")

    after = past.mine()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert past.repo.show("release", "a") == "1"
    assert past.repo.git("rev-parse", "release") == done.moves[0].after


def test_the_message_carries_the_execution(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH, message="feat: add a")
    assert past.repo.message("HEAD").splitlines()[0] == "feat: add a"
    assert f"Paracle-Execution: {run}" in past.repo.message("HEAD")


def test_a_preview_touches_nothing_and_names_what_would_change(past: Past) -> None:
    run = past.execution({"a": "1\n"}, {"app.py": lines("one", "TWO", "three")})
    before = past.mine()
    seen = history.preview(past.workspace, run)
    assert past.mine() == before
    assert seen.clean
    assert [change.path for change in seen.files] == ["a", "app.py"]
    assert seen.commits == 2


@pytest.mark.parametrize("mode", MAKING)
def test_a_preview_names_the_paths_in_conflict(past: Past, mode: Mode) -> None:
    run = past.execution({"app.py": lines("one", "TWO", "three")})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    assert history.preview(past.workspace, run, mode=mode).conflicts == ("app.py",)


def test_a_target_that_moved_since_the_preview_is_not_merged_into(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    seen = history.preview(past.workspace, run)
    past.repo.commit("mine", b="2\n")
    before = past.mine()
    with pytest.raises(RefMoved) as refused:
        history.merge(past.workspace, run, expected=seen.target_tip)
    assert refused.value.ref == "refs/heads/main"
    assert refused.value.expected == seen.target_tip
    assert past.mine() == before


@pytest.mark.parametrize(
    ("path", "content"),
    [("app.py", "edited\n"), ("notes.md", "edited\n"), ("a", "untracked, and in the way\n")],
)
def test_a_dirty_checkout_is_refused_with_the_reason(past: Past, path: str, content: str) -> None:
    run = past.execution({"a": "1\n", "app.py": lines("one", "TWO", "three")})
    past.repo.write(path, content)
    before = past.mine()
    with pytest.raises(CheckoutBusy) as refused:
        history.merge(past.workspace, run)
    assert path in refused.value.detail
    assert "git apply" in refused.value.hint
    assert past.mine() == before
    assert past.leftovers() == []


def test_an_ignored_file_in_the_way_is_never_overwritten(past: Past) -> None:
    past.repo.write(".gitignore", "secret\n")
    past.repo.commit("ignore")
    run = past.execution({".gitignore": "", "secret": "theirs\n"})
    past.repo.write("secret", "mine\n")
    with pytest.raises(CheckoutBusy, match="secret"):
        history.merge(past.workspace, run)
    assert (past.repo.folder / "secret").read_text() == "mine\n"


def test_an_untracked_file_that_is_not_in_the_way_does_not_hinder(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.write("mine.txt", "mine\n")
    history.merge(past.workspace, run)
    assert (past.repo.folder / "mine.txt").read_text() == "mine\n"


@pytest.mark.parametrize("what", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"])
def test_a_checkout_in_the_middle_of_something_is_refused(past: Past, what: str) -> None:
    run = past.execution({"a": "1\n"})
    (past.repo.git_folder / what).write_text(past.repo.head + "\n")
    with pytest.raises(CheckoutBusy, match="under way"):
        history.merge(past.workspace, run)


def test_a_branch_that_is_being_rebased_is_refused(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("checkout", "-q", "-b", "other")
    past.repo.commit("theirs", app_py=lines("one", "zwei", "three"))
    past.repo.git("checkout", "-q", "main")
    past.repo.commit("mine", app_py=lines("one", "deux", "three"))
    past.repo.git("rebase", "other", check=False)
    before = past.mine()
    with pytest.raises(CheckoutBusy, match="a rebase is under way"):
        history.merge(past.workspace, run, target="main")
    assert past.mine() == before


@pytest.mark.parametrize("name", ["nowhere", "-rf", "two\nlines", "a..b", "exec/x/20260101_000000"])
def test_a_target_that_cannot_be_is_refused_in_words(past: Past, name: str) -> None:
    run = past.execution({"a": "1\n"})
    before = past.mine()
    with pytest.raises((NotFound, UsageError)):
        history.merge(past.workspace, run, target=name)
    assert past.mine() == before


def test_on_a_detached_head_the_target_must_be_named(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("checkout", "-q", "--detach")
    with pytest.raises(Conflict, match="HEAD is on no branch"):
        history.merge(past.workspace, run)
    history.merge(past.workspace, run, target="main")
    assert past.repo.show("main", "a") == "1"


def test_merging_twice_says_that_there_is_nothing_to_merge(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    with pytest.raises(NothingToMerge):
        history.merge(past.workspace, run, mode=Mode.SQUASH)
    assert past.leftovers() == []


def test_an_execution_that_still_runs_is_not_merged(past: Past) -> None:
    run = past.execution({"a": "1\n"}, ends=False)
    with pytest.raises(Conflict, match="still running"):
        history.merge(past.workspace, run)


def test_names_that_look_like_options_or_hold_line_breaks_are_merged_as_they_are(past: Past) -> None:
    run = past.execution({"-rf": "1\n", "two\nlines": "2\n", "--": "3\n", "käse": "4\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=["-rf", "two\nlines"])
    assert {"-rf", "two\nlines"} < set(past.repo.names("HEAD"))
    assert "--" not in past.repo.names("HEAD")
    history.merge(past.workspace, run)
    assert {"-rf", "two\nlines", "--", "käse"} < set(past.repo.names("HEAD"))


def test_some_files_of_a_branch_can_be_merged_alone(past: Past) -> None:
    run = past.execution({"docs/a.md": "1\n", "docs/b.md": "2\n", "c.py": "3\n", "notes.md": None})
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=["docs", "notes.md"])
    assert past.repo.names("HEAD") == ["app.py", "docs/a.md", "docs/b.md"]


def test_some_hunks_of_a_file_can_be_merged_alone(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "THREE"), "a": "1\n"})
    (file,) = history.diff(past.workspace, run, file="app.py")
    chosen = Selection().with_hunk("app.py", file.hunks[1])
    history.merge(past.workspace, run, mode=Mode.SQUASH, selection=chosen)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "two", "THREE")
    assert "a" not in past.repo.names("HEAD")


def test_the_rest_of_a_branch_can_be_merged_after_a_part(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "THREE"), "a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=["a"])
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert not row.figures.merged
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged


def test_a_part_cannot_be_merged_with_all_commits(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    with pytest.raises(UsageError, match="squash"):
        history.merge(past.workspace, run, files=["a"])


def test_a_part_that_was_not_changed_is_named(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    with pytest.raises(NotFound, match=r"nowhere\.py"):
        history.merge(past.workspace, run, mode=Mode.SQUASH, files=["nowhere.py"])


def begun_with_changes(past: Past) -> str:
    """An execution that has begun with the user's files as they were, which are put aside since."""
    past.repo.write("notes.md", "# mine, half done\n")
    past.repo.write("loose.txt", "mine\n")
    run = past.execution({"app.py": lines("one", "TWO", "three")}, {"new.py": "n = 1\n"}, with_changes=True)
    past.repo.git("stash", "--quiet", "--include-untracked")
    return run


@pytest.mark.parametrize("part", [(), ("app.py",)], ids=["whole", "part"])
def test_a_squash_leaves_out_the_users_files_that_the_run_began_with(
    past: Past, part: tuple[str, ...]
) -> None:
    run = begun_with_changes(past)
    seen = history.preview(past.workspace, run, mode=Mode.SQUASH, files=part)
    wanted = list(part) or ["app.py", "new.py"]
    assert ([file.path for file in seen.files], seen.brings_fork) == (wanted, False)
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=part, expected=seen.target_tip)
    assert past.repo.git("diff", "--name-only", "HEAD^", "HEAD").splitlines() == wanted
    assert past.repo.show("HEAD", "app.py") == lines("one", "TWO", "three").rstrip()


def test_conflicts_of_such_a_squash_are_resolved_like_any(past: Past) -> None:
    run = begun_with_changes(past)
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    assert history.preview(past.workspace, run, mode=Mode.SQUASH).conflicts == ("app.py",)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run, mode=Mode.SQUASH)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    assert past.repo.git("diff", "--name-only", "HEAD^", "HEAD").splitlines() == ["app.py", "new.py"]
    assert past.repo.show("HEAD", "app.py") == lines("one", "TWO", "three").rstrip()
    assert past.repo.healthy()


def test_a_merge_of_all_commits_says_that_the_users_files_come_with_them(past: Past) -> None:
    run = begun_with_changes(past)
    seen = history.preview(past.workspace, run)
    assert seen.brings_fork
    assert {file.path for file in seen.files} == {"app.py", "new.py", "notes.md", "loose.txt"}
    assert not history.preview(past.workspace, run, mode=Mode.REBASE).brings_fork
