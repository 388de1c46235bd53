"""What isolation costs beside plain git, measured in turn in one run."""

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from paracle.app.git.isolation import Isolation

from tests.benchmarks.conftest import Figure
from tests.support.repo import RepoBuilder

import os

FILES = int(os.environ.get("FILES", "1000"))
ROUNDS = int(os.environ.get("ROUNDS", "25"))
WHEN = datetime(2026, 11, 20, 8, 30, 59)


def populated(folder: Path, files: int) -> RepoBuilder:
    """A repository of so many small source files in 40 folders."""
    repo = RepoBuilder(folder)
    text = "".join(f"def function_{number}(value):\n    return value + {number}\n" for number in range(30))
    for number in range(files):
        repo.write(f"package_{number % 40}/module_{number}.py", f"NUMBER = {number}\n{text}")
    repo.commit("everything")
    return repo


def plain(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def change(worktree: Path, round_: int) -> None:
    for number in range(5):
        (worktree / f"package_{number}/module_{number}.py").write_text(f"ROUND = {round_}\n")


async def test_an_isolated_start_against_git_worktree_add(tmp_path: Path, figure: Figure) -> None:
    repo = populated(tmp_path / "repo", FILES)
    isolation = Isolation(repo.folder, tmp_path / "state")
    bare, ours = [], []
    for number in range(ROUNDS):
        worktree = tmp_path / f"plain{number}"
        bare.append(timed(lambda w=worktree: plain(repo.folder, "worktree", "add", "-b", w.name, str(w))))  # type: ignore[misc]
        shutil.rmtree(worktree)
        begun = time.perf_counter()
        place = await isolation.open(f"e{number}", WHEN)
        ours.append(time.perf_counter() - begun)
        assert await isolation.close(place)
    figure("git worktree add, 1,000 files", statistics.median(bare) * 1e3, "ms", float("inf"))
    figure("isolated start, 1,000 files", statistics.median(ours) * 1e3, "ms", float("inf"))
    figure("isolated start / worktree add", statistics.median(ours) / statistics.median(bare), "x", 1.2)


async def test_a_commit_of_five_files_against_git_add_and_commit(tmp_path: Path, figure: Figure) -> None:
    repo = populated(tmp_path / "repo", FILES)
    isolation = Isolation(repo.folder, tmp_path / "state")
    place = await isolation.open("e1", WHEN)
    other = tmp_path / "other"
    plain(repo.folder, "worktree", "add", "-b", "other", str(other))

    def add_and_commit() -> None:
        plain(other, "add", "--all")
        plain(other, "commit", "-m", "feat: a round")

    bare, ours, idle = [], [], []
    for number in range(ROUNDS):
        change(other, number)
        bare.append(timed(add_and_commit))
        change(place.root, number)
        begun = time.perf_counter()
        assert await isolation.commit(place, "feat: a round", {"Paracle-Step": str(number)}) is not None
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        assert await isolation.commit(place, "feat: nothing", {}) is None
        idle.append(time.perf_counter() - begun)
    figure("git add and git commit, 5 files", statistics.median(bare) * 1e3, "ms", float("inf"))
    figure("commit of a step, 5 files", statistics.median(ours) * 1e3, "ms", float("inf"))
    figure("commit of a step / add and commit", statistics.median(ours) / statistics.median(bare), "x", 1.3)
    figure("commit of a step that changed nothing", statistics.median(idle) * 1e3, "ms", float("inf"))
