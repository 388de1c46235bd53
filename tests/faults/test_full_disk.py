"""A disk without room: an error in words, nothing lost, and all works again once there is room."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.confinement import with_small_disk


def play(
    case: str, *folders: Path, disk: Path, kibibytes: int, among: str = "tests.faults.full_disk_cases"
) -> None:
    """Play a case where ``disk`` is a small one."""
    done = subprocess.run(
        [
            *with_small_disk(disk, kibibytes),
            *(sys.executable, "-m", among, case, *map(str, folders)),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def state() -> Path:
    return Path(os.environ["PARACLE_STATE_DIR"])


def local(folder: Path) -> Path:
    return folder / "shop" / ".parac" / ".local"


def test_the_disk_of_the_store_fills_up_during_a_run(tmp_path: Path) -> None:
    play("the_store", tmp_path / "studio", disk=tmp_path, kibibytes=4000)


def test_there_is_no_room_for_the_store(tmp_path: Path) -> None:
    play("the_store_from_the_beginning", tmp_path / "studio", disk=tmp_path, kibibytes=4000)


def test_the_disk_of_the_worktrees_is_too_small_for_what_is_written(tmp_path: Path) -> None:
    play("the_worktree", tmp_path / "studio", disk=state() / "worktrees", kibibytes=1000)


def test_there_is_no_room_for_a_worktree(tmp_path: Path) -> None:
    play("the_worktree_from_the_beginning", tmp_path / "studio", state(), disk=state(), kibibytes=1000)


def test_the_disk_of_the_repository_fills_up(tmp_path: Path) -> None:
    play("the_repository", tmp_path / "studio", disk=tmp_path, kibibytes=4000)


@pytest.mark.parametrize("case", ["merge", "undo", "apply", "discard"])
def test_a_full_disk_leaves_the_users_files_as_they_were(tmp_path: Path, case: str) -> None:
    play(
        case, tmp_path / "past", disk=tmp_path, kibibytes=12_000, among="tests.faults.full_disk_history_cases"
    )
