"""Folders that have no commit to fork from: the work is done in a copy."""

import os
import socket
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.errors import ExitCode
from paracle.app.domain.executions import FileChange
from paracle.app.git.copies import MAX_BYTES, MAX_FILES
from paracle.app.git.failures import CannotCopy
from paracle.app.git.isolation import Isolation
from tests.support.repo import RepoBuilder, tree_fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder without git, with two files."""
    folder = tmp_path / "plain"
    (folder / "pkg").mkdir(parents=True)
    (folder / "app.py").write_text("print('hello')\n")
    (folder / "pkg/mod.py").write_text("x = 1\n")
    (folder / "pkg/mod.py").chmod(0o755)
    return folder


def files_in(root: Path) -> set[str]:
    """The files of a work tree, without git's own."""
    return {path for path in tree_fingerprint(root) if not (root / path).is_dir() and path != ".git"}


def left(state: Path) -> list[str]:
    """What is in the state directory for executions: work trees, marks, repositories of copies."""
    return [path.name for pattern in ("worktrees/*/*", "copies/*/*") for path in state.glob(pattern)]


async def test_a_copy_is_committed_in_compared_and_closed_like_a_worktree(
    folder: Path, state: Path, when: datetime
) -> None:
    before = tree_fingerprint(folder)
    isolation = Isolation(folder, state)
    place = await isolation.open("e1", when)

    assert place.isolation == "copy"
    assert place.branch == "exec/e1/20261120_083059"
    assert place.worktree.is_relative_to(state / "worktrees")
    assert place.repository.is_relative_to(state)
    assert files_in(place.root) == {"app.py", "pkg/mod.py"}
    assert os.access(place.root / "pkg/mod.py", os.X_OK)

    (place.root / "app.py").write_text("print('bye')\n")
    commit = await isolation.commit(place, "feat: bye", {"Paracle-Step": "1"})
    assert commit is not None
    assert commit.files == (FileChange("app.py", "M", 1, 1),)
    assert await isolation.changes(place.repository, place.base_commit, commit.sha) == commit.files
    assert "+print('bye')" in await isolation.diff(place.repository, place.base_commit, place.branch)

    assert await isolation.close(place)
    assert not place.worktree.exists()
    assert "+print('bye')" in await isolation.diff(place.repository, place.base_commit, place.branch)
    assert tree_fingerprint(folder) == before
    assert not (folder / ".git").exists()


async def test_a_repository_without_a_commit_is_copied_and_stays_unborn(
    tmp_path: Path, state: Path, when: datetime
) -> None:
    repo = RepoBuilder(tmp_path / "unborn")
    repo.write("app.py", "1\n")
    repo.git("add", "app.py")
    repo.write("other.py", "2\n")
    before = repo.fingerprint()
    isolation = Isolation(repo.folder, state)
    place = await isolation.open("e1", when)
    assert place.isolation == "copy"
    assert files_in(place.root) == {"app.py", "other.py"}
    assert await isolation.close(place)
    assert repo.fingerprint() == before
    assert repo.branches() == []


async def test_secrets_environments_and_ignored_files_are_not_copied(
    folder: Path, state: Path, when: datetime
) -> None:
    for name in (
        ".env", ".env.local", ".env.example", ".env.sample", ".venv/bin/python", "node_modules/a/index.js",
        "pkg/__pycache__/mod.pyc", ".parac/.local/engine.db", ".parac/project.yaml", "build/out.bin",
        "pkg/a.log", "pkg/keep.log", "sub/.env",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("content\n")
    (folder / ".gitignore").write_text("build/\n!.env\n")
    (folder / "pkg/.gitignore").write_text("*.log\n!keep.log\n")
    place = await Isolation(folder, state).open("e1", when)
    assert files_in(place.root) == {
        "app.py", "pkg/mod.py", ".env.example", ".env.sample", ".parac/project.yaml", "pkg/keep.log",
        ".gitignore", "pkg/.gitignore",
    }  # fmt: skip


async def test_bytes_come_through_whatever_the_folder_says_about_line_ends_and_filters(
    folder: Path, state: Path, when: datetime
) -> None:
    content = {
        "crlf.txt": b"a\r\nb\n",
        "ident.txt": b"$Id: x$\n",
        "utf16.txt": "é\n".encode("utf-16"),
        "empty": b"",
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    (folder / ".gitattributes").write_text(
        "*.txt text=auto eol=crlf ident filter=missing\nutf16.txt working-tree-encoding=UTF-16\n"
    )
    place = await Isolation(folder, state).open("e1", when)
    assert {name: (place.root / name).read_bytes() for name in content} == content


async def test_links_that_lead_out_and_what_is_no_file_are_not_copied(
    tmp_path: Path, folder: Path, state: Path, when: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (folder / "inside").symlink_to("pkg/mod.py")
    (folder / "dangling").symlink_to("nothing-here")
    (folder / "outside").symlink_to("../secret")
    (folder / "absolute").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
        place = await Isolation(folder, state).open("e1", when)
    assert files_in(place.root) == {"app.py", "pkg/mod.py", "inside", "dangling"}
    assert (place.root / "inside").readlink() == Path("pkg/mod.py")
    assert place.warnings == (
        "Links that lead out of this folder are not part of this run (absolute, outside)",
    )


async def test_repositories_inside_the_folder_are_left_out_and_named(
    folder: Path, state: Path, when: datetime
) -> None:
    nested = RepoBuilder(folder / "nested")
    nested.commit("nested", n_py="1\n")
    place = await Isolation(folder, state).open("e1", when)
    assert files_in(place.root) == {"app.py", "pkg/mod.py"}
    assert place.warnings == ("Git repositories inside this folder are not part of this run (nested/)",)


async def test_a_state_directory_inside_the_folder_is_not_copied(folder: Path, when: datetime) -> None:
    state = folder / "state"
    state.mkdir()
    (state / "engine.db").write_text("data\n")
    place = await Isolation(folder, state).open("e1", when)
    assert files_in(place.root) == {"app.py", "pkg/mod.py"}


async def test_an_empty_folder_can_be_worked_in(tmp_path: Path, state: Path, when: datetime) -> None:
    (tmp_path / "empty").mkdir()
    isolation = Isolation(tmp_path / "empty", state)
    place = await isolation.open("e1", when)
    (place.root / "new.txt").write_text("new\n")
    commit = await isolation.commit(place, "feat: new", {})
    assert commit is not None
    assert [change.path for change in commit.files] == ["new.txt"]


async def test_a_folder_of_too_many_bytes_is_refused_with_the_figure(
    folder: Path, state: Path, when: datetime
) -> None:
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(MAX_BYTES + 1_000_000)
    with pytest.raises(CannotCopy) as refused:
        await Isolation(folder, state).open("e1", when)
    assert "538 MB" in refused.value.detail
    assert "git init" in refused.value.hint
    assert refused.value.exit_code is ExitCode.REFUSED
    assert left(state) == [".gitignore"]


async def test_a_folder_of_too_many_files_is_refused(folder: Path, state: Path, when: datetime) -> None:
    for number in range(MAX_FILES):
        (folder / f"{number}.txt").touch()
    with pytest.raises(CannotCopy, match="too large"):
        await Isolation(folder, state).open("e1", when)
    assert left(state) == [".gitignore"]
