"""A line's commit, in whatever state the user's checkout is."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.errors import GitError, NotFound
from paracle.app.git.blame import blame_line, find_line
from tests.support.repo import RepoBuilder


async def test_a_committed_line_names_its_commit_and_its_trailers(repo: RepoBuilder) -> None:
    repo.write("a b.txt", "one\ntwo\n")
    first = repo.commit("feat: add\n\nwords\n\nParacle-Execution: 7f3k\nParacle-Step: 3\n")
    repo.write("a b.txt", "zero\none\n2\n")
    repo.commit("later")
    found = await blame_line(repo.folder, "a b.txt", 2)
    assert (found.text, found.commit, found.line, found.path) == ("one", first, 1, "a b.txt")
    assert found.summary == "feat: add"
    assert found.trailers == {"Paracle-Execution": "7f3k", "Paracle-Step": "3"}
    assert (await blame_line(repo.folder, "a b.txt", 3)).trailers == {}


async def test_a_renamed_file_is_followed(repo: RepoBuilder) -> None:
    repo.write("old.txt", "one\ntwo\nthree\n")
    first = repo.commit("first")
    repo.git("mv", "old.txt", "new.txt")
    repo.commit("renamed")
    found = await blame_line(repo.folder, "new.txt", 2)
    assert (found.commit, found.path) == (first, "old.txt")


async def test_changes_that_are_not_committed_are_told(repo: RepoBuilder) -> None:
    repo.write("app.py", "print('hello')\nnew = 1\n")
    assert (await blame_line(repo.folder, "app.py", 2)).commit == ""
    assert (await blame_line(repo.folder, "app.py", 1)).commit == repo.head
    repo.write("untracked.py", "x\ny")
    found = await blame_line(repo.folder, "untracked.py", 2)
    assert (found.commit, found.text) == ("", "y")


async def test_a_repository_without_a_commit_has_uncommitted_lines_only(tmp_path: Path) -> None:
    repo = RepoBuilder(tmp_path / "fresh")
    repo.write("a.py", "x\n")
    assert (await blame_line(repo.folder, "a.py", 1)).commit == ""


@pytest.mark.parametrize(
    ("path", "line"), [("app.py", 9), ("nowhere.py", 1), ("docs", 1), ("untracked.py", 2), ("-rf", 1)]
)
async def test_what_is_not_there_is_not_found(repo: RepoBuilder, path: str, line: int) -> None:
    repo.write("untracked.py", "x\n")
    with pytest.raises(NotFound) as found:
        await blame_line(repo.folder, path, line)
    assert found.value.hint


async def test_commits_that_the_user_ignores_are_passed_over(repo: RepoBuilder) -> None:
    first = repo.head
    repo.write("app.py", "print( 'hello' )\n")
    repo.write(".git-blame-ignore-revs", repo.commit("format") + "\n")
    repo.git("config", "blame.ignoreRevsFile", ".git-blame-ignore-revs")
    assert (await blame_line(repo.folder, "app.py", 1)).commit == first


async def test_a_folder_without_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    with pytest.raises(GitError):
        await blame_line(tmp_path, "a.py", 1)


async def test_a_line_is_found_by_its_words_where_they_are_unique_or_in_place(repo: RepoBuilder) -> None:
    first = repo.commit("one", a_py="same\nonly\nsame\n")
    second = repo.commit("two", a_py="same\nonly\nsame\nmore\n")
    for text, near, commit in (("only", 40, first), ("more", 1, second), ("same", 3, first)):
        found = await find_line(repo.folder, second, "a.py", text, near)
        assert found is not None
        assert found.commit == commit
    assert await find_line(repo.folder, second, "a.py", "same", 2) is None
    assert await find_line(repo.folder, second, "a.py", "nowhere", 1) is None
    assert await find_line(repo.folder, "--porcelain", "a.py", "same", 1) is None
    assert await find_line(repo.folder, "0" * 40, "a.py", "same", 1) is None
