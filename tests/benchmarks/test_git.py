"""What isolation costs beside plain git, measured in turn in one run."""

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git.isolation import Isolation
from tests.benchmarks.conftest import Figure
from tests.support.repo import RepoBuilder

ROUNDS = 25
WHEN = datetime(2026, 11, 20, 8, 30, 59)
SIZES = [1_000, 20_000]


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


def change(worktree: Path, number: int) -> None:
    for module in range(5):
        (worktree / f"package_{module}/module_{module}.py").write_text(f"ROUND = {number}\n")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("files", SIZES)
async def test_an_isolated_start_against_git_worktree_add(tmp_path: Path, figure: Figure, files: int) -> None:
    repo = populated(tmp_path / "repo", files)
    isolation = Isolation(repo.folder, tmp_path / "state")
    ratios = []
    for number in range(ROUNDS if files < 10_000 else 5):
        worktree = tmp_path / f"plain{number}"

        def add(path: Path = worktree) -> None:
            plain(repo.folder, "worktree", "add", "-b", path.name, str(path))

        bare = timed(add)
        shutil.rmtree(worktree)
        begun = time.perf_counter()
        place = await isolation.open(f"e{number}", WHEN)
        ratios.append((time.perf_counter() - begun) / bare)
        assert await isolation.close(place)
    figure(f"isolated start / git worktree add, {files:,} files", statistics.median(ratios), "x", 1.2)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("files", SIZES)
async def test_a_commit_of_five_files_against_git_add_and_commit(
    tmp_path: Path, figure: Figure, files: int
) -> None:
    repo = populated(tmp_path / "repo", files)
    isolation = Isolation(repo.folder, tmp_path / "state")
    place = await isolation.open("e1", WHEN)
    other = tmp_path / "other"
    plain(repo.folder, "worktree", "add", "-b", "other", str(other))

    def add_and_commit() -> None:
        plain(other, "add", "--all")
        plain(other, "commit", "-m", "feat: a round")

    ratios = []
    for number in range(ROUNDS):
        change(other, number)
        bare = timed(add_and_commit)
        change(place.root, number)
        begun = time.perf_counter()
        assert await isolation.commit(place, "feat: a round", {"Paracle-Step": str(number)}) is not None
        ratios.append((time.perf_counter() - begun) / bare)
    figure(f"commit of a step / git add and commit, {files:,} files", statistics.median(ratios), "x", 1.3)
