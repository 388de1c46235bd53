"""Reading one project file as text, whatever lies at its path.

Project files come out of repositories that other people made. So nothing is read before it is
known to be a regular file of a sane size that stays inside the project, and every way in which
it cannot be read is a finding at a place in that file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from ..domain.errors import ProjectError
from ..domain.problems import Problem, Severity
from ..domain.words import one_line, size

MAX_BYTES = 2 * 1024 * 1024
"""The most a spec, a YAML file or a template may hold; real ones have a few kilobytes."""

_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def finding(
    path: Path, message: str, hint: str = "", *, line: int = 0, column: int = 0, warning: bool = False
) -> Problem:
    """A problem in ``path``; an error unless ``warning``. Its words become one printable line."""
    severity = Severity.WARNING if warning else Severity.ERROR
    return Problem(path, line, column, severity, _tame(message), _tame(hint))


def _tame(words: str) -> str:
    """Words that may quote a file's own text, which may be long or made to upset a terminal."""
    line = one_line(words, 400)
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def fail(problem: Problem) -> NoReturn:
    """Raise the one problem that keeps a file from being read any further."""
    raise ProjectError(f"{problem.path.name} cannot be used", hint=problem.hint, problems=[problem])


def read_text(path: Path, *, inside: Iterable[Path] = (), limit: int = MAX_BYTES) -> str:
    """The text of a UTF-8 file without its byte order mark, line ends as they are.

    Args:
        path: the file.
        inside: folders; the file must lie in one of them once symbolic links are followed.
            Empty: it may lie anywhere.
        limit: the most bytes to read.

    Raises:
        ProjectError: with one problem: missing, not a regular file, unreadable, too large, binary,
            not UTF-8, or a link that leads out.
    """
    _refuse_way_out(path, tuple(inside))
    return _decode(path, _read_bytes(path, limit))


def _refuse_way_out(path: Path, inside: tuple[Path, ...]) -> None:
    if not inside:
        return
    try:
        real = Path(os.path.realpath(path))
        homes = [Path(os.path.realpath(folder)) for folder in inside]
    except (OSError, ValueError) as error:
        fail(finding(path, f"the path cannot be followed: {_reason(error)}"))
    if not any(real.is_relative_to(home) for home in homes):
        fail(
            finding(
                path,
                f"it is a link that leads out of the project, to {real}",
                "put a copy of the file here in place of the link",
            )
        )


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        fail(finding(path, "there is no such file"))
    except (OSError, ValueError) as error:
        fail(finding(path, f"it cannot be opened: {_reason(error)}", "check its owner and permissions"))
    try:
        length = _regular_size(path, descriptor)
        # One byte more than allowed shows a file that grows while it is read.
        content = _read_up_to(descriptor, limit + 1) if length <= limit else b""
    except OSError as error:
        fail(finding(path, f"it cannot be read: {_reason(error)}"))
    finally:
        os.close(descriptor)
    length = max(length, len(content))
    if length > limit:
        fail(
            finding(
                path,
                f"it has {size(length)}; a project file may have {size(limit)}",
                "move the bulk of it into a file of its own that agents read with their tools",
            )
        )
    return content


def _regular_size(path: Path, descriptor: int) -> int:
    state = os.fstat(descriptor)
    if stat.S_ISDIR(state.st_mode):
        fail(finding(path, "it is a folder where a file is expected", "rename the folder or remove it"))
    if not stat.S_ISREG(state.st_mode):
        fail(finding(path, "it is a device, socket or pipe where a file is expected"))
    return state.st_size


def _read_up_to(descriptor: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(descriptor, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(_UTF16):
        fail(finding(path, "it is UTF-16, not UTF-8", "save it as UTF-8", line=1, column=1))
    zero = content.find(b"\0")
    if zero >= 0:
        line, column = _place(content, zero)
        fail(finding(path, "it is binary, not text", "put a text file here", line=line, column=column))
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line, column = _place(content, error.start)
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        fail(finding(path, message, "save the file as UTF-8", line=line, column=column))


def _place(content: bytes, offset: int) -> tuple[int, int]:
    start = content.rfind(b"\n", 0, offset) + 1
    column = len(content[start:offset].decode("utf-8", "replace").removeprefix(_BOM)) + 1
    return content.count(b"\n", 0, offset) + 1, column


def _reason(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error)).lower()
