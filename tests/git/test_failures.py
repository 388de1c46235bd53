"""What goes wrong: a git that is missing, old, refused, out of room, hanging or killed."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.errors import GitError
from paracle.app.git import command
from paracle.app.git.failures import DiskFull, GitMissing, GitTimeout, GitTooOld, ReadOnlyRepository, explain
from paracle.app.git.isolation import Isolation
from tests.support.repo import RepoBuilder, stand_in

OPEN = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from paracle.app.git.isolation import Isolation

async def main(project, state, *executions):
    isolation = Isolation(Path(project), Path(state))
    places = await asyncio.gather(*(isolation.open(e, datetime(2026, 11, 20)) for e in executions))
    for place in places:
        (place.root / "who.txt").write_text(place.execution)
    await asyncio.gather(*(isolation.commit(place, "feat: who", {}) for place in places))

asyncio.run(main(*sys.argv[1:]))
"""


def opener(repo: RepoBuilder, state: Path, *executions: str, path: str = "") -> "subprocess.Popen[bytes]":
    """Another process that opens workplaces and commits in them."""
    env = {**os.environ, **({"PATH": path} if path else {})}
    return subprocess.Popen([sys.executable, "-c", OPEN, str(repo.folder), str(state), *executions], env=env)


def leftovers(repo: RepoBuilder, state: Path) -> list[str]:
    """Everything that a failed start could have left."""
    admin = repo.git_folder / "worktrees"
    records = [str(entry) for entry in admin.iterdir()] if admin.is_dir() else []
    return [*repo.run_branches(), *records, *names(state, "worktrees/*/*")]


def names(state: Path, pattern: str) -> list[str]:
    """The names of what is in the state directory, sorted."""
    return sorted(path.name for path in state.glob(pattern))


def the(state: Path, pattern: str) -> Path:
    """The one thing in the state directory that matches."""
    (path,) = state.glob(pattern)
    return path


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def children() -> list[str]:
    """The processes that this one has started and that still are, zombies included."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    own = str(os.getpid())
    return [line for line in listed.splitlines() if line.split()[0] == own and "ps -A" not in line]


def alive(pid: str) -> bool:
    """Whether a process still runs; one that has ended may wait for its parent to look at it."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False
    ).stdout
    return bool(listed.strip()) and not listed.startswith("Z")


async def test_without_git_the_error_says_how_to_install_it(
    isolation: Isolation, when: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing) as refused:
        await isolation.open("e1", when)
    assert "install" in refused.value.hint


async def test_an_old_git_is_refused_naming_both_versions(
    isolation: Isolation, when: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stand_in(tmp_path / "bin", "echo git version 2.29.3"))
    with pytest.raises(GitTooOld) as refused:
        await isolation.open("e1", when)
    assert "2.29.3" in refused.value.detail
    assert "2.30" in refused.value.detail


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("git version 2.39.5 (Apple Git-154)", (2, 39, 5)),
        ("git version 2.30.0.windows.1", (2, 30, 0)),
        ("git version 3.0-rc1", (3, 0)),
        ("", (0,)),
    ],
)
def test_versions_are_read_as_vendors_write_them(said: str, version: tuple[int, ...]) -> None:
    assert command.parse_version(said) == version


