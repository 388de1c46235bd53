"""Narrows a search with ripgrep: which files hold a text that every match must hold.

ripgrep never decides what matches, since its regular expressions are not Python's: it only spares
Python the files that cannot match. So a search finds the same with it and without it.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator, Sequence
from pathlib import Path

from .processes import killed, started

SHORTEST = 3
_BATCH_CHARACTERS = 100_000
_FLAGS = re.compile(r"\(\?[aiLmsux-]+\)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_COUNT = re.compile(r"\{\d*,?\d*\}")
# What follows these belongs to them: \x41, \12.
_CODES = frozenset("\\" + character for character in "xuUN0123456789")
# Python also takes other letters for these where case is ignored, such as the Kelvin sign for k.
_SEVERAL_CASES = frozenset("iksIKS")


def executable() -> str | None:
    """The ripgrep of this machine, None where there is none."""
    found = shutil.which("rg")
    return found if found and Path(found).is_absolute() else None


def needed_text(pattern: str, *, ignore_case: bool) -> str | None:
    """The longest ASCII text that each match of ``pattern`` surely holds; None where none is clear.

    Errs on the side of None: alternatives, flags and whatever is in brackets count for nothing.
    """
    if _FLAGS.match(pattern):
        return None
    runs: list[str] = [""]
    for token in _tokens(pattern):
        if token == "|" or token[:2] in _CODES:
            return None
        if token in ("*", "?") or _COUNT.fullmatch(token):
            runs[-1] = runs[-1][:-1]  # What stands before it may be missing.
        if len(token) == 1 and _is_plain(token, ignore_case):
            runs[-1] += token
        elif len(token) == 2 and token[0] == "\\" and not token[1].isalnum() and token.isascii():
            runs[-1] += token[1]
        else:
            runs.append("")
    longest = max(runs, key=len)
    return longest if len(longest) >= SHORTEST else None


def _is_plain(character: str, ignore_case: bool) -> bool:
    if ignore_case and character in _SEVERAL_CASES:
        return False
    return character.isascii() and character.isprintable() and character not in r"\.^$*+?{}[]()|"


def _tokens(pattern: str) -> Iterator[str]:
    """The parts of ``pattern`` outside groups; a whole group, class or count is one part."""
    at = 0
    while at < len(pattern):
        end = _end(pattern, at)
        yield pattern[at:end]
        at = end


def _end(pattern: str, at: int) -> int:
    """Where the part that begins at ``at`` ends."""
    match pattern[at]:
        case "\\":
            return at + 2
        case "[":
            found = _CLASS.match(pattern, at)
            return found.end() if found else len(pattern)
        case "{":
            found = _COUNT.match(pattern, at)
            return found.end() if found else at + 1
        case "(":
            inner = at + 1
            while inner < len(pattern) and pattern[inner] != ")":
                inner = _end(pattern, inner)
            return inner + 1
        case _:
            return at + 1


async def narrow(
    command: str, root: Path, files: Sequence[str], text: str, *, ignore_case: bool
) -> tuple[str, ...]:
    """Those of ``files`` that hold ``text``; all of a batch for which ripgrep fails."""
    flags = ["--fixed-strings", "--files-with-matches", "--null", "--text", "--no-config", "--no-messages"]
    flags += ["--ignore-case" if ignore_case else "--case-sensitive", "--color=never", f"--regexp={text}"]
    holding: set[str] = set()
    for batch in _batches(files):
        output = await _output([command, *flags, "--", *(f"./{file}" for file in batch)], root)
        holding.update(batch if output is None else (name.removeprefix("./") for name in output.split("\0")))
    return tuple(file for file in files if file in holding)


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    """``files`` in portions that fit a command line."""
    batch: list[str] = []
    taken = 0
    for file in files:
        batch.append(file)
        taken += len(file.encode()) + 3
        if taken > _BATCH_CHARACTERS:
            yield batch
            batch, taken = [], 0
    if batch:
        yield batch


async def _output(command: list[str], root: Path) -> str | None:
    """What the command printed; None where it failed (1 only says that nothing was found)."""
    try:
        process = await started(
            asyncio.create_subprocess_exec(
                *command, cwd=root, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            ),
            killed,
        )
    except OSError:
        return None
    try:
        output, _ = await process.communicate()
    finally:
        await killed(process)
    return output.decode("utf-8", "replace") if process.returncode in (0, 1) else None
