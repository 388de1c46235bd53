"""Repositories that are not in the ordinary state, each made the way people come to have one.

Every builder gives a :class:`~tests.support.history.Past` whose project holds ``app.py`` and ``docs/a.md`` in
its last commit, on the branch ``main`` or ``work``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.history import Past, lines, write
from tests.support.repo import RepoBuilder

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
NOT_UTF8 = os.fsdecode(b"caf\xe9.txt")
LONG = "/".join(["a-folder-with-quite-a-long-name-" + "x" * 68] * 20) + "/" + "n" * 240 + ".txt"
"""A path of more than 2,200 bytes whose parts are as long as file systems allow."""

LFS = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "big.bin": POINTER}
"""What a repository with a file in Git LFS has in its commits."""


def _origin(folder: Path, project: str = "") -> RepoBuilder:
    origin = RepoBuilder(folder / "origin")
    write(origin.folder / project, {"app.py": lines("one", "two", "three"), "docs/a.md": "a\n"})
    write(origin.folder, {"far/away.txt": "away\n"})
    origin.commit("first")
    origin.commit("second", other="1\n")
    return origin


def _in_place(folder: Path) -> RepoBuilder:
    """A repository with the same files at ``mine``."""
    _origin(folder).folder.rename(folder / "mine")
    return RepoBuilder.of(folder / "mine")


def subfolder(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder, "packages/shop"), folder / "mine")
    return Past.reopen(folder, "mine", "packages/shop")


def linked_work_tree(folder: Path) -> Past:
    _origin(folder).git("worktree", "add", "--quiet", "-b", "work", str(folder / "mine"))
    return Past.reopen(folder, "mine")


def shallow_clone(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine", "--depth=1")
    return Past.reopen(folder, "mine")


def sparse_checkout(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine").git("sparse-checkout", "set", "docs")
    return Past.reopen(folder, "mine")


def line_break_in_its_path(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "two\nlines")
    return Past.reopen(folder, "two\nlines")


def bare(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine", "--bare")
    return Past.reopen(folder, "mine")


def git_file_to_a_bare_one(folder: Path) -> Past:
    (folder / "mine").mkdir()
    RepoBuilder.clone(_origin(folder), folder / "mine" / ".bare", "--bare")
    (folder / "mine" / ".git").write_text("gitdir: ./.bare\n")
    return Past.reopen(folder, "mine")


def detached_head(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine").git("checkout", "--quiet", "--detach")
    return Past.reopen(folder, "mine")


def nested_repository(folder: Path) -> Past:
    repo = _in_place(folder)
    RepoBuilder(repo.folder / "inner").commit("inner", n_py="1\n")
    return Past.reopen(folder, "mine")


def with_submodule(folder: Path) -> Past:
    library = RepoBuilder(folder / "library")
    library.commit("library", lib_py="1\n")
    repo = _in_place(folder)
    repo.git("submodule", "--quiet", "add", str(library.folder), "libs/library")
    repo.commit("with a submodule")
    return Past.reopen(folder, "mine")


def inside_a_submodule(folder: Path) -> Past:
    origin, outer = _origin(folder), RepoBuilder(folder / "mine")
    outer.git("submodule", "--quiet", "add", str(origin.folder), "library")
    outer.commit("with a submodule")
    return Past.reopen(folder, "mine/library")


def lfs_not_set_up(folder: Path) -> Past:
    """Files are marked for LFS, and git knows of no filter: they are pointers everywhere."""
    repo = _in_place(folder)
    repo.commit(**LFS)
    return Past.reopen(folder, "mine")


def lfs_with_content(folder: Path) -> Past:
    """A filter that does what git-lfs does: pointers in commits, content in files unless told to skip it."""
    repo, smudge, clean = _in_place(folder), folder / "smudge", folder / "clean"
    smudge.write_text(
        '#!/bin/sh\n[ "$GIT_LFS_SKIP_SMUDGE" = 1 ] && exec cat\ncat > /dev/null; echo content\n'
    )
    clean.write_text(f"#!/bin/sh\ncat > /dev/null; printf '{POINTER}'\n")
    for name, script in (("smudge", smudge), ("clean", clean)):
        script.chmod(0o755)
        repo.git("config", f"filter.lfs.{name}", f"'{script}'")
    repo.git("config", "filter.lfs.required", "true")
    repo.commit(**{**LFS, "big.bin": "content\n"})
    assert repo.show("HEAD", "big.bin") == POINTER.strip()
    return Past.reopen(folder, "mine")


def sha256(folder: Path) -> Past:
    (folder / "mine").mkdir()
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256"], cwd=folder / "mine", check=True)
    repo = RepoBuilder.of(folder / "mine")
    write(repo.folder, {"app.py": lines("one", "two", "three"), "docs/a.md": "a\n"})
    repo.commit("first")
    return Past.reopen(folder, "mine")


def autocrlf(folder: Path) -> Past:
    """Line ends are LF in commits and CRLF in files."""
    origin = _origin(folder)
    RepoBuilder.clone(origin, folder / "mine", "--config", "core.autocrlf=true")
    return Past.reopen(folder, "mine")


def packed_refs(folder: Path) -> Past:
    repo = _in_place(folder)
    repo.git("gc", "--quiet")
    repo.git("pack-refs", "--all", "--prune")
    return Past.reopen(folder, "mine")


def ignoring_case(folder: Path) -> Past:
    _in_place(folder).git("config", "core.ignoreCase", "true")
    return Past.reopen(folder, "mine")


def names_not_in_utf8(folder: Path) -> Past:
    repo = _in_place(folder)
    write(repo.folder, {NOT_UTF8: "1\n"})
    repo.commit("a name from long ago")
    return Past.reopen(folder, "mine")


def very_long_paths(folder: Path) -> Past:
    repo = _in_place(folder)
    write(repo.folder, {LONG: "1\n"})
    repo.commit("long")
    return Past.reopen(folder, "mine")


def borrowed_objects(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine", "--shared")
    return Past.reopen(folder, "mine")


def partial_clone(folder: Path) -> Past:
    origin = _origin(folder)
    origin.git("config", "uploadpack.allowFilter", "true")
    RepoBuilder.clone(origin, folder / "mine", "--filter=blob:none")
    return Past.reopen(folder, "mine")


def separate_git_folder(folder: Path) -> Past:
    RepoBuilder.clone(_origin(folder), folder / "mine", f"--separate-git-dir={folder / 'kept elsewhere'}")
    return Past.reopen(folder, "mine")


Builder = Callable[[Path], Past]

WITHOUT_FILES: tuple[Builder, ...] = (bare, git_file_to_a_bare_one)
"""Those in which nothing is checked out."""

KINDS: tuple[Builder, ...] = (
    *WITHOUT_FILES,
    subfolder,
    linked_work_tree,
    shallow_clone,
    sparse_checkout,
    line_break_in_its_path,
    detached_head,
    nested_repository,
    with_submodule,
    inside_a_submodule,
    lfs_not_set_up,
    lfs_with_content,
    sha256,
    autocrlf,
    packed_refs,
    ignoring_case,
    names_not_in_utf8,
    very_long_paths,
    borrowed_objects,
    partial_clone,
    separate_git_folder,
)


def title(kind: Builder) -> str:
    """A kind's name in the list of tests."""
    return kind.__name__.replace("_", " ")
