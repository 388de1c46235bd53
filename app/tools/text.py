"""Bytes as text and back, keeping encoding, byte-order mark and line ends."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ..domain.errors import ToolError

SNIFFED_BYTES = 8192
MINUS = "\N{MINUS SIGN}"
_DIFF_CELLS = 1_000_000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text as it is, line ends included, and how to write it back."""

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """``text`` as this file stores it.

        Raises:
            ToolError: the file's encoding has no such character.
        """
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise ToolError(
                f"The file's encoding, {self.encoding}, has no {text[error.start]!r}",
                hint="use write_file, which stores UTF-8",
            ) from None

    @property
    def newline(self) -> str:
        """The line end that most lines have."""
        windows = self.text.count("\r\n")
        return "\r\n" if windows > self.text.count("\n") - windows else "\n"


def decode(data: bytes) -> Decoded | None:
    """The text in ``data``; None where it is binary: a NUL near its beginning and no byte-order mark.

    What is not UTF-8 is read as Latin-1, which gives every byte back as it was.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError:
                break
    if b"\0" in data[:SNIFFED_BYTES]:
        return None
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Decoded(data.decode("latin-1"), "latin-1")


def unix_lines(text: str) -> list[str]:
    """The lines of ``text`` without their ends, CRLF and LF alike; only these two end a line."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def line_changes(before: str, after: str) -> tuple[int, int]:
    """How many lines a diff from ``before`` to ``after`` adds and removes.

    Where very many lines differ, everything between the first and the last difference counts as
    replaced, since a least diff would take too long.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if not old or not new or len(old) * len(new) > _DIFF_CELLS:
        return len(new), len(old)
    from difflib import SequenceMatcher

    same = sum(block.size for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks())
    return len(new) - same, len(old) - same


def changes_in_words(added: int, removed: int) -> str:
    """Lines added and removed, leaving out a zero; ``unchanged`` where both are."""
    parts = [f"+{added}"] if added else []
    parts += [f"{MINUS}{removed}"] if removed else []
    return " ".join(parts) or "unchanged"
