"""The files below a folder, less what git ignores: the one walk that all listing tools share.

Left out: ``.git``, ``.parac/.local``, what ``.gitignore`` files say (each for its own folder and
below), virtual environments, and linked folders. All functions block: call them in a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec.gitignore import GitIgnoreSpec
from pathspec.pattern import Pattern, RegexPattern

from ..domain.errors import ToolError
from .confine import relative, resolve
from .files import folder_of, read_real
from .globs import selects
from .reasons import in_words

MAX_GITIGNORE_BYTES = 1024 * 1024
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths seen from the root, sorted. ``truncated``: there were more than asked for.

    ``unnamed`` counts files left out because their names are not valid UTF-8.
    """

    files: tuple[str, ...]
    truncated: bool
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of one ``.gitignore``, and the folder that they are about ("" or ending in /)."""

    base: str
    spec: GitIgnoreSpec


@dataclass(slots=True)
class _Walk:
    root: Path
    links: bool
    unnamed: int = 0
    pending: list[tuple[str, tuple[_Rules, ...]]] = field(default_factory=list)

    def files(self, start: str) -> Iterator[str]:
        """All files below ``start``, "" or a link-free path ending in ``/``, in the order of their paths."""
        with folder_of(self.root, start):
            pass  # Only the first folder must be there; others may go while the walk is on.
        self.pending = [(start, self._rules_above(start))]
        while self.pending:
            path, rules = self.pending.pop()
            if not path.endswith("/") and path:
                yield path
            else:
                self._enter(path, rules)

    def _enter(self, folder: str, rules: tuple[_Rules, ...]) -> None:
        """Put what is in ``folder`` on the stack, last name first."""
        try:
            with folder_of(self.root, folder) as descriptor, os.scandir(descriptor) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False), entry) for entry in entries]
                names = {name for name, _, _ in found}
                if _VIRTUAL_ENVIRONMENT in names:
                    return
                kept = [
                    name + "/" if is_folder else name
                    for name, is_folder, entry in found
                    if is_folder or self._is_file(folder, entry)
                ]
        except OSError:
            return  # Gone, exchanged or closed to this user: nothing of it can be used anyway.
        if ".gitignore" in names:
            rules = (*rules, *self._rules_of(folder))
        for name in sorted(kept, reverse=True):
            path = folder + name
            if not _is_text(name):
                self.unnamed += 1
            elif not _is_reserved(path) and not _is_ignored(path, rules):
                self.pending.append((path, rules))

    def _is_file(self, folder: str, entry: os.DirEntry[str]) -> bool:
        if not entry.is_symlink():
            return entry.is_file(follow_symlinks=False)
        if not self.links or not _is_text(entry.name):
            return False
        try:
            target = resolve(self.root, folder + entry.name, for_write=False)
            return stat.S_ISREG(target.stat(follow_symlinks=False).st_mode)
        except (ToolError, OSError):
            return False

    def _rules_above(self, start: str) -> tuple[_Rules, ...]:
        """The rules of the folders above ``start``; none of them where they leave ``start`` out.

        Who names an ignored folder wants to see it.
        """
        rules: tuple[_Rules, ...] = ()
        names = start.split("/")[:-1]
        for depth in range(len(names)):
            above = "".join(name + "/" for name in names[:depth])
            rules = (*rules, *self._rules_of(above))
            if _is_ignored(above + names[depth] + "/", rules):
                rules = ()
        return rules

    def _rules_of(self, folder: str) -> tuple[_Rules, ...]:
        try:
            data = read_real(self.root, folder + ".gitignore", MAX_GITIGNORE_BYTES)
        except (OSError, ToolError):
            return ()
        return (_Rules(folder, _spec(data.decode("utf-8", "replace"))),)


def list_tree(root: Path, path: str, *, glob: str | None, limit: int, links: bool = False) -> Listing:
    """The files below ``path``, or ``path`` itself where it is a file.

    Args:
        root: The folder to stay in.
        path: Where to begin, relative to ``root``.
        glob: Only files that :func:`.globs.selects` takes, seen from ``root``.
        limit: The most files to return.
        links: Whether links to files below ``root`` count as files.

    Raises:
        OutsideRoot, ToolRefused: see :func:`.confine.resolve`.
        ToolError: ``path`` does not exist or cannot be read.
    """
    start = resolve(root, path, for_write=False)
    below = relative(root, start)
    with in_words(path):
        mode = start.stat(follow_symlinks=False).st_mode
        if stat.S_ISREG(mode):
            return Listing((below,), truncated=False)
        walk = _Walk(root, links)
        files: list[str] = []
        for file in walk.files("" if below == "." else below + "/"):
            if glob is not None and not selects(glob, file):
                continue
            if len(files) == limit:
                return Listing(tuple(files), truncated=True, unnamed=walk.unnamed)
            files.append(file)
    return Listing(tuple(files), truncated=False, unnamed=walk.unnamed)


def list_trees(root: Path, paths: tuple[str, ...], *, glob: str | None, limit: int) -> Listing:
    """The files below several paths together, each once; see :func:`list_tree`."""
    listings = [list_tree(root, path, glob=glob, limit=limit) for path in paths]
    files = sorted({file for listing in listings for file in listing.files})
    truncated = len(files) > limit or any(listing.truncated for listing in listings)
    return Listing(tuple(files[:limit]), truncated, sum(listing.unnamed for listing in listings))


def _spec(text: str) -> GitIgnoreSpec:
    lines = text.splitlines()
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _is_ignored(path: str, rules: tuple[_Rules, ...]) -> bool:
    """Whether ``path``, none of whose folders is ignored, is; the nearest file and last line decide."""
    for rule in reversed(rules):
        below = path[len(rule.base) :]
        for pattern in reversed(tuple(rule.spec.patterns)):
            if pattern.include is not None and _is_about(pattern, below):
                return pattern.include
    return False


def _is_about(pattern: Pattern, path: str) -> bool:
    """Whether ``pattern`` means ``path`` itself.

    pathspec also lets a pattern that means a folder match all below it, so that ``!a`` would bring back
    what a pattern before it ignores in ``a``. Its group ``ps_d`` begins where the folder's name ends.
    And it takes ``a/**``, all that is in ``a``, for ``a`` as well.
    """
    if not isinstance(pattern, RegexPattern) or pattern.regex is None:
        return False
    found = pattern.regex.search(path)
    if found is None:
        return False
    begin = found.start("ps_d") if "ps_d" in found.re.groupindex else -1
    if begin < 0:
        return not (found[0].endswith("/") and found.end() == len(path))
    # "*/" looks for any slash, so that the first one found need not be the last.
    return path[begin:] in ("", "/") or pattern.regex.search(path, len(path) - 1) is not None


def _is_reserved(path: str) -> bool:
    names = path.rstrip("/").casefold().split("/")
    return names[-1] == ".git" or names[-2:] == [".parac", ".local"]


def _is_text(name: str) -> bool:
    # Bytes that are no UTF-8 come as lone surrogates, which JSON cannot hold.
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)
