"""No path, however written or linked, leads out of the root."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import OutsideRoot, ToolError, ToolRefused
from paracle.app.domain.specs import Permissions
from paracle.app.tools.confine import check_write, relative, resolve
from paracle.app.tools.files import read_bytes, replace
from tests.unit.tools.kit import Kit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with links of every kind, beside a file that is none of its business."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("secret")
    (tmp_path / "project-two").mkdir()
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src/a.py").write_text("inside")
    (project / ".git").mkdir()
    (project / ".git/config").write_text("inside")
    (project / ".parac/.local").mkdir(parents=True)
    (project / ".parac/.local/engine.db").write_text("inside")
    links = {
        "to-src": "src",
        "to-file": "src/a.py",
        "chain": "to-src",
        "absolute": str(project / "src"),
        "out": "../outside",
        "out-file": "../outside/secret.txt",
        "out-absolute": str(tmp_path / "outside"),
        "out-chain": "out",
        "dangling-out": "../outside/new.txt",
        "dangling-in": "src/new.txt",
        "circle": "circle",
        "to-git": ".git",
        "to-local": ".parac/.local",
        "dot-parac": ".parac",
    }
    for name, target in links.items():
        (project / name).symlink_to(target)
    return project


@pytest.mark.parametrize(
    ("written", "real"),
    [
        ("src/a.py", "src/a.py"),
        ("./src//a.py", "src/a.py"),
        ("src/../src/a.py", "src/a.py"),
        ("../project/src/a.py", "src/a.py"),
        ("to-src/a.py", "src/a.py"),
        ("chain/a.py", "src/a.py"),
        ("absolute/a.py", "src/a.py"),
        ("to-file", "src/a.py"),
        ("dangling-in", "src/new.txt"),
        ("new/deep/file.txt", "new/deep/file.txt"),
        ("out/../src/a.py", None),
        ("~name", "~name"),
        (".", "."),
    ],
)
def test_paths_below_the_root_resolve_to_the_real_file(root: Path, written: str, real: str | None) -> None:
    if real is None:
        with pytest.raises(OutsideRoot):
            resolve(root, written, for_write=True)
    else:
        assert relative(root, resolve(root, written, for_write=True)) == real


@pytest.mark.parametrize(
    "written",
    [
        "..",
        "../outside/secret.txt",
        "src/../../outside/secret.txt",
        "../project-two/file",
        "/etc/passwd",
        "out",
        "out/secret.txt",
        "out/new.txt",
        "out-file",
        "out-absolute/secret.txt",
        "out-chain/secret.txt",
        "dangling-out",
        "circle",
        "circle/file",
        "~",
        "~/file",
        "missing/../../outside/secret.txt",
    ],
)
@pytest.mark.parametrize("for_write", [False, True])
def test_paths_out_of_the_root_are_refused_with_a_way_on(root: Path, written: str, for_write: bool) -> None:
    with pytest.raises(OutsideRoot) as caught:
        resolve(root, written, for_write=for_write)

    assert caught.value.hint


@pytest.mark.parametrize("written", ["", "a\0b", "\ud800"])
def test_what_is_no_path_is_refused(root: Path, written: str) -> None:
    with pytest.raises(ToolError):
        resolve(root, written, for_write=False)


@pytest.mark.parametrize("written", ["x" * 300, "y/" + "x" * 300, "/".join(["x" * 200] * 40)])
async def test_names_too_long_for_the_system_are_refused_in_words(root: Path, written: str) -> None:
    with pytest.raises(ToolError) as caught:
        await Kit(root).call("write_file", path=written, text="")

    assert "too long" in caught.value.title


def test_absolute_paths_count_from_the_real_root_and_from_a_link_to_it(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)

    for absolute in (root / "src/a.py", link / "src/a.py"):
        assert resolve(root, absolute, for_write=False) == root.resolve() / "src/a.py"
        assert resolve(link, absolute, for_write=False) == root.resolve() / "src/a.py"


@pytest.mark.parametrize(
    "written",
    [
        ".git",
        ".git/config",
        ".GIT/config",
        ".g\u200cit/config",
        "to-git/config",
        "sub/.git/hooks/x",
        "src/../.git/x",
    ],
)
def test_git_may_be_read_but_never_written(root: Path, written: str) -> None:
    resolve(root, written, for_write=False)

    with pytest.raises(ToolRefused, match="belongs to git"):
        resolve(root, written, for_write=True)


@pytest.mark.parametrize(
    "written",
    [
        ".parac/.local",
        ".parac/.local/engine.db",
        ".Parac/.LOCAL/engine.db",
        "to-local/engine.db",
        "dot-parac/.local/engine.db",
        "sub/.parac/.local/x",
    ],
)
@pytest.mark.parametrize("for_write", [False, True])
def test_paracles_own_records_are_neither_read_nor_written(root: Path, written: str, for_write: bool) -> None:
    with pytest.raises(ToolRefused, match="Paracle's own records"):
        resolve(root, written, for_write=for_write)


def test_git_stays_protected_under_the_name_that_a_link_gives_it(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / ".git").symlink_to("store")

    with pytest.raises(ToolRefused):
        resolve(tmp_path, "store/config", for_write=True)


NAMES = st.sampled_from(["a", "b", "c", "..", ".", "out", "root"])
PATHS = st.builds(
    lambda absolute, names: ("/" if absolute else "") + "/".join(names),
    st.booleans(),
    st.lists(NAMES, max_size=6),
)
ENTRIES = st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.none() | PATHS), max_size=8)


@given(entries=ENTRIES, path=PATHS)
@example(entries=[(["a"], "../out")], path="a/new")
@example(entries=[(["a"], "b"), (["b"], "../out")], path="a/secret")
@settings(max_examples=200, deadline=None)
def test_whatever_links_there_are_nothing_outside_is_read_or_changed(
    entries: list[tuple[list[str], str | None]], path: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        root, outside = base / "root", base / "out"
        root.mkdir()
        outside.mkdir()
        (outside / "secret").write_text("secret")
        for names, target in entries:
            made = Path(os.path.normpath(root.joinpath(*names)))
            if not made.is_relative_to(root) or made == root:
                continue
            with suppress(OSError):
                made.parent.mkdir(parents=True, exist_ok=True)
                if target is None:
                    made.write_text("inside")
                else:
                    made.symlink_to(f"{folder}{target}" if target.startswith("/") else target or ".")
        outside_before = {item.relative_to(base) for item in base.rglob("*") if not item.is_relative_to(root)}
        try:
            resolved = resolve(root, path, for_write=True)
        except ToolError:
            return
        assert resolved.is_relative_to(root.resolve())
        assert Path(os.path.realpath(resolved)) == resolved
        with suppress(ToolError):
            replace(root, resolved, b"written")
            assert read_bytes(root, path, 100) == b"written"
        assert (outside / "secret").read_text() == "secret"
        assert {
            item.relative_to(base) for item in base.rglob("*") if not item.is_relative_to(root)
        } == outside_before


def test_a_folder_exchanged_for_a_link_between_check_and_use_is_refused(root: Path, tmp_path: Path) -> None:
    resolved = resolve(root, "src/new.txt", for_write=True)
    (root / "src").rename(root / "moved")
    (root / "src").symlink_to(tmp_path / "outside")

    with pytest.raises(OutsideRoot):
        replace(root, resolved, b"text")

    assert [item.name for item in (tmp_path / "outside").iterdir()] == ["secret.txt"]


def test_a_folder_that_changes_all_the_time_never_lets_a_write_out(root: Path, tmp_path: Path) -> None:
    swapping = threading.Event()
    swapping.set()

    def swap() -> None:
        rounds = count()
        while swapping.is_set():
            # The writer makes the folder anew whenever it is gone, so that any of these may fail.
            with suppress(OSError):
                (root / "src").rename(root / f"moved{next(rounds)}")
                (root / "src").symlink_to(tmp_path / "outside")
            with suppress(OSError):
                (root / "src").unlink()

    thread = threading.Thread(target=swap)
    thread.start()
    read = set()
    try:
        for number in range(400):
            with suppress(ToolError):
                replace(root, resolve(root, f"src/new{number}.txt", for_write=True), b"text")
            with suppress(ToolError):
                read.add(read_bytes(root, "src/secret.txt", 100))
    finally:
        swapping.clear()
        thread.join()

    assert [item.name for item in (tmp_path / "outside").iterdir()] == ["secret.txt"]
    assert b"secret" not in read


def make_socket(path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(path.parent)  # The name of a socket must be short.
        try:
            one.bind(path.name)
        finally:
            os.chdir(here)


@pytest.mark.parametrize("make", [os.mkfifo, make_socket], ids=["pipe", "socket"])
@pytest.mark.parametrize("tool", ["read_file", "write_file", "edit_file"])
async def test_a_pipe_or_socket_is_refused_and_never_waited_for(
    kit: Kit, make: Callable[[Path], None], tool: str
) -> None:
    make(kit.root / "odd")
    arguments = {"read_file": {}, "write_file": {"text": ""}, "edit_file": {"old": "a", "new": "b"}}

    with pytest.raises(ToolError, match="not a regular file"):
        await kit.call(tool, path="odd", **arguments[tool])


@pytest.mark.parametrize(
    ("globs", "path", "allowed"),
    [
        (("REVIEW.md",), "REVIEW.md", True),
        (("REVIEW.md",), "docs/REVIEW.md", False),
        (("docs/**",), "docs/a/b.md", True),
        (("docs/**",), "docs", False),
        (("docs/",), "docs/a.md", True),
        (("docs/*.md",), "docs/a/b.md", False),
        (("**/*.md",), "a.md", True),
        (("**/*.md",), "x/y/a.md", True),
        (("src/**/test_*.py",), "src/test_a.py", True),
        (("*.{md,rst}",), "a.rst", True),
        (("**",), "any/file", True),
        (("./docs/*",), "docs/a", True),
        ((), "REVIEW.md", False),
    ],
)
def test_a_write_needs_a_glob_that_names_it(globs: tuple[str, ...], path: str, allowed: bool) -> None:
    permissions = Permissions(write=globs)
    if allowed:
        check_write(permissions, path)
    else:
        with pytest.raises(ToolRefused):
            check_write(permissions, path)


def test_a_refused_write_shows_the_line_that_would_allow_it() -> None:
    with pytest.raises(ToolRefused) as caught:
        check_write(Permissions(write=("docs/**",)), "src/a.py")

    assert caught.value.detail == "it may write docs/**"
    assert caught.value.hint.endswith('permissions: {write: ["docs/**", "src/a.py"]}')


async def test_a_link_does_not_widen_what_may_be_written(root: Path) -> None:
    (root / "docs").symlink_to("src")
    kit = Kit(root, Permissions(write=("docs/**",)))

    with pytest.raises(ToolRefused, match=r"src/a\.py"):
        await kit.call("write_file", path="docs/a.py", text="")


def test_a_hostile_glob_does_not_take_for_ever() -> None:
    glob = "/".join(["**", "*a*a*a*a*a*a*a*b"] * 6)

    with pytest.raises(ToolRefused):
        check_write(Permissions(write=(glob,)), "/".join(["a" * 200] * 12))
