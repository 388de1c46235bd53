"""Names, states and locks that nobody would choose: refused in words, or taken as they are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paracle.app.domain.errors import GitError, NotFound, ParacleError, UsageError
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.failures import FilterFailed, GitConflict, GitMissing, GitTooOld
from paracle.app.git.pending import MergeConflicts
from paracle.app.git.refs import RefMoved
from paracle.app.services import history, merge_conflicts
from tests.support.history import Past, lines
from tests.support.kinds import LFS
from tests.support.repo import RepoBuilder, stand_in

NAMES = [
    "-rf",
    "--",
    ":(glob)**",
    "two\nlines",
    "tab\tand 'quotes\" \\",
    " spaces ",
    "\x1b[31mred",
    "*",
    "sub/-n",
    os.fsdecode(b"\xff\xfe"),
]
BRANCHES = ["feat/$(touch${IFS}pwned);'ü\"", "a.b-c", "exec-not", "refs/heads/main", os.fsdecode(b"caf\xe9")]
ASKED: dict[str, Callable[[Past, str], object]] = {
    "branches": lambda past, run: history.branches(past.workspace),
    "clashes": lambda past, run: history.clashes(past.workspace),
    "files": lambda past, run: history.files(past.workspace, run),
    "diff": lambda past, run: history.diff(past.workspace, run),
    "preview": lambda past, run: history.preview(past.workspace, run),
    "merge": lambda past, run: history.merge(past.workspace, run),
    "apply": lambda past, run: history.apply(past.workspace, run),
    "discard": lambda past, run: history.discard(past.workspace, run),
    "cleanup": lambda past, run: history.cleanup(past.workspace),
    "prune": lambda past, run: history.prune(past.workspace),
    "restore": lambda past, run: history.restore(past.workspace, run),
    "archive": lambda past, run: history.archive(past.workspace),
    "waiting": lambda past, run: history.waiting(past.workspace),
    "settle": lambda past, run: history.settle(past.workspace),
}


@pytest.fixture(params=list(ASKED))
def ask(request: pytest.FixtureRequest) -> Callable[[Past, str], object]:
    """Each thing that can be asked for."""
    return ASKED[request.param]


def test_files_of_any_name_go_through_every_operation(past: Past) -> None:
    past.repo.commit("theirs", **{"-n": "n\n"})
    run = past.execution(dict.fromkeys(NAMES, "theirs\n"))
    before = past.mine()
    shown = {change.path for change in history.files(past.workspace, run)}
    assert shown == {os.fsencode(name).decode("utf-8", "backslashreplace") for name in NAMES}
    for name in NAMES:
        (file,) = history.diff(past.workspace, run, file=name)
        assert file.path == name
    history.apply(past.workspace, run)
    assert {(past.repo.folder / name).read_text() for name in NAMES} == {"theirs\n"}
    history.undo(past.workspace)
    assert past.mine().files.keys() == before.files.keys()
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=NAMES)
    assert set(NAMES) < set(past.repo.names("HEAD"))
    history.undo(past.workspace)
    assert past.mine().files.keys() == before.files.keys()
    assert past.leftovers() == []


@pytest.mark.parametrize("side", ["ours", "theirs", "both"])
def test_conflicts_in_files_of_any_name_are_resolved(past: Past, side: str) -> None:
    run = past.execution(dict.fromkeys(NAMES, "theirs\n"))
    for name in NAMES:
        past.repo.write(name, "ours\n")
    past.repo.commit("ours")
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    assert sorted(met.value.pending.paths) == sorted(NAMES)
    for name in NAMES:
        merge_conflicts.take(past.workspace, name, side)  # type: ignore[arg-type]
    history.resume(past.workspace)
    expected = {"ours": "ours\n", "theirs": "theirs\n", "both": "ours\ntheirs\n"}[side]
    assert {(past.repo.folder / name).read_text() for name in NAMES} == {expected}
    assert past.leftovers() == []


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_target_of_any_name_that_git_allows_is_merged_into(past: Past, branch: str) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("update-ref", f"refs/heads/{branch}", "HEAD")
    past.repo.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    history.merge(past.workspace, run)
    assert past.repo.show(f"refs/heads/{branch}", "a") == "1"
    assert "a" not in past.repo.names("refs/heads/main")
    history.undo(past.workspace)
    assert "a" not in past.repo.names(f"refs/heads/{branch}")
    assert not list(past.repo.folder.rglob("pwned"))


@pytest.mark.parametrize(
    "name", ["", "-rf", "--", "two\nlines", "nul\0byte", "..", "a" * 5000, "last~1", "\udcff"]
)
def test_an_execution_that_cannot_be_is_not_found(past: Past, name: str) -> None:
    past.execution({"a": "1\n"})
    before = past.mine()
    for each in (history.show, history.files, history.diff, history.preview, history.merge, history.apply,
                 history.discard, history.restore):  # fmt: skip
        with pytest.raises((NotFound, UsageError)):
            each(past.workspace, name)
        with pytest.raises((NotFound, UsageError)):
            each(past.workspace, f"exec/{name}/20260101_000000")
    assert past.mine() == before


@pytest.mark.parametrize("name", ["", "-rf", "two\nlines", "nul\0byte", "a" * 5000, "\udcff", "@", "HEAD"])
def test_a_target_that_cannot_be_is_refused(past: Past, name: str) -> None:
    run = past.execution({"a": "1\n"})
    before = past.mine()
    for target in (name or " ", f"refs/heads/{name}"):
        for each in (history.merge, history.preview):
            with pytest.raises((NotFound, UsageError)):
                each(past.workspace, run, target=target)
        for list_all in (history.branches, history.clashes, history.cleanup):
            with pytest.raises((NotFound, UsageError)):
                list_all(past.workspace, target)
    assert past.mine() == before


@pytest.mark.parametrize(
    "branch",
    ["exec/alone", "exec/-x/y", "exec/a/b/c/d", "exec/ü/ü", "exec/x/not_a_time", os.fsdecode(b"exec/\xff/x")],
)
def test_branches_below_exec_that_paracle_did_not_make_are_listed_and_left_alone(
    past: Past, branch: str
) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("update-ref", f"refs/heads/{branch}", "HEAD")
    assert {past.branch(run), branch} >= {row.branch for row in history.branches(past.workspace)}
    history.merge(past.workspace, run)
    assert history.cleanup(past.workspace).removed == (past.branch(run),)
    assert past.repo.run_branches() == [branch]


def test_a_branch_whose_commit_is_missing_is_named(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    broken = past.repo.git_folder / "refs/heads/exec/broken"
    broken.write_text("1" * 40 + "\n")
    before = past.mine()
    with pytest.raises(GitError, match="exec/broken"):
        history.branches(past.workspace)
    history.merge(past.workspace, run)
    assert past.mine().files != before.files


def test_a_target_that_a_hook_moves_during_the_merge_is_not_overwritten(past: Past) -> None:
    past.repo.git("branch", "release")
    run = past.execution({"a": "1\n"})
    other = past.repo.commit("meanwhile", b="2\n")
    hook = past.repo.git_folder / "hooks/pre-merge-commit"
    hook.write_text(f"#!/bin/sh\ngit update-ref refs/heads/release {other}\n")
    hook.chmod(0o755)
    with pytest.raises(RefMoved):
        history.merge(past.workspace, run, target="release")
    assert past.repo.git("rev-parse", "release") == other
    assert history.operations(past.workspace) == ()
    assert history.archive(past.workspace) == ()
    assert past.leftovers() == []


UNDER_WAY = {
    "merge": ("merge", "other"),
    "rebase": ("rebase", "other"),
    "cherry-pick": ("cherry-pick", "other"),
    "revert": ("revert", "--no-edit", "main~2"),
    "am": (),
    "bisect": ("bisect", "start"),
}


@pytest.mark.parametrize("what", UNDER_WAY)
def test_in_the_middle_of_something_the_users_files_are_not_written(past: Past, what: str) -> None:
    prepare(past.repo)
    first, second = past.execution({"a": "1\n"}), past.execution({"b": "1\n"})
    history.merge(past.workspace, first)
    begin(past.repo, what)
    before = past.mine()
    with pytest.raises(CheckoutBusy, match="under way"):
        history.merge(past.workspace, second, target="main")
    with pytest.raises(CheckoutBusy, match="under way"):
        history.apply(past.workspace, second)
    with pytest.raises(CheckoutBusy, match="under way"):
        history.undo(past.workspace)
    assert past.mine() == before
    assert history.preview(past.workspace, second, target="main").blocked
    past.execution({"c": "1\n"})
    history.discard(past.workspace, second)
    history.undo(past.workspace)
    assert past.mine() == before
    assert past.leftovers() == []


def prepare(repo: RepoBuilder) -> None:
    """Two branches that conflict."""
    repo.commit("one", app_py=lines("one", "zwei", "three"))
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("theirs", app_py=lines("one", "deux", "three"))
    repo.git("checkout", "-q", "main")
    repo.commit("mine", app_py=lines("one", "due", "three"))


def begin(repo: RepoBuilder, what: str) -> None:
    """Stop in the middle of it, as a conflict does."""
    if what == "am":
        patch = repo.git("format-patch", "-1", "--stdout", "other") + "\n"
        (repo.git_folder / "patch").write_text(patch)
        repo.git("am", str(repo.git_folder / "patch"), check=False)
    elif what == "bisect":
        repo.git("bisect", "start", "main", "main~2")
    else:
        repo.git(*UNDER_WAY[what], check=False)


def test_a_hook_that_leaves_a_program_behind_holds_nothing_up(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    hook = past.repo.git_folder / "hooks/pre-commit"
    pid = past.state.parent / "pid"
    hook.write_text(f"#!/bin/sh\necho begun\nsleep 120 &\necho $! > '{pid}'\n")
    hook.chmod(0o755)
    try:
        history.merge(past.workspace, run, mode=Mode.SQUASH, hook_seconds=60)
    finally:
        os.kill(int(pid.read_text()), 9)
    assert (past.repo.folder / "a").exists()
    assert past.leftovers() == []


@pytest.mark.parametrize("lock", ["index.lock", "HEAD.lock", "refs/heads/main.lock", "packed-refs.lock"])
@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.REBASE])
def test_a_lock_that_a_dead_git_has_left_is_named_and_nothing_changes(
    past: Past, lock: str, mode: Mode
) -> None:
    run = past.execution({"a": "1\n", "app.py": None})
    past.repo.git("pack-refs", "--all")
    before, path = past.mine(), past.repo.git_folder / lock
    path.write_text("")
    try:
        history.merge(past.workspace, run, mode=mode)
    except GitConflict as refused:
        assert lock.rpartition("/")[2] in refused.detail
        assert past.repo.git("status", "--porcelain") == ""
        assert contents(past) == contents_of(before.files)
        assert past.repo.head == past.repo.git("rev-parse", "main")
    else:
        assert lock == "packed-refs.lock"
        history.undo(past.workspace)
    path.unlink()
    history.merge(past.workspace, run, mode=mode)
    assert past.repo.names("HEAD") == ["a", "notes.md"]
    assert past.repo.git("status", "--porcelain") == ""
    assert past.leftovers() == []


def contents(past: Past) -> dict[str, bytes]:
    return contents_of(past.mine().files)


def contents_of(files: dict[str, tuple[int, int, bytes]]) -> dict[str, bytes]:
    return {path: data for path, (_, _, data) in files.items() if not path.startswith(".parac")}


def test_a_git_without_merge_tree_is_refused_naming_both_versions(
    past: Past, ask: Callable[[Past, str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"})
    before = past.mine()
    with monkeypatch.context() as patch:
        script = 'test "$1" = version && echo git version 2.37.9 && exit\nexec "$REAL" "$@"'
        patch.setenv("PATH", stand_in(tmp_path / "bin", script))
        with pytest.raises(GitTooOld) as refused:
            ask(past, run)
    assert "2.37.9" in refused.value.detail
    assert "2.38" in refused.value.detail
    assert "upgrade" in refused.value.hint
    assert past.mine() == before


def test_without_git_everything_says_how_to_install_it(
    past: Past, ask: Callable[[Past, str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"})
    before = past.mine()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(GitMissing) as refused:
            ask(past, run)
    assert "install" in refused.value.hint
    assert past.mine() == before


@pytest.mark.parametrize("way", ["process", "smudge"])
def test_a_required_filter_whose_program_is_missing_is_named_and_nothing_is_left(
    past: Past, way: str
) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.commit(**LFS)
    past.repo.git("config", f"filter.lfs.{way}", "/nowhere/git-lfs")
    past.repo.git("config", "filter.lfs.required", "true")
    before = past.mine()
    with pytest.raises(FilterFailed) as refused:
        past.execution({"b": "1\n"})
    assert "/nowhere/git-lfs" in refused.value.detail
    with pytest.raises(FilterFailed):
        history.merge(past.workspace, run)
    assert past.mine() == before
    assert past.repo.run_branches() == [past.branch(run)]
    assert past.leftovers() == []
    past.repo.git("config", "--remove-section", "filter.lfs")
    history.merge(past.workspace, run)
    assert past.repo.show("HEAD", "big.bin") == LFS["big.bin"].strip()


def test_errors_are_words_without_a_traceback(past: Past) -> None:
    with pytest.raises(ParacleError) as refused:
        history.discard(past.workspace, "nobody")
    assert refused.value.hint
