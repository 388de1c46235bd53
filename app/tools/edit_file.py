"""Tool ``edit_file``: replace a passage of a file and leave every other byte as it is."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path

from pydantic import Field

from ..domain.errors import ToolError
from ..domain.words import one_line, plural, size
from .base import Tool, ToolContext, ToolValue
from .confine import check_write, relative, resolve
from .files import read_real, replace
from .reasons import in_words
from .text import Decoded, changes_in_words, decode, line_changes, unix_lines
from .threads import to_its_end

MAX_FILE_BYTES = 16 * 1024 * 1024
_NEAR_LINES_READ = 5000
_NEAR_ENOUGH = 0.6
_PLACES_SHOWN = 5


class EditFileParams(ToolValue):
    """Which passage becomes which."""

    path: str = Field(description="The file, relative to the project.")
    old: str = Field(min_length=1, description="The passage to replace, exactly as it is in the file.")
    new: str = Field(description="What stands there afterwards.")
    count: int = Field(1, ge=1, description="How often 'old' must be in the file; all of them are replaced.")


class EditFileResult(ToolValue):
    """What was replaced. ``lines`` are the lines, counted from 1, on which the passages began."""

    path: str
    lines: tuple[int, ...]
    added: int
    removed: int


class EditFile(Tool[EditFileParams, EditFileResult]):
    """Keeps encoding, byte-order mark and line ends; a line end in ``old`` matches CRLF and LF."""

    name = "edit_file"
    description = (
        "Replace a passage of a text file. 'old' must be in the file exactly 'count' times (once unless "
        "said otherwise), indentation included; give enough lines around it to make it unique."
    )
    writes = True
    writes_path = True
    idempotent = False
    params_type = EditFileParams
    result_type = EditFileResult

    async def run(self, params: EditFileParams, context: ToolContext) -> EditFileResult:
        return await to_its_end(_edit, params, context)

    def summary(self, params: EditFileParams, result: EditFileResult) -> str:
        return changes_in_words(result.added, result.removed)


def _edit(params: EditFileParams, context: ToolContext) -> EditFileResult:
    resolved = resolve(context.root, params.path, for_write=True)
    real = relative(context.root, resolved)
    check_write(context.permissions, real)
    file = _decoded(context.root, real, params.path)
    found = list(_pattern(params.old).finditer(file.text))
    if len(found) != params.count:
        raise _not_matching(params, file.text, found)
    new = params.new.replace("\r\n", "\n").replace("\n", file.newline)
    after = _pattern(params.old).sub(lambda _: new, file.text)
    if after != file.text:
        replace(context.root, resolved, file.encode(after))
    added, removed = line_changes(file.text, after)
    return EditFileResult(
        path=real, lines=tuple(_line_of(file.text, one) for one in found), added=added, removed=removed
    )


def _decoded(root: Path, real: str, path: str) -> Decoded:
    with in_words(path):
        data = read_real(root, real, MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ToolError(f"'{path}' is larger than {size(MAX_FILE_BYTES)}", hint="edit it with a command")
    decoded = decode(data)
    if decoded is None:
        raise ToolError(f"'{path}' is a binary file", hint="only text can be edited")
    return decoded


def _pattern(old: str) -> re.Pattern[str]:
    # A line end of either kind, so that a model need not know which one the file has.
    return re.compile(r"\r?\n".join(re.escape(line) for line in old.replace("\r\n", "\n").split("\n")))


def _line_of(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _not_matching(params: EditFileParams, text: str, found: list[re.Match[str]]) -> ToolError:
    if not found:
        near = _nearest(params.old, text)
        return ToolError(
            f"The passage is not in '{params.path}'",
            detail=f"nearest is {near}" if near else "",
            hint="copy it exactly from what read_file returns, indentation included",
        )
    places = ", ".join(str(_line_of(text, match)) for match in found[:_PLACES_SHOWN])
    more = ", …" if len(found) > _PLACES_SHOWN else ""
    return ToolError(
        f"The passage is {len(found)} times in '{params.path}', not {plural(params.count, 'time')}",
        detail=f"on {'line' if len(found) == 1 else 'lines'} {places}{more}",
        hint=f"add the lines around it until it is unique, or set count to {len(found)} to replace all",
    )


def _nearest(old: str, text: str) -> str:
    """The line of ``text`` most like the first line of ``old`` that says something; "" if none is."""
    wanted = next((line.strip() for line in unix_lines(old) if line.strip()), "")[:500]
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    best, best_ratio = "", _NEAR_ENOUGH
    for number, line in enumerate(unix_lines(text)[:_NEAR_LINES_READ], 1):
        matcher.set_seq1(line.strip()[:500])
        if matcher.real_quick_ratio() >= best_ratio and matcher.quick_ratio() >= best_ratio:
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = f"line {number}: {one_line(line, 120)}", ratio
    return best
