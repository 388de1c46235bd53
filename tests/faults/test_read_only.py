"""Folders that may not be written: an error in words before anything starts, and reading still works."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paracle.app.domain.states import State
from tests.support.confinement import as_a_user, with_read_only_disk
from tests.support.studio import Studio, paracle, says, writes


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[list[Path]]:
    """Folders whose modes forbid writing until the test is over."""
    folders: list[Path] = []
    yield folders
    for folder in folders:
        folder.chmod(0o755)


def lock(folder: Path, locked: list[Path]) -> None:
    """Forbid writing in a folder and all folders below it."""
    for found in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        found.chmod(0o555)
        locked.append(found)


def refused(studio: Studio, prefix: list[str]) -> str:
    """What a run says that cannot begin its work."""
    model = studio.script(writes("a.txt"), says())
    done = paracle("run", "worker", "--model", model, cwd=studio.repo.folder, prefix=prefix)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "writable" in done.stderr, done.stderr
    return done.stderr


def reading_works(studio: Studio, prefix: list[str]) -> bool:
    """Whether what needs no writing still works."""
    asked = (["agents", "list"], ["agents", "show", "worker"], ["runs", "list"], ["validate"])
    done = [paracle(*arguments, cwd=studio.repo.folder, prefix=prefix) for arguments in asked]
    return [one.returncode for one in done] == [0] * 4 and "Traceback" not in str(done)


def test_a_project_folder_that_may_not_be_written(studio: Studio, locked: list[Path]) -> None:
    before = studio.fingerprint()
    lock(studio.files.parac, locked)
    said = refused(studio, as_a_user())
    assert str(studio.files.parac) in said
    assert reading_works(studio, as_a_user())
    unlock(locked)
    assert studio.fingerprint() == before
    assert studio.repo.run_branches() == []


def test_a_store_that_may_not_be_written(studio: Studio, locked: list[Path]) -> None:
    studio.run(says("first"))
    local = studio.files.parac / ".local"
    database = (local / "engine.db").read_bytes()
    lock(local, locked)
    (local / "engine.db").chmod(0o444)
    refused(studio, as_a_user())
    unlock(locked)
    assert (local / "engine.db").read_bytes() == database
    (local / "engine.db").chmod(0o644)
    assert studio.run(says("again"))[0].answer == "again"


def test_a_repository_that_may_not_be_written(studio: Studio, locked: list[Path]) -> None:
    before = studio.fingerprint()
    lock(studio.repo.git_folder, locked)
    assert ".git" in refused(studio, as_a_user())
    assert reading_works(studio, as_a_user())
    unlock(locked)
    assert studio.fingerprint() == before
    assert [*studio.repo.run_branches(), *studio.worktrees()] == []
    assert studio.run(says("again"))[0].answer == "again"


def test_a_state_folder_that_may_not_be_written(studio: Studio, locked: list[Path]) -> None:
    before = studio.fingerprint()
    state = Path(os.environ["PARACLE_STATE_DIR"])
    state.mkdir(parents=True)
    lock(state, locked)
    refused(studio, as_a_user())
    assert reading_works(studio, as_a_user())
    unlock(locked)
    assert studio.fingerprint() == before
    assert [*studio.repo.run_branches(), *studio.worktrees()] == []


@pytest.mark.parametrize("part", [".", ".parac", ".git"])
def test_a_disk_that_is_mounted_read_only(studio: Studio, part: str) -> None:
    before = studio.fingerprint()
    prefix = with_read_only_disk(studio.repo.folder / part)
    refused(studio, prefix)
    assert reading_works(studio, prefix)
    assert studio.fingerprint() == before
    assert [*studio.repo.run_branches(), *studio.worktrees()] == []


def unlock(folders: list[Path]) -> None:
    for folder in folders:
        folder.chmod(0o755)


def test_a_run_whose_sign_of_life_may_not_be_read_is_not_called_dead(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, says("never", delay=600))
        (sign,) = (here.local / "owners").iterdir()
        sign.chmod(0)
        listed = paracle("runs", "list", "--json", cwd=studio.repo.folder, prefix=as_a_user())
        assert listed.returncode == 0
        (row,) = json.loads(listed.stdout)["executions"]
        assert State(row["state"]).is_live
        assert handle.execution.state.is_live
        handle.stop()
