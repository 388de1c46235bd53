"""Ignored files of the user's folder in a fresh work tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git import included as module
from paracle.app.git.included import Included, Reason
from paracle.app.git.isolation import Isolation
from paracle.app.git.workplaces import Workplace
from tests.support.repo import RepoBuilder, tree_fingerprint


@pytest.fixture
async def place(repo: RepoBuilder, isolation: Isolation, when: datetime) -> Workplace:
    """The work tree of an execution in a repository that ignores ``*.local``, ``.env`` and ``data/``."""
    repo.commit("ignore", **{".gitignore": "*.local\n.env\n.env.*\n*.pem\ndata/\n"})
    return await isolation.open("e1", when)


def reasons(found: Included) -> dict[Reason, tuple[str, ...]]:
    return {one.reason: one.paths for one in found.left_out}


async def test_chosen_ignored_files_are_copied_with_mode_and_time(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    tool = repo.write("data/tool.sh", "#!/bin/sh\n")
    tool.chmod(0o750)
    os.utime(tool, ns=(1, 1_700_000_000_123_456_789))
    repo.write("deep/down/x.local", "x\n")
    repo.write("other.local", "o\n")
    before = repo.fingerprint()
    found = await isolation.include(place, ["data/", "deep/**/*.local"])
    assert found == Included(("data/tool.sh", "deep/down/x.local"))
    copy = (place.worktree / "data" / "tool.sh").stat()
    assert (copy.st_mode & 0o777, copy.st_mtime_ns) == (0o750, 1_700_000_000_123_456_789)
    assert not (place.worktree / "other.local").exists()
    assert repo.fingerprint() == before


async def test_a_worktreeinclude_file_chooses_too_as_gitignore_reads_it(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    for name in ("a.local", "b.local", "sub/a.local"):
        repo.write(name)
    repo.write(".worktreeinclude", "# mine\n\n*.local\n!b.local\n")
    assert (await isolation.include(place, ())).copies == ("a.local", "sub/a.local")


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.production",
        "sub/.env",
        "key.pem",
        "data/id_rsa",
        "data/credentials-prod.json",
        "data/.netrc",
    ],
)
async def test_what_looks_like_a_secret_is_a_link_to_the_users_file(
    repo: RepoBuilder, isolation: Isolation, place: Workplace, name: str
) -> None:
    file = repo.write(name, "secret")
    found = await isolation.include(place, ["*"])
    assert (found.copies, found.references) == ((), (name,))
    assert (place.worktree / name).readlink() == file


@pytest.mark.parametrize("name", [".env.example", "data/id_rsa.pub"])
async def test_what_is_made_to_be_shared_is_copied(
    repo: RepoBuilder, isolation: Isolation, place: Workplace, name: str
) -> None:
    repo.write(name)
    assert (await isolation.include(place, ["*"])).copies == (name,)


async def test_a_pattern_that_names_what_git_does_not_ignore_gives_a_warning(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    repo.write("new.txt")
    found = await isolation.include(place, ["app.py", "new.txt", "docs/", "*.py", "missing"])
    assert found.copies == ()
    assert reasons(found) == {Reason.NOT_IGNORED: ("app.py", "new.txt", "docs")}
    assert not (place.worktree / "new.txt").exists()


async def test_links_stay_links_only_where_they_stay_inside(
    repo: RepoBuilder, isolation: Isolation, place: Workplace, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("not yours")
    repo.write("data/file")
    for name, target in {
        "inside": "file",
        "up": "../app.py",
        "out": "../../outside",
        "absolute": str(repo.folder / "app.py"),
        "through": "out",
    }.items():
        (repo.folder / "data" / name).symlink_to(target)
    found = await isolation.include(place, ["data/"])
    assert found.copies == ("data/file", "data/inside", "data/up")
    assert reasons(found) == {Reason.LEADS_OUT: ("data/absolute", "data/out", "data/through")}
    assert (place.worktree / "data" / "up").readlink() == Path("../app.py")


async def test_nothing_is_written_through_a_link_of_the_commit(
    repo: RepoBuilder, isolation: Isolation, when: datetime, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo.folder / "data").symlink_to(outside)
    repo.commit("a link where the user has a folder")
    place = await isolation.open("e1", when)
    (repo.folder / "data").unlink()
    repo.write("data/deep/x.local")
    repo.write(".gitignore", "*.local\n")
    found = await isolation.include(place, ["*.local"])
    assert reasons(found) == {Reason.IN_THE_WAY: ("data/deep/x.local",)}
    assert list(outside.iterdir()) == []


async def test_copies_stop_at_the_limits_and_say_so(
    repo: RepoBuilder, isolation: Isolation, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    monkeypatch.setattr(module, "MAX_FILES", 3)
    for number, length in enumerate((4, 8, 4, 1)):
        repo.write(f"{number}.local", "x" * length)
    found = await isolation.include(place, ["*.local"])
    assert found.copies == ("0.local", "2.local")
    assert reasons(found) == {Reason.TOO_MANY: ("3.local",), Reason.TOO_LARGE: ("1.local",)}


async def test_our_own_records_are_never_brought_in(
    repo: RepoBuilder, when: datetime, place: Workplace
) -> None:
    inside = Isolation(repo.folder, repo.folder / "data" / "state")
    repo.write(".parac/.local/engine.db")
    repo.write(".parac/.gitignore", ".local/\n")
    repo.write("data/state/worktrees/x/y.local")
    repo.write("data/kept")
    assert (await inside.include(place, ["**"])).copies == ("data/kept",)


async def test_a_pipe_is_left_out_and_nothing_waits_for_it(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    repo.write("data/file")
    os.mkfifo(repo.folder / "data" / "pipe")
    (repo.folder / ".worktreeinclude").symlink_to("data/pipe")
    found = await isolation.include(place, ["data/"])
    assert found.copies == ("data/file",)
    assert reasons(found)[Reason.NO_INCLUDE_FILE] == (".worktreeinclude",)


async def test_patterns_of_a_project_in_a_subfolder_are_seen_from_there(
    repo: RepoBuilder, state: Path, when: datetime
) -> None:
    repo.commit("ignore", **{".gitignore": "*.local\n", "sub/a.txt": "a\n"})
    isolation = Isolation(repo.folder / "sub", state)
    place = await isolation.open("e1", when)
    for name in ("x.local", "sub/x.local", "sub/sub/x.local"):
        repo.write(name)
    assert (await isolation.include(place, ["/x.local"])).copies == ("sub/x.local",)
    assert (place.root / "x.local").exists()


async def test_a_folder_without_git_gets_what_its_copy_leaves_out(
    tmp_path: Path, state: Path, when: datetime
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for name in ("a.txt", ".env", "x.local"):
        (folder / name).write_text(name)
    (folder / ".gitignore").write_text("*.local\n")
    before = tree_fingerprint(folder)
    isolation = Isolation(folder, state)
    place = await isolation.open("e1", when)
    found = await isolation.include(place, [".env", "*.local"])
    assert (found.copies, found.references) == (("x.local",), (".env",))
    # Nothing in the copy ignores .env, and yet it becomes part of no commit and keeps no work tree.
    assert await isolation.commit(place, "work", {}) is None
    assert await isolation.close(place)
    assert tree_fingerprint(folder) == before


async def test_what_is_there_already_stays_as_it_is(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    repo.write("a.local", "mine\n")
    (place.worktree / "a.local").write_text("earlier work\n")
    assert await isolation.include(place, ["*.local"]) == Included()
    assert (place.worktree / "a.local").read_text() == "earlier work\n"
    assert not await isolation.close(place)


async def test_closing_takes_out_nothing_that_lies_behind_a_link(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    mine = repo.write("data/file", "mine\n")
    await isolation.include(place, ["data/"])
    (place.worktree / "data" / "file").unlink()
    (place.worktree / "data").rmdir()
    (place.worktree / "data").symlink_to(repo.folder / "data")
    await isolation.close(place)
    assert mine.read_text() == "mine\n"


async def test_names_that_are_no_text_are_copied(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    name = os.fsdecode(b"data/caf\xe9\nx")
    repo.write(name, "x")
    assert (await isolation.include(place, ["data/"])).copies == (name,)
    assert (place.worktree / name).read_text() == "x"
    assert await isolation.close(place)


@pytest.mark.parametrize("patterns", [(), ("*.local",)])
async def test_a_bare_repository_has_nothing_to_bring_in(
    repo: RepoBuilder, tmp_path: Path, state: Path, when: datetime, patterns: Sequence[str]
) -> None:
    bare = RepoBuilder.clone(repo, tmp_path / "bare", "--bare")
    isolation = Isolation(bare.folder, state)
    place = await isolation.open("e1", when)
    assert await isolation.include(place, patterns) == Included()
