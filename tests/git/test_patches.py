"""Trees put together from a part of a diff, held against what git itself makes of it."""

from __future__ import annotations

import asyncio
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paracle.app.domain.diff_print import print_diff
from paracle.app.domain.diffs import (
    ADDED,
    REMOVED,
    FileDiff,
    Place,
    Selection,
    apply_hunks,
    as_bytes,
    as_text,
)
from paracle.app.domain.errors import Conflict, GitError, NotFound
from paracle.app.git.patches import diff_files, tree_with
from tests.support.repo import RepoBuilder

BODY = "".join(f"line {number}\n" for number in range(60))
ODD = 'caf\udce9\n"q" -x'


@pytest.fixture
def changed(repo: RepoBuilder) -> tuple[str, str]:
    """Two commits between which everything happens that can happen to a file."""
    repo.write("code.py", BODY)
    repo.write("dos.txt", BODY.replace("\n", "\r\n"))
    repo.write("open end", BODY.removesuffix("\n"))
    repo.write("moved from here", BODY + "more\n")
    repo.write("blob.bin", b"\0one")
    repo.write("gone.txt", "a\nb\nc\n")
    repo.write("tool.sh", "echo\n")
    repo.write("-rf", "x\n")
    repo.write(ODD, "x\n")
    repo.write("becomes a link", "words\n")
    repo.write("emptied", "words\n")
    (repo.folder / "link").symlink_to("code.py")
    base = repo.commit("base")
    edited = BODY.replace("line 5\n", "five\n").replace("line 30\n", "").replace("line 55\n", "55\n56\n")
    repo.write("code.py", edited)
    repo.write("dos.txt", edited.replace("\n", "\r\n"))
    repo.write("open end", edited)
    (repo.folder / "moved from here").rename(repo.folder / "moved to there")
    repo.write("moved to there", edited + "more\n")
    (repo.folder / "moved to there").chmod(0o755)
    repo.write("blob.bin", b"\0two")
    (repo.folder / "gone.txt").unlink()
    (repo.folder / "tool.sh").chmod(0o755)
    repo.write("-rf", "y\n")
    repo.write(ODD, b"\xff\n")
    (repo.folder / "becomes a link").unlink()
    (repo.folder / "becomes a link").symlink_to("code.py")
    repo.write("emptied", "")
    (repo.folder / "link").unlink()
    (repo.folder / "link").symlink_to("tool.sh")
    repo.write("new/deep.txt", "1\n2\n3")
    repo.write("empty", "")
    return base, repo.commit("tip")


def tree(repo: RepoBuilder, revision: str) -> str:
    return repo.git("rev-parse", f"{revision}^{{tree}}")


def by_path(files: tuple[FileDiff, ...]) -> dict[str, FileDiff]:
    return {file.path: file for file in files}


async def test_every_kind_of_change_is_told(repo: RepoBuilder, changed: tuple[str, str]) -> None:
    files = by_path(await diff_files(repo.folder, *changed))
    assert {path: file.status for path, file in files.items()} == {
        "-rf": "M",
        "becomes a link": "T",
        "blob.bin": "M",
        ODD: "M",
        "code.py": "M",
        "dos.txt": "M",
        "emptied": "M",
        "empty": "A",
        "gone.txt": "D",
        "link": "M",
        "moved to there": "R",
        "new/deep.txt": "A",
        "open end": "M",
        "tool.sh": "M",
    }
    assert files["blob.bin"].is_binary
    assert files["link"].is_symlink
    assert files["tool.sh"].mode_changed
    assert files["moved to there"].old_path == "moved from here"
    assert len(files["code.py"].hunks) == 3
    assert files["dos.txt"].hunks[0].lines[-1].text.endswith("\r")
    assert files["open end"].hunks[-1].lines[-1].no_newline is False


async def test_all_is_the_tip_and_nothing_the_base(repo: RepoBuilder, changed: tuple[str, str]) -> None:
    base, tip = changed
    files = await diff_files(repo.folder, base, tip)
    assert await tree_with(repo.folder, base, tip, Selection.of_files(files)) == tree(repo, tip)
    assert await tree_with(repo.folder, base, tip, Selection()) == tree(repo, base)
    every_line = Selection({file.path: file.changes or None for file in files})
    assert await tree_with(repo.folder, base, tip, every_line) == tree(repo, tip)


