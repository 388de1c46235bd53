"""Values to unified diffs, the reverse of :mod:`.diff_text`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .diff_text import NOTHING, PLAIN
from .diffs import NO_MODE, FileDiff, Hunk, as_bytes

_NAMED = {ord(char): f"\\{name}" for name, char in PLAIN.items()} | {0x22: '\\"', 0x5C: "\\\\"}
_NO_NEWLINE = "\\ No newline at end of file"


def print_diff(files: Sequence[FileDiff], *, raw: bool = False) -> bytes:
    """Write a diff that ``git apply`` reads; of binary files only that they differ.

    Args:
        raw: Begin with git's raw lines, which keep modes and hashes that a patch has no place for.
    """
    out: list[str] = []
    if raw:
        for file in files:
            out.append(_raw_line(file))
        out.append("")
    for file in files:
        out += _printed(file)
    return as_bytes("\n".join([*out, ""])) if out else b""


def _raw_line(file: FileDiff) -> str:
    status = f"{file.status}{file.similarity:03d}" if file.status in "RC" else file.status
    names = [file.old_path, file.new_path] if file.status in "RC" else [file.new_path]
    about = f":{file.old_mode} {file.new_mode} {file.old_id} {file.new_id} {status}"
    return "\t".join([about, *map(_quoted, names)])


def _printed(file: FileDiff) -> Iterator[str]:
    if file.status != "T":
        yield from _one_section(file)
        return
    nothing = "0" * (len(file.old_id) or 40)
    gone = tuple(hunk for hunk in file.hunks if not hunk.new_count)
    come = tuple(hunk for hunk in file.hunks if not hunk.old_count)
    yield from _one_section(
        replace(
            file,
            status="D",
            new_mode=NO_MODE,
            new_id=nothing,
            hunks=gone,
            is_binary=file.is_binary and not gone,
        )
    )
    yield from _one_section(
        replace(
            file,
            status="A",
            old_mode=NO_MODE,
            old_id=nothing,
            hunks=come,
            is_binary=file.is_binary and not come,
        )
    )


def _one_section(file: FileDiff) -> Iterator[str]:
    old, new = f"a/{file.old_path}", f"b/{file.new_path}"
    yield f"diff --git {_quoted(old)} {_quoted(new)}"
    if file.status == "A":
        yield f"new file mode {file.new_mode}"
    elif file.status == "D":
        yield f"deleted file mode {file.old_mode}"
    elif file.mode_changed:
        yield f"old mode {file.old_mode}"
        yield f"new mode {file.new_mode}"
    if file.status in "RC":
        verb = "rename" if file.status == "R" else "copy"
        yield f"similarity index {file.similarity}%"
        yield f"{verb} from {_quoted(file.old_path)}"
        yield f"{verb} to {_quoted(file.new_path)}"
    if file.old_id != file.new_id:
        same = file.old_mode == file.new_mode and file.old_mode
        yield f"index {file.old_id}..{file.new_id}" + (f" {file.old_mode}" if same else "")
    before, after = (
        NOTHING if file.status == "A" else _quoted(old),
        NOTHING if file.status == "D" else _quoted(new),
    )
    if file.is_binary:
        yield f"Binary files {before} and {after} differ"
    elif file.hunks:
        yield f"--- {_tabbed(before)}"
        yield f"+++ {_tabbed(after)}"
        for hunk in file.hunks:
            yield from _printed_hunk(hunk)


def _printed_hunk(hunk: Hunk) -> Iterator[str]:
    spans = (
        f"{start},{count}" if count != 1 else f"{start}"
        for start, count in ((hunk.old_start, hunk.old_count), (hunk.new_start, hunk.new_count))
    )
    yield "@@ -{} +{} @@".format(*spans) + (f" {hunk.section}" if hunk.section else "")
    for index, (kind, text) in enumerate(zip(hunk.kinds, hunk.texts, strict=True)):
        yield kind + text
        if index in hunk.unended:
            yield _NO_NEWLINE


def _tabbed(name: str) -> str:
    return f"{name}\t" if " " in name and not name.startswith('"') else name


def _quoted(name: str) -> str:
    """A name as git writes it with ``core.quotePath`` on."""
    data = as_bytes(name)
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in data):
        return name
    chars = (_NAMED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in data)
    return '"' + "".join(chars) + '"'
