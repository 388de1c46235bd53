"""Folders that last as long as a block, and what a killed process has left of them.

They lie in the state directory, each beside a mark that its process holds locked: a mark that can be locked
has lost its process, whatever became of the process's number since.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..domain.places import state_dir
from .failures import GitConflict, explained
from .locks import HalfMade, Mark, abandoned, private_folder


@dataclass(frozen=True, slots=True)
class Temporary:
    """A folder of our own. A process that holds ``descriptor`` keeps it, should this one be killed."""

    folder: Path
    descriptor: int


@contextmanager
def temporary_folder() -> Iterator[Temporary]:
    """An empty folder that is gone at the end of the block.

    Raises:
        GitError: the state directory cannot be written.
    """
    with explained(state_dir()):
        home = private_folder(state_dir() / "tmp")
        mark, folder = _begin(home)
    try:
        with explained(home):
            folder.mkdir(mode=0o700)
        yield Temporary(folder, mark.descriptor)
    finally:
        _remove(mark, folder)


def sweep() -> None:
    """Remove the folders whose process is gone."""
    home = state_dir() / "tmp"
    for mark, made in abandoned(home):
        if made is None:  # cut off before the folder was made
            mark.clear()
        else:
            _remove(mark, home / made.execution)


def _begin(home: Path) -> tuple[Mark, Path]:
    while True:
        name = secrets.token_hex(6)
        try:
            return Mark.set(home, HalfMade(name, "", "", "", "")), home / name
        except GitConflict:  # a sweep took the mark for a dead one before it was locked
            continue


def _remove(mark: Mark, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        mark.release()  # the next sweep tries again
    else:
        mark.clear()
