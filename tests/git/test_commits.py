"""What an agent's commit holds, and what it never holds."""

from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.executions import FileChange
from paracle.app.git.commits import with_trailers
from paracle.app.git.failures import GitConflict
from paracle.app.git.isolation import Isolation
from paracle.app.git.workplaces import Workplace
from tests.support.repo import RepoBuilder

TRAILERS = {"Paracle-Execution": "e1", "Paracle-Step": "3", "Assisted-by": "paracle:offline"}
STRANGE = [
    "-rf",
    "--",
    "a\nb",
    'quo"te',
    "tab\there",
    "ünïcödé ✓",
    " lead",
    "trail ",
    ":(exclude)x",
    "*",
    "back\\slash",
]


@pytest.fixture
async def place(isolation: Isolation, when: datetime) -> Workplace:
    return await isolation.open("e1", when)


async def test_nothing_changed_is_no_commit(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    assert await isolation.commit(place, "feat: nothing", TRAILERS) is None
    (place.root / "app.py").write_text("print('hello')\n")  # the same bytes at another time
    assert await isolation.commit(place, "feat: nothing", TRAILERS) is None
    assert repo.git("rev-parse", place.branch) == place.base_commit


async def test_added_modified_deleted_and_renamed_files_are_counted(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.commit("more", gone_py="1\n2\n", old_py="".join(f"line {n}\n" for n in range(20)))
    place = await isolation.open("e9", when)
    (place.root / "app.py").write_text("print('hello')\nprint('again')\n")
    (place.root / "gone.py").unlink()
    (place.root / "old.py").rename(place.root / "new.py")
    (place.root / "picture.bin").write_bytes(b"\0\1\2" * 100)
    (place.root / "link").symlink_to("app.py")
    (place.root / "docs" / "guide.py").chmod(0o755)

    commit = await isolation.commit(place, "feat: all kinds", TRAILERS)

    assert commit is not None
    assert set(commit.files) == {
        FileChange("app.py", "M", 1, 0),
        FileChange("gone.py", "D", 0, 2),
        FileChange("new.py", "R", 0, 0),
        FileChange("picture.bin", "A", -1, -1),
        FileChange("link", "A", 1, 0),
        FileChange("docs/guide.py", "M", 0, 0),
    }
    assert await isolation.changes(place.repository, place.base_commit, place.branch) == commit.files
    assert repo.git("ls-tree", place.branch, "link").startswith("120000")
    assert repo.git("ls-tree", place.branch, "docs/guide.py").startswith("100755")


async def test_the_commit_is_the_users_and_carries_its_trailers(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    (place.root / "a.txt").write_text("a\n")
    commit = await isolation.commit(place, "feat: a\n\nWhy it was done.\n# not a comment", TRAILERS)
    assert commit is not None
    assert repo.git("log", "-1", "--format=%an <%ae> %cn <%ce>", commit.sha) == (
        "Ada Tester <ada@example.org> Ada Tester <ada@example.org>"
    )
    assert repo.git("log", "-1", "--format=%(trailers:only,unfold)", commit.sha).splitlines() == [
        "Paracle-Execution: e1",
        "Paracle-Step: 3",
        "Assisted-by: paracle:offline",
    ]
    assert "# not a comment" in repo.message(commit.sha)
    assert commit.message.strip() == repo.message(commit.sha).strip()


async def test_without_a_configured_user_the_commit_is_by_paracle(
    home: Path, repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    (home / ".gitconfig").write_text("")
    (place.root / "a.txt").write_text("a\n")
    commit = await isolation.commit(place, "feat: a", TRAILERS)
    assert commit is not None
    assert repo.git("log", "-1", "--format=%an <%ae> %cn <%ce>", commit.sha) == (
        "Paracle <paracle@localhost> Paracle <paracle@localhost>"
    )


async def test_ignored_files_are_never_committed(
    home: Path, repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    (home / "ignore").write_text("from-home\n")
    repo.git("config", "core.excludesFile", str(home / "ignore"))
    (repo.git_folder / "info/exclude").write_text("from-exclude\n")
    repo.commit("ignore", **{".gitignore": ".env\nbuild/\n"})
    place = await isolation.open("e9", when)
    for name in (".env", "build/out.bin", "from-home", "from-exclude", "kept.txt"):
        (place.root / name).parent.mkdir(exist_ok=True)
        (place.root / name).write_text("content\n")
    commit = await isolation.commit(place, "feat: files", TRAILERS)
    assert commit is not None
    assert [change.path for change in commit.files] == ["kept.txt"]


async def test_file_names_of_every_kind_come_through(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    for number, name in enumerate(STRANGE):
        (place.root / name).write_text("line\n" * (number + 1))
    commit = await isolation.commit(place, "feat: strange names", TRAILERS)
    assert commit is not None
    assert {change.path: change.added for change in commit.files} == {
        name: number + 1 for number, name in enumerate(STRANGE)
    }
    assert await isolation.close(place)


async def test_a_name_that_is_not_text_is_shown_escaped(isolation: Isolation, place: Workplace) -> None:
    try:
        (place.root / "caf\udce9").write_text("x\n")
    except OSError:  # a file system that takes only UTF-8 names cannot bring this about
        return
    commit = await isolation.commit(place, "feat: a name", TRAILERS)
    assert commit is not None
    assert [change.path for change in commit.files] == ["caf\\xe9"]


async def test_hooks_signing_and_background_work_of_the_user_do_not_run(
    tmp_path: Path, repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    ran = tmp_path / "ran"
    hooks = repo.git_folder / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "post-checkout",
        "pre-commit",
        "commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
    ):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> '{ran}'\n")
        (hooks / name).chmod(0o755)
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\necho monitor >> '{ran}'\n")
    monitor.chmod(0o755)
    for setting in (
        f"core.fsmonitor={monitor}",
        "commit.gpgSign=true",
        "gpg.program=/nonexistent",
        "gc.auto=1",
        f"diff.external={monitor}",
        "branch.autoSetupMerge=always",
        "core.safecrlf=true",
    ):
        repo.git("config", *setting.split("=", 1))
    config = (repo.git_folder / "config").read_bytes()

    place = await isolation.open("e9", when)
    (place.root / "crlf.txt").write_bytes(b"one\r\ntwo\n")
    commit = await isolation.commit(place, "feat: a", TRAILERS)
    assert commit is not None
    assert "crlf.txt" in await isolation.diff(place.repository, place.base_commit, commit.sha)
    assert await isolation.close(place)

    assert not ran.exists()
    assert (repo.git_folder / "config").read_bytes() == config


async def test_variables_that_redirect_git_have_no_effect(
    tmp_path: Path, repo: RepoBuilder, isolation: Isolation, when: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RepoBuilder(tmp_path / "other")
    other.commit("other", other_py="1\n")
    before = other.fingerprint()
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(other.folder / ".git"))
        patch.setenv("GIT_WORK_TREE", str(other.folder))
        patch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
        patch.setenv("GIT_NAMESPACE", "elsewhere")
        patch.setenv("GIT_CONFIG_COUNT", "1")
        patch.setenv("GIT_CONFIG_KEY_0", "user.name")
        patch.setenv("GIT_CONFIG_VALUE_0", "Somebody Else")
        place = await isolation.open("e9", when)
        (place.root / "a.txt").write_text("a\n")
        commit = await isolation.commit(place, "feat: a", TRAILERS)
    assert commit is not None
    assert repo.git("rev-parse", place.branch) == commit.sha
    assert repo.git("log", "-1", "--format=%an", commit.sha) == "Ada Tester"
    assert other.fingerprint() == before
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("born", [True, False])
async def test_a_repository_made_by_the_agent_is_left_out_and_kept_on_disk(
    isolation: Isolation, place: Workplace, born: bool
) -> None:
    nested = RepoBuilder(place.root / "tool")
    nested.write("inner.txt", "only here\n")
    if born:
        nested.commit("inner")
    (place.root / "outer.txt").write_text("outer\n")
    commit = await isolation.commit(place, "feat: outer", TRAILERS)
    assert commit is not None
    assert [change.path for change in commit.files] == ["outer.txt"]
    assert not await isolation.close(place)
    assert (nested.folder / "inner.txt").read_text() == "only here\n"


async def test_a_branch_that_somebody_else_moved_is_not_overwritten(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    theirs = repo.commit("meanwhile", app_py="print('meanwhile')\n")
    repo.git("update-ref", f"refs/heads/{place.branch}", theirs)
    (place.root / "a.txt").write_text("a\n")
    commit = await isolation.commit(place, "feat: a", TRAILERS)
    assert commit is not None
    assert repo.git("rev-parse", f"{commit.sha}^") == theirs


async def test_a_lock_of_another_git_is_a_conflict_that_names_the_file(
    isolation: Isolation, place: Workplace
) -> None:
    (place.root / "a.txt").write_text("a\n")
    own = (place.worktree / ".git").read_text().removeprefix("gitdir: ").strip()
    (Path(own) / "index.lock").touch()
    with pytest.raises(GitConflict) as refused:
        await isolation.commit(place, "feat: a", TRAILERS)
    assert "index.lock" in refused.value.detail
    (Path(own) / "index.lock").unlink()
    assert await isolation.commit(place, "feat: a", TRAILERS) is not None


async def test_the_diff_of_an_execution_reads_as_git_shows_it(
    repo: RepoBuilder, isolation: Isolation, place: Workplace
) -> None:
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "color.ui", "always")
    (place.root / "app.py").write_text("print('bye')\n")
    (place.root / "latin1.txt").write_bytes(b"caf\xe9\n")
    commit = await isolation.commit(place, "feat: bye", TRAILERS)
    assert commit is not None
    text = await isolation.diff(place.repository, place.base_commit, commit.sha)
    assert "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-print('hello')\n+print('bye')\n" in text
    assert "+caf\N{REPLACEMENT CHARACTER}\n" in text


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("fix: a", "fix: a\n\nStep: 1\n"),
        ("fix: a\n\nBody.\n", "fix: a\n\nBody.\n\nStep: 1\n"),
        ("fix: a\n\nBody.\n\nRefs: #4", "fix: a\n\nBody.\n\nRefs: #4\nStep: 1\n"),
        ("fix: a\n\nNote: this\nis prose", "fix: a\n\nNote: this\nis prose\n\nStep: 1\n"),
    ],
)
def test_trailers_form_one_last_paragraph(message: str, expected: str) -> None:
    assert with_trailers(message, {"Step": "1"}) == expected


def test_a_trailer_stays_on_one_line_and_a_message_is_needed() -> None:
    assert with_trailers("fix: a", {"Task": "one\ntwo\0"}) == "fix: a\n\nTask: one two\n"
    with pytest.raises(ValueError, match="trailer"):
        with_trailers("fix: a", {"Not a name": "1"})
    with pytest.raises(ValueError, match="message"):
        with_trailers(" \n", {})
