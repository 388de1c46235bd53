"""Unified diffs, as ``git diff-tree --raw -p`` writes them, read into values. See :mod:`.diff_print`.

Names are read in git's quoted form, not in that of ``-z``: with ``-z`` the patch holds names as they are, and
a name with a line break in it can then pass for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from .diffs import ADDED, CONTEXT, NO_MODE, REMOVED, FileDiff, Hunk, Status, as_bytes, as_text
from .errors import ParacleError

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(?: ?)(.*)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
PLAIN = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
NOTHING = "/dev/null"
SIGNS = frozenset((CONTEXT, ADDED, REMOVED))


class UnreadableDiff(ParacleError):
    """A text is not a unified diff, or was cut off."""

    code = "diff"


def parse_diff(output: bytes) -> tuple[FileDiff, ...]:
    """Read a diff.

    Args:
        output: What ``git diff-tree -r --raw -p`` wrote with ``core.quotePath`` on; the raw part may be
            missing, and then modes and hashes are known as far as the patch tells them.

    Raises:
        UnreadableDiff: it is not one.
    """
    lines = as_text(output).split("\n")
    raw, at = _raw_part(lines)
    while at < len(lines) and not lines[at].startswith("diff --git "):
        at += 1
    sections: list[FileDiff] = []
    try:
        while at < len(lines) and lines[at].startswith("diff --git "):
            section, at = _section(lines, at)
            sections.append(section)
    except (IndexError, ValueError):
        raise _unreadable(at, "is not of a diff, or the rest is missing") from None
    if any(lines[at:]):
        raise _unreadable(at, f"{lines[at][:60]!r} is not of a diff")
    patched = tuple(_joined(sections))
    return _with_raw(raw, patched) if raw else patched


@dataclass(slots=True)
class _Header:
    """What the lines before the first hunk of a file say."""

    words: str
    fields: dict[str, str] = field(default_factory=dict)
    ids: tuple[str, str] = ("", "")
    mode: str = ""
    before: str = ""
    after: str = ""
    binary: bool = False

    def read(self, line: str) -> None:
        """Take one line of it; only these are in a header."""
        if line.startswith("index "):
            ids, _, self.mode = line.removeprefix("index ").partition(" ")
            old, _, new = ids.partition("..")
            self.ids = (old, new)
        elif line.startswith("--- "):
            self.before = _name(line[4:])
        elif line.startswith("+++ "):
            self.after = _name(line[4:])
        elif line.startswith(("Binary files ", "GIT binary patch")):
            self.binary = True
        else:
            for name in _FIELDS:
                if line.startswith(f"{name} "):
                    self.fields[name] = line[len(name) + 1 :]
                    return
            raise ValueError(line)

    def to_diff(self, hunks: tuple[Hunk, ...]) -> FileDiff:
        """The file's diff."""
        said = self.fields
        status: Status = "M"
        for name, letter in _FIELDS.items():
            if name in said and letter:
                status = cast(Status, letter)
        if status in "RC":
            verb = "rename" if status == "R" else "copy"
            old, new = _name(said[f"{verb} from"]), _name(said[f"{verb} to"])
        else:
            found = [_strip(name) for name in (self.before, self.after) if name and name != NOTHING]
            old = new = found[-1] if found else _half(self.words)
        before = said.get("old mode", said.get("deleted file mode", self.mode))
        after = said.get("new mode", said.get("new file mode", self.mode))
        return FileDiff(
            old,
            new,
            status,
            NO_MODE if status == "A" else before,
            NO_MODE if status == "D" else after,
            hunks,
            self.binary,
            *self.ids,
            similarity=int(said.get("similarity index", "0%").rstrip("%")),
        )


_FIELDS = {
    "old mode": "",
    "new mode": "",
    "similarity index": "",
    "dissimilarity index": "",
    "new file mode": "A",
    "deleted file mode": "D",
    "rename from": "R",
    "rename to": "",
    "copy from": "C",
    "copy to": "",
}


def _section(lines: Sequence[str], at: int) -> tuple[FileDiff, int]:
    header = _Header(lines[at].removeprefix("diff --git "))
    at += 1
    while at < len(lines) and lines[at] and not lines[at].startswith(("diff --git ", "@@ ")):
        header.read(lines[at])
        at += 1
    hunks = []
    while at < len(lines) and lines[at].startswith("@@ "):
        hunk, at = _hunk(lines, at)
        hunks.append(hunk)
    return header.to_diff(tuple(hunks)), at


