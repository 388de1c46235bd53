"""The files of a project that a command names: what they hold decides what the command does."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

MAX_NAMED = 16 * 1024 * 1024
"""The most bytes of a file whose hash is taken; scripts have a few kilobytes."""

_VARIABLE = re.compile(r"\$\{?\w+\}?/")
_BETWEEN = re.compile(r"[\s;&|()<>{}\[\]\"'`=,]+")


def named_files(root: Path, texts: Iterable[str]) -> tuple[str, ...]:
    """The files below a folder that some texts name, each with what it holds.

    A file is named by a whole text or by a word in it, as a path from the folder or an absolute one. What
    such a file names in turn is not looked for.

    Args:
        root: the project's folder, without links in its path.
        texts: commands, scripts and single words.

    Returns:
        ``word sha256:…`` for each file, in the order of the words.
    """
    words = dict.fromkeys(word for text in texts for word in _words(text))
    told = ((word, _told_of(root, word)) for word in words)
    return tuple(f"{word} {what}" for word, what in told if what)


def digest_of(path: Path) -> str:
    """What a regular file holds, as ``sha256:…``; empty where there is none that can be read."""
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # such as a name that no file can have
        return ""
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return ""
        if state.st_size > MAX_NAMED:
            return f"is too large to be looked at: {state.st_size} bytes"
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _words(text: str) -> Iterator[str]:
    """All that could be a word of a command, those of a command within it and those behind ``NAME=`` too.

    More words than there are do no harm, one that is missed would.
    """
    yield text
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""  # to a shell a # within a word begins no comment
    with suppress(ValueError):  # a quote that is not closed, as in a comment: the plain words are left
        yield from list(lexer)
    yield from filter(None, _BETWEEN.split(_VARIABLE.sub(" ", text)))


def _told_of(root: Path, word: str) -> str:
    """What is told of a word: empty where it names no file of the project."""
    if "\0" in word or "\n" in word:
        return ""
    try:
        path = Path(os.path.realpath(root / word))
    except (OSError, ValueError):
        return ""
    if path.is_relative_to(root):
        return digest_of(path)
    # What lies outside is not looked at. Where a link of the project leads is the project's own word.
    is_link = Path(os.path.normpath(root / word)).is_relative_to(root) and os.path.lexists(path)
    return f"is a link that leads out of the project, to {path}" if is_link else ""
