"""list_files beside git's own opinion of what is ignored."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import OutsideRoot, ToolError
from paracle.app.tools.tree import list_tree
from tests.unit.tools.kit import Kit


def git_says(root: Path) -> list[str]:
    """The files below ``root`` that git would add."""
    isolated = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=isolated)
    command = ["git", "-C", str(root), "ls-files", "-z", "--others", "--exclude-standard"]
    output = subprocess.run(command, check=True, env=isolated, capture_output=True).stdout.decode()
    return sorted(output.split("\0")[:-1])


async def test_nested_gitignores_are_read_as_git_reads_them(kit: Kit) -> None:
    kit.write(
        ".gitignore", "*.log\nbuild/\n/only-here.txt\n!keep.log\ndocs/**/draft.md\n!\n# comment\ntrailing  \n"
    )
    kit.write("sub/.gitignore", "!important.log\nlocal.txt\n/anchored\n")
    kit.write("sub/deep/.gitignore", "*\n!.gitignore\n!kept.txt\n")
    for path in (
        "a.py",
        "a.log",
        "keep.log",
        "only-here.txt",
        "sub/only-here.txt",
        "build/out.o",
        "sub/build/out.o",
        "sub/important.log",
        "sub/other.log",
        "sub/local.txt",
        "sub/anchored",
        "sub/more/anchored",
        "sub/deep/kept.txt",
        "sub/deep/lost.txt",
        "docs/x/y/draft.md",
        "docs/draft.md",
        "docs/final.md",
        "trailing",
        "ünïcode.txt",
        "a-b/file",
        "a/file",
        "a.d/file",
    ):
        kit.write(path, "")

    listed = (await kit.value("list_files"))["files"]

    assert listed == git_says(kit.root)
    assert "sub/important.log" in listed
    assert "build/out.o" not in listed


NAME = st.sampled_from(["a", "b", "a.x", "b.x"])
PATTERN = st.builds(
    lambda negated, anchored, names, folder: (
        ("!" if negated else "") + ("/" if anchored else "") + "/".join(names) + folder
    ),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(["a", "b", "*.x", "*", "**", "?", "[ab]"]), min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
).filter(lambda pattern: not pattern.endswith("**/"))  # pathspec takes "a/**/" for "a/", git does not.


@given(rules=st.lists(PATTERN, max_size=4), nested=st.lists(PATTERN, max_size=3))
@example(rules=["*.x", "!a"], nested=[])
@example(rules=[], nested=["*/"])
@example(rules=["b/**", "!a"], nested=["*", "!b/"])
@settings(max_examples=40, deadline=None)
def test_any_patterns_leave_out_what_git_leaves_out(
    tmp_path_factory: pytest.TempPathFactory, rules: list[str], nested: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for path in ("a/a", "a/b.x", "a/b/a.x", "a/b/b", "b/a/a", "b/b", "a.x", "b.x/a", "b.x/b.x"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    (root / ".gitignore").write_text("\n".join(rules) + "\n")
    (root / "a/.gitignore").write_text("\n".join(nested) + "\n")

    assert list(list_tree(root, ".", glob=None, limit=100).files) == git_says(root)


async def test_git_paracles_records_and_virtual_environments_are_left_out(kit: Kit) -> None:
    for path in (".git/config", "sub/.git", ".parac/.local/engine.db", "venv/pyvenv.cfg", "venv/lib/x.py"):
        kit.write(path, "")
    kit.write(".parac/project.yaml", "")

    assert (await kit.value("list_files"))["files"] == [".parac/project.yaml"]


async def test_links_to_files_inside_are_listed_and_no_other_link_is(kit: Kit, tmp_path: Path) -> None:
    kit.write("docs/readme.md", "")
    (tmp_path / "secret").write_text("")
    for name, target in {
        "README.md": "docs/readme.md",
        "folder": "docs",
        "out": "../secret",
        "gone": "missing",
        "self": "self",
    }.items():
        (kit.root / name).symlink_to(target)

    assert (await kit.value("list_files"))["files"] == ["README.md", "docs/readme.md"]


@pytest.mark.parametrize(
    ("glob", "files"),
    [
        ("*.py", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("src/*.py", ["src/b.py"]),
        ("src/**/*.py", ["src/b.py", "src/deep/c.py"]),
        ("*.{md,txt}", ["n.txt", "src/r.md"]),
        ("deep/", ["src/deep/c.py"]),
        ("[!a]*.py", ["src/b.py", "src/deep/c.py"]),
    ],
)
async def test_a_glob_selects_by_name_or_by_path(kit: Kit, glob: str, files: list[str]) -> None:
    for path in ("a.py", "src/b.py", "src/deep/c.py", "src/r.md", "n.txt"):
        kit.write(path, "")

    assert (await kit.value("list_files", glob=glob))["files"] == files


async def test_a_list_that_is_cut_says_so(kit: Kit) -> None:
    for number in range(5):
        kit.write(f"{number}.txt", "")

    cut = await kit.call("list_files", limit=3)
    whole = await kit.call("list_files", limit=5)

    assert (cut.value["files"], cut.value["truncated"]) == (["0.txt", "1.txt", "2.txt"], True)
    assert cut.summary == "3 files and more"
    assert (whole.value["truncated"], whole.summary) == (False, "5 files")


async def test_a_folder_is_listed_with_paths_from_the_root(kit: Kit) -> None:
    kit.write(".gitignore", "build/\n*.o\n")
    kit.write("src/a.c", "")
    kit.write("src/a.o", "")
    kit.write("build/a.txt", "")

    assert (await kit.value("list_files", path="src"))["files"] == ["src/a.c"]
    assert (await kit.value("list_files", path="src/a.c"))["files"] == ["src/a.c"]
    assert (await kit.value("list_files", path="build"))["files"] == ["build/a.txt"]


async def test_names_that_are_no_text_are_counted(kit: Kit) -> None:
    kit.write("good.txt", "")
    try:
        os.close(os.open(os.fsencode(kit.root) + b"/bad\xff.txt", os.O_CREAT))
    except OSError:
        expected = 0  # Some file systems refuse such names in the first place.
    else:
        expected = 1

    value = await kit.value("list_files")

    assert (value["files"], value["unnamed"]) == (["good.txt"], expected)


async def test_a_folder_that_is_missing_or_outside_is_refused(kit: Kit) -> None:
    with pytest.raises(ToolError, match="'missing' does not exist"):
        await kit.call("list_files", path="missing")
    with pytest.raises(OutsideRoot):
        await kit.call("list_files", path="..")


async def test_a_very_deep_tree_is_listed(kit: Kit) -> None:
    folder = kit.root
    for _ in range(300):
        folder /= "d"
        folder.mkdir()
    (folder / "end.txt").write_text("")

    assert (await kit.value("list_files"))["files"] == ["d/" * 300 + "end.txt"]