def _hunk(lines: Sequence[str], at: int) -> tuple[Hunk, int]:
    found = _HUNK.fullmatch(lines[at])
    if not found:
        raise ValueError(lines[at])
    old_start, new_start = int(found[1]), int(found[3])
    old_count, new_count = int(found[2] or 1), int(found[4] or 1)
    old, new = old_start, new_start
    old_end, new_end = old + old_count, new + new_count
    kinds: list[str] = []
    texts: list[str] = []
    unended: list[int] = []
    at += 1
    while old < old_end or new < new_end or (lines[at : at + 1] and lines[at][:1] == "\\"):
        said = lines[at]
        kind = said[:1] or CONTEXT  # git can be told to leave out the space of an empty line
        if kind == "\\" and kinds:
            unended.append(len(kinds) - 1)
            at += 1
            continue
        if kind not in SIGNS:
            raise ValueError(said)
        old += kind != ADDED
        new += kind != REMOVED
        kinds.append(kind)
        texts.append(said[1:])
        at += 1
    if old != old_end or new != new_end:
        raise ValueError(lines[at - 1])
    hunk = Hunk(
        old_start, old_count, new_start, new_count, "".join(kinds), tuple(texts), tuple(unended), found[5]
    )
    return hunk, at


def _joined(sections: Sequence[FileDiff]) -> Iterator[FileDiff]:
    """Sections as files: an entry that changed its type is printed as a deletion and an addition."""
    held: FileDiff | None = None
    for section in sections:
        if held and (held.status, section.status, held.path) == ("D", "A", section.path):
            yield replace(
                held,
                status="T",
                new_mode=section.new_mode,
                new_id=section.new_id,
                hunks=held.hunks + section.hunks,
                is_binary=held.is_binary or section.is_binary,
            )
            held = None
            continue
        if held:
            yield held
        held = section
    if held:
        yield held


def _raw_part(lines: Sequence[str]) -> tuple[list[FileDiff], int]:
    raw: list[FileDiff] = []
    for at, line in enumerate(lines):
        if not line.startswith(":"):
            return raw, at
        about, *names = line.split("\t")
        fields = about[1:].split(" ")
        if len(fields) != 5 or not 1 <= len(names) <= 2 or fields[4][0] not in "AMDRCT":
            raise _unreadable(at, "is not a raw line of a diff between two trees")
        old_mode, new_mode, old_id, new_id, status = fields
        paths = [_unquoted(name) for name in names]
        raw.append(
            FileDiff(
                paths[0],
                paths[-1],
                cast(Status, status[0]),
                old_mode,
                new_mode,
                old_id=old_id,
                new_id=new_id,
                similarity=int(status[1:] or 0) if status[0] in "RC" else 0,
            )
        )
    return raw, len(lines)


def _with_raw(raw: Sequence[FileDiff], patched: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    """The raw entries with the hunks of the patch; a change that the patch leaves out keeps none."""
    waiting = {(file.new_path): file for file in patched}
    files = []
    for entry in raw:
        found = waiting.pop(entry.path, None)
        files.append(replace(entry, hunks=found.hunks, is_binary=found.is_binary) if found else entry)
    if waiting:
        raise _unreadable(0, f"{next(iter(waiting))!r} is in the patch but not in the list before it")
    return tuple(files)


def _name(words: str) -> str:
    """A name in a header line. git ends one that holds a space with a tab, for other programs' sake."""
    return _unquoted(words.removesuffix("\t"))


def _unquoted(words: str) -> str:
    if not (words.startswith('"') and words.endswith('"') and len(words) > 1):
        return words

    def plain(match: re.Match[str]) -> str:
        said = match[1]
        return chr(int(said, 8)) if len(said) == 3 else PLAIN.get(said, said)

    # Each escape is one byte, and what is between may be text of any kind.
    parts, at, body = [], 0, words[1:-1]
    for match in _ESCAPE.finditer(body):
        parts += [as_bytes(body[at : match.start()]), plain(match).encode("latin-1")]
        at = match.end()
    return as_text(b"".join([*parts, as_bytes(body[at:])]))


def _strip(name: str) -> str:
    """A path without its ``a/`` or ``b/``."""
    return name[2:]


def _half(words: str) -> str:
    """The path in ``a/path b/path``, which holds the same path twice."""
    if words.startswith('"'):
        found = _QUOTED.match(words)
        return _strip(_unquoted(found[0])) if found else words
    return _strip(words[: len(words) // 2])


def _unreadable(at: int, why: str) -> UnreadableDiff:
    return UnreadableDiff("The diff cannot be read", detail=f"line {at + 1} {why}")
