"""Files and hunks named on a command line, as a selection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from .diffs import FileDiff, Hunk, Selection, shown
from .errors import Conflict, NotFound

_LISTS = "'paracle git diff' shows the files and hunks there are"


def select(files: Sequence[FileDiff], paths: Collection[str] = (), hunks: Collection[str] = ()) -> Selection:
    """What some words name.

    Args:
        paths: Files, by their new or old names, and folders that stand for everything in them.
        hunks: ``FILE#N``, counted from 1, or the beginning of a hunk's name (see :attr:`.FileDiff.keys`).

    Raises:
        NotFound: a word names nothing that differs.
        Conflict: the beginning of a name is that of several hunks.
    """
    chosen = Selection()
    for path in paths:
        wanted = str(PurePosixPath(path))
        found = [file.path for file in files if _is_at(file, wanted)]
        if not found:
            raise NotFound(f"Nothing differs at '{shown(path)}'", hint=_LISTS)
        for name in found:
            chosen = chosen.with_file(name)
    for word in hunks:
        file, hunk = _hunk(files, word)
        chosen = chosen.with_hunk(file.path, hunk)
    return chosen


def _is_at(file: FileDiff, wanted: str) -> bool:
    """Whether a file has a name, or is in a folder of that name."""
    names = {file.old_path, file.new_path}
    return wanted in names.union(*(map(str, PurePosixPath(name).parents) for name in names))


def _hunk(files: Sequence[FileDiff], word: str) -> tuple[FileDiff, Hunk]:
    path, mark, number = word.rpartition("#")
    if mark and number.isascii() and number.isdigit():
        for file in files:
            if path in (file.new_path, file.old_path) and 1 <= int(number) <= len(file.hunks):
                return file, file.hunks[int(number) - 1]
    found = [(file, hunk) for file, key, hunk in _all(files) if word and key.startswith(word)]
    if len(found) > 1:
        raise Conflict(
            f"Several hunks begin with '{word}'",
            detail=", ".join(key for _, key, _ in _all(files) if key.startswith(word)),
            hint="give more of the name, or FILE#N",
        )
    if not found:
        raise NotFound(f"There is no hunk '{shown(word)}'", hint=_LISTS)
    return found[0]


def _all(files: Sequence[FileDiff]) -> Iterator[tuple[FileDiff, str, Hunk]]:
    for file in files:
        for key, hunk in zip(file.keys, file.hunks, strict=True):
            yield file, key, hunk