@pytest.mark.parametrize("failing", ["worktree add", "checkout --force", "status --porcelain"])
async def test_a_full_disk_leaves_nothing_behind(
    repo: RepoBuilder,
    isolation: Isolation,
    state: Path,
    when: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    with_its_own_extensions(repo)
    before = repo.fingerprint()
    # The command does its work, as far as a test can tell, and then reports that the disk is full.
    script = f"""case "$*" in
        *"{failing}"*) "$REAL" "$@" >/dev/null; echo "fatal: write: No space left on device" >&2; exit 128;;
        *) exec "$REAL" "$@";;
    esac"""
    with monkeypatch.context() as patch:
        patch.setenv("PATH", stand_in(tmp_path / "bin", script))
        with pytest.raises(DiskFull) as refused:
            await isolation.open("e1", when)
    assert "No space left" in refused.value.detail
    assert "df -h" in refused.value.hint
    assert leftovers(repo, state) == []
    assert repo.fingerprint() == before
    assert await isolation.close(await isolation.open("e1", when))


async def test_a_full_disk_in_a_copy_leaves_nothing_behind(
    state: Path, when: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    script = """case "$*" in
        *write-tree*) echo "error: unable to write file: No space left on device" >&2; exit 128;;
        *) exec "$REAL" "$@";;
    esac"""
    monkeypatch.setenv("PATH", stand_in(tmp_path / "bin", script))
    with pytest.raises(DiskFull):
        await Isolation(folder, state).open("e1", when)
    assert names(state, "worktrees/*/*") == []
    assert names(state, "copies/*/*") == [".gitignore"]


async def test_a_repository_that_cannot_record_a_worktree_is_an_error_and_stays_as_it_was(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime
) -> None:
    (repo.git_folder / "worktrees").write_text("in the way\n")
    before = repo.fingerprint()
    with pytest.raises(GitError):
        await isolation.open("e1", when)
    assert repo.run_branches() == []
    assert names(state, "worktrees/*/*") == []
    assert repo.fingerprint() == before


@pytest.mark.parametrize(
    "said", ["Permission denied", "Read-only file system", "insufficient permission for adding"]
)
def test_a_read_only_repository_has_an_error_of_its_own(said: str) -> None:
    error = explain(["git", "-C", "/x", "worktree", "add"], 128, f"fatal: could not create directory: {said}")
    assert isinstance(error, ReadOnlyRepository)
    assert ".git" in error.hint
    assert error.detail.startswith("git worktree add: fatal:")


async def test_a_state_directory_that_cannot_be_made_is_a_typed_error(
    repo: RepoBuilder, tmp_path: Path, when: datetime
) -> None:
    (tmp_path / "file").write_text("x\n")
    with pytest.raises(GitError) as refused:
        await Isolation(repo.folder, tmp_path / "file" / "state").open("e1", when)
    assert "Not a directory" in refused.value.detail
    assert repo.run_branches() == []


async def test_a_git_that_hangs_is_ended_with_all_it_started(
    repo: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    # It ignores the polite request, and so does its child.
    script = f"""[ "$1" = version ] && exec "$REAL" "$@"
    trap '' TERM
    (trap '' TERM; sleep 600) &
    echo $$ $! > '{pids}'
    wait"""
    monkeypatch.setenv("PATH", stand_in(tmp_path / "bin", script))
    with pytest.raises(GitTimeout) as refused:
        await command.git(repo.folder, "status", seconds=0.5)
    assert "'git status' did not finish within 0.5 s" in refused.value.detail
    assert len(pids.read_text().split()) == 2
    assert [pid for pid in pids.read_text().split() if alive(pid)] == []


async def test_cancelling_a_start_ends_git_and_takes_everything_back(
    repo: RepoBuilder,
    isolation: Isolation,
    state: Path,
    when: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached, hold = tmp_path / "reached", tmp_path / "hold"
    os.mkfifo(reached)
    os.mkfifo(hold)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", stand_in(tmp_path / "bin", hang_at_reset(reached, hold)))
        start = asyncio.ensure_future(isolation.open("e1", when))
        await asyncio.to_thread(reached.read_text)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
    assert leftovers(repo, state) == []
    assert children() == []
    assert await isolation.close(await isolation.open("e1", when))


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 10, 50, 200, 1000, 3000])
async def test_a_start_cancelled_at_any_moment_leaves_a_whole_workplace_or_nothing(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime, turns: int
) -> None:
    before = repo.fingerprint()
    start = asyncio.ensure_future(isolation.open("e1", when))
    for _ in range(turns):
        await asyncio.sleep(0)
    start.cancel()
    try:
        place = await start
    except asyncio.CancelledError:
        assert leftovers(repo, state) == []
    else:
        assert await isolation.close(place)
    assert children() == []
    assert repo.fingerprint() == before


def hang_at_reset(reached: Path, hold: Path) -> str:
    """A git that stops where the files are written: it says so, then waits for somebody to write ``hold``."""
    return f"""case "$*" in
        *"checkout --force"*) echo here > '{reached}'; read line < '{hold}'; exec "$REAL" "$@";;
        *) exec "$REAL" "$@";;
    esac"""


async def test_after_a_kill_in_the_middle_of_a_start_the_next_one_works_and_clears_what_was_left(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime, tmp_path: Path
) -> None:
    reached, hold = tmp_path / "reached", tmp_path / "hold"
    os.mkfifo(reached)
    os.mkfifo(hold)
    before = repo.fingerprint()
    process = opener(repo, state, "killed", path=stand_in(tmp_path / "bin", hang_at_reset(reached, hold)))
    await asyncio.to_thread(reached.read_text)
    process.send_signal(signal.SIGKILL)
    process.wait()

    # The orphaned git is still at work on the half-made workplace: that one is left alone.
    first = await isolation.open("e1", when)
    assert names(state, "worktrees/*/*") == ["e1", "killed", "killed.opening"]
    await asyncio.to_thread(hold.write_text, "go on\n")
    await asyncio.to_thread(_until_free, the(state, "worktrees/*/killed.opening"))
    assert (the(state, "worktrees/*/killed") / "app.py").exists()

    second = await isolation.open("e2", when)
    assert repo.run_branches() == [first.branch, second.branch]
    assert names(state, "worktrees/*/*") == ["e1", "e2"]
    assert repo.fingerprint() == before


def with_its_own_extensions(repo: RepoBuilder) -> None:
    """Have git itself make the records of work trees, as where its configuration may have a say in it."""
    repo.git("config", "include.path", "more")


def killed_in_a_record(repo: RepoBuilder, *others: str) -> str:
    """A git that is killed while it writes the record of a work tree, these processes with it."""
    kill = " ".join([*others, "$$"])
    return f"""case "$*" in
        *"worktree add"*) "$REAL" "$@"
            for file in '{repo.git_folder}'/worktrees/*/commondir; do : > "$file"; done
            kill -9 {kill};;
        *) exec "$REAL" "$@";;
    esac"""


async def test_a_record_that_a_killed_git_left_unfinished_does_not_break_the_repository(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime, tmp_path: Path
) -> None:
    with_its_own_extensions(repo)
    before = repo.fingerprint()
    path = stand_in(tmp_path / "bin", killed_in_a_record(repo, "$PPID"))
    process = opener(repo, state, "killed", path=path)
    assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
    assert repo.git("worktree", "list", check=False) == ""
    place = await isolation.open("e1", when)
    assert await isolation.close(place)
    assert repo.run_branches() == [place.branch]
    assert repo.worktrees() == []
    repo.git("gc", "--quiet")
    assert names(state, "worktrees/*/*") == []
    assert repo.fingerprint() == before


async def test_a_start_whose_git_is_killed_leaves_nothing(
    repo: RepoBuilder,
    isolation: Isolation,
    state: Path,
    when: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_its_own_extensions(repo)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", stand_in(tmp_path / "bin", killed_in_a_record(repo)))
        with pytest.raises(GitError):
            await isolation.open("e1", when)
    assert leftovers(repo, state) == []
    assert repo.worktrees() == []


def _until_free(mark: Path) -> None:
    """Wait for the last process that holds the mark."""
    with mark.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


async def test_a_copy_whose_start_was_killed_is_cleared_by_the_next_one(
    state: Path, when: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    reached, hold = tmp_path / "reached", tmp_path / "hold"
    os.mkfifo(reached)
    os.mkfifo(hold)
    repo = RepoBuilder.__new__(RepoBuilder)
    repo.folder = folder
    process = opener(repo, state, "killed", path=stand_in(tmp_path / "bin", hang_at_reset(reached, hold)))
    await asyncio.to_thread(reached.read_text)
    process.kill()
    process.wait()
    await asyncio.to_thread(hold.write_text, "go on\n")
    await asyncio.to_thread(_until_free, the(state, "worktrees/*/killed.opening"))
    await Isolation(folder, state).open("e1", when)
    assert names(state, "worktrees/*/*") == ["e1"]
    assert names(state, "copies/*/*") == [".gitignore", "e1"]


async def test_sixteen_executions_started_at_once_by_four_processes_never_collide(
    repo: RepoBuilder, state: Path
) -> None:
    before = repo.fingerprint()
    ids = [f"e{number:02}" for number in range(16)]
    processes = [opener(repo, state, *ids[start : start + 4]) for start in range(0, 16, 4)]
    codes = [await asyncio.to_thread(process.wait) for process in processes]
    assert codes == [0, 0, 0, 0]
    assert repo.run_branches() == [f"exec/{execution}/20261120_000000" for execution in ids]
    assert [repo.show(branch, "who.txt") for branch in repo.run_branches()] == ids
    assert len(repo.worktrees()) == 16
    assert names(state, "worktrees/*/*.opening") == []
    assert repo.fingerprint() == before
    assert repo.healthy()


async def test_no_process_and_no_file_handle_outlives_its_call(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    await isolation.open("warm", when)  # what asyncio keeps for itself is open after this
    descriptors = open_descriptors()
    for number in range(3):
        place = await isolation.open(f"e{number}", when)
        (place.root / "a.txt").write_text("a\n")
        commit = await isolation.commit(place, "feat: a", {})
        assert commit is not None
        await isolation.diff(place.repository, place.base_commit, commit.sha)
        assert await isolation.close(place)
        with pytest.raises(GitError):
            await isolation.changes(place.repository, "0" * 40, "no-such-branch")
    assert children() == []
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("name", ["", "--output=/tmp/x", "no such", "a\nb", "does-not-exist"])
async def test_what_is_no_commit_is_an_error_and_never_an_option(
    repo: RepoBuilder, isolation: Isolation, name: str
) -> None:
    with pytest.raises(GitError):
        await isolation.diff(repo.folder, name, repo.head)
    with pytest.raises(GitError):
        await isolation.changes(repo.folder, repo.head, name)