async def test_nothing_of_the_user_is_touched(repo: RepoBuilder, changed: tuple[str, str]) -> None:
    repo.git("config", "core.splitIndex", "true")
    repo.write("code.py", "work in progress\n")
    repo.git("add", "code.py")
    before, folder = repo.fingerprint(), sorted(path.name for path in repo.git_folder.iterdir())
    files = by_path(await diff_files(repo.folder, *changed))
    chosen = Selection().with_hunk("code.py", files["code.py"].hunks[1]).with_file("blob.bin")
    await tree_with(repo.folder, *changed, chosen)
    assert repo.fingerprint() == before
    assert sorted(path.name for path in repo.git_folder.iterdir()) == folder
    assert repo.healthy()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_hunks_give_what_git_apply_makes_of_them(
    repo: RepoBuilder, changed: tuple[str, str], tmp_path: Path, data: st.DataObject
) -> None:
    base, tip = changed
    files = [file for file in asyncio.run(diff_files(repo.folder, base, tip)) if file.hunks]
    chosen, patches = Selection(), []
    for file in files:
        hunks = file.hunks
        if file.is_divisible:
            hunks = tuple(hunk for hunk in hunks if data.draw(st.booleans()))
        elif not data.draw(st.booleans()):
            hunks = ()
        if not hunks or (file.status == "D" and hunks != file.hunks):
            continue
        for hunk in hunks:
            chosen = chosen.with_hunk(file.path, hunk)
        patches.append(
            FileDiff(
                file.old_path, file.path, file.status, file.old_mode, file.new_mode, hunks,
                old_id=file.old_id, new_id=file.new_id, similarity=file.similarity,
            )
        )  # fmt: skip
    made = asyncio.run(tree_with(repo.folder, base, tip, chosen))
    assert made == applied(repo, base, print_diff(patches), tmp_path / "index")


def applied(repo: RepoBuilder, base: str, patch: bytes, index: Path) -> str:
    """The tree that ``git apply --cached`` makes in an index of its own."""
    if not patch:
        return tree(repo, base)

    def run(*arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=repo.folder,
            env={"GIT_INDEX_FILE": str(index), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    run("read-tree", base)
    run("apply", "--cached", "--whitespace=nowarn", "--recount", stdin=patch)
    return run("write-tree")


async def test_the_hunks_that_git_writes_make_the_new_file_of_the_old(repo: RepoBuilder) -> None:
    chance = random.Random(7)
    words = [
        "",
        "a",
        "b",
        "c\r",
        " d",
        "-- e",
        "++ f",
        "@@ -1 +1 @@",
        "\\ No newline at end of file",
        "\udcff",
    ]

    def text() -> bytes:
        lines = [chance.choice(words) for _ in range(chance.randrange(14))]
        return as_bytes("\n".join(lines) + chance.choice(["", "\n"]))

    old = {f"{number}": text() for number in range(300)}
    new = {path: text() for path in old}
    commits = []
    for contents in (old, new):
        for path, content in contents.items():
            repo.write(path, content)
        commits.append(repo.commit())
    for context in (0, 1, 3):
        for file in await diff_files(repo.folder, *commits, context=context):
            assert as_bytes(apply_hunks(as_text(old[file.path]), file.hunks)) == new[file.path]
            assert as_bytes(apply_hunks(as_text(old[file.path]), file.hunks, ())) == old[file.path]


async def test_a_line_can_be_taken_without_the_others(repo: RepoBuilder, changed: tuple[str, str]) -> None:
    base, tip = changed
    chosen = Selection().with_places("code.py", [Place(ADDED, 56)])
    made = await tree_with(repo.folder, base, tip, chosen)
    assert repo.show(made, "code.py") == BODY.replace("line 55\n", "line 55\n56\n").removesuffix("\n")


async def test_a_part_of_a_deleted_file_leaves_the_rest(repo: RepoBuilder, changed: tuple[str, str]) -> None:
    chosen = Selection().with_places("gone.txt", [Place(REMOVED, 2)])
    made = await tree_with(repo.folder, *changed, chosen)
    assert repo.show(made, "gone.txt") == "a\nc"


async def test_a_part_of_a_new_file_is_a_smaller_new_file(
    repo: RepoBuilder, changed: tuple[str, str]
) -> None:
    made = await tree_with(
        repo.folder, *changed, Selection().with_places("new/deep.txt", [Place(ADDED, 1), Place(ADDED, 3)])
    )
    assert repo.git("cat-file", "-s", f"{made}:new/deep.txt") == "3"
    assert repo.show(made, "new/deep.txt") == "1\n3"


async def test_a_part_of_a_renamed_file_takes_its_name_and_mode_along(
    repo: RepoBuilder, changed: tuple[str, str]
) -> None:
    files = by_path(await diff_files(repo.folder, *changed))
    chosen = Selection().with_hunk("moved to there", files["moved to there"].hunks[0])
    made = await tree_with(repo.folder, *changed, chosen)
    assert repo.show(made, "moved to there") == BODY.replace("line 5\n", "five\n") + "more"
    assert "moved from here" not in repo.names(made)
    assert repo.git("ls-tree", made, "moved to there").startswith("100755")


async def test_lines_that_are_not_there_any_more_are_refused(
    repo: RepoBuilder, changed: tuple[str, str]
) -> None:
    with pytest.raises(Conflict):
        await tree_with(repo.folder, *changed, Selection().with_places("code.py", [Place(ADDED, 1)]))
    with pytest.raises(NotFound, match="nowhere"):
        await tree_with(repo.folder, *changed, Selection().with_file("nowhere"))


async def test_half_a_swap_of_a_file_for_a_folder_is_refused(repo: RepoBuilder) -> None:
    base = repo.commit("file", thing="1\n2\n3\n")
    (repo.folder / "thing").unlink()
    repo.write("thing/inside", "quite another content\n")
    tip = repo.commit("folder")
    with pytest.raises(Conflict, match="cannot stand beside"):
        await tree_with(repo.folder, base, tip, Selection().with_file("thing/inside"))
    both = Selection().with_file("thing/inside").with_file("thing")
    assert await tree_with(repo.folder, base, tip, both) == tree(repo, tip)


async def test_white_space_can_be_left_out_of_the_picture(repo: RepoBuilder) -> None:
    base = repo.commit("one", a_py="if x:\n  y\nz\n", b_py="x\n")
    tip = repo.commit("two", a_py="if x:\n    y\nZ\n", b_py="x  \n")
    files = by_path(await diff_files(repo.folder, base, tip, ignore_whitespace=True))
    assert [line.text for line in files["a.py"].hunks[0].lines if line.kind == ADDED] == ["Z"]
    assert files["b.py"].hunks == ()
    seen = Selection().with_hunk("a.py", files["a.py"].hunks[0])
    assert repo.show(await tree_with(repo.folder, base, tip, seen), "a.py") == "if x:\n  y\nZ"


@pytest.mark.parametrize("context", [0, 1, 12, 1000])
async def test_hunks_shown_with_any_context_can_be_accepted(
    repo: RepoBuilder, changed: tuple[str, str], context: int
) -> None:
    files = by_path(await diff_files(repo.folder, *changed, context=context))
    chosen = Selection()
    for hunk in files["code.py"].hunks:
        chosen = chosen.with_hunk("code.py", hunk)
    made = await tree_with(repo.folder, *changed, chosen)
    assert repo.show(made, "code.py") == repo.show(changed[1], "code.py")


async def test_the_users_settings_do_not_change_what_is_read(
    repo: RepoBuilder, changed: tuple[str, str]
) -> None:
    expected = await diff_files(repo.folder, *changed)
    for name, value in (
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.suppressBlankEmpty", "true"),
        ("diff.context", "9"),
        ("diff.external", "false"),
        ("diff.submodule", "log"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        ("diff.interHunkContext", "50"),
    ):
        repo.git("config", name, value)
    assert await diff_files(repo.folder, *changed) == expected


async def test_a_submodule_is_taken_whole(repo: RepoBuilder, tmp_path: Path) -> None:
    module = RepoBuilder(tmp_path / "module")
    module.commit("m1")
    repo.git("submodule", "--quiet", "add", str(module.folder), "lib")
    base = repo.commit("with module")
    repo.git("-C", "lib", "commit", "--quiet", "--allow-empty", "--message", "m2")
    tip = repo.commit("module moved")
    [file] = await diff_files(repo.folder, base, tip)
    assert file.is_submodule
    with pytest.raises(Conflict, match="whole"):
        await tree_with(repo.folder, base, tip, Selection().with_places("lib", [Place(ADDED, 1)]))
    assert await tree_with(repo.folder, base, tip, Selection().with_file("lib")) == tree(repo, tip)


async def test_a_bare_repository_will_do(repo: RepoBuilder, changed: tuple[str, str], tmp_path: Path) -> None:
    bare = RepoBuilder.clone(repo, tmp_path / "bare.git", "--bare")
    files = await diff_files(bare.folder, *changed)
    assert await tree_with(bare.folder, *changed, Selection.of_files(files)) == tree(repo, changed[1])


async def test_what_is_no_commit_is_refused(repo: RepoBuilder) -> None:
    for name in ("no-such-branch", "--output=/tmp/x", ""):
        with pytest.raises(GitError):
            await diff_files(repo.folder, name, "HEAD")
