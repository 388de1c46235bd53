"""Tool ``read_file``: the text of a file, whole or a range of lines."""

from __future__ import annotations

import asyncio

from pydantic import Field

from ..domain.errors import ToolError
from ..domain.words import plural, size
from .base import Tool, ToolContext, ToolValue
from .confine import relative, resolve
from .files import read_bytes
from .text import decode, unix_lines

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_TEXT = 1024 * 1024


class ReadFileParams(ToolValue):
    """What to read."""

    path: str = Field(description="The file, relative to the project.")
    start: int = Field(1, ge=1, description="The first line, counting from 1.")
    limit: int = Field(2000, ge=1, le=50_000, description="The most lines to return.")


class ReadFileResult(ToolValue):
    """The text read, its lines ending in LF.

    ``lines`` counts the lines of the whole file, ``start`` and ``end`` are the first and last line in
    ``text`` (``end`` < ``start`` where there is none); ``truncated`` says that lines follow ``end``.
    """

    path: str
    text: str
    start: int
    end: int
    lines: int
    truncated: bool
    encoding: str


class ReadFile(Tool[ReadFileParams, ReadFileResult]):
    """Reads text in UTF-8, UTF-16 with a byte-order mark, or else Latin-1."""

    name = "read_file"
    description = (
        "Read a text file of the project. Returns up to 'limit' lines from line 'start', the number of "
        "lines in the file, and 'truncated' when more lines follow."
    )
    params_type = ReadFileParams
    result_type = ReadFileResult

    async def run(self, params: ReadFileParams, context: ToolContext) -> ReadFileResult:
        return await asyncio.to_thread(_read, params, context)

    def summary(self, params: ReadFileParams, result: ReadFileResult) -> str:
        if result.start == 1 and not result.truncated:
            return plural(result.lines, "line")
        return f"lines {result.start:,} to {result.end:,} of {result.lines:,}"


def _read(params: ReadFileParams, context: ToolContext) -> ReadFileResult:
    data = read_bytes(context.root, params.path, MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ToolError(
            f"'{params.path}' is larger than {size(MAX_FILE_BYTES)}",
            hint="use search to find the lines that matter",
        )
    decoded = decode(data)
    if decoded is None:
        raise ToolError(f"'{params.path}' is a binary file", hint="only text can be read")
    lines = unix_lines(decoded.text)
    if params.start > max(1, len(lines)):
        raise ToolError(
            f"'{params.path}' has no line {params.start:,}", hint=f"it has {plural(len(lines), 'line')}"
        )
    chosen = _fitting(lines[params.start - 1 : params.start - 1 + params.limit], params)
    end = params.start - 1 + len(chosen)
    ends_open = end == len(lines) and not decoded.text.endswith("\n")
    return ReadFileResult(
        path=relative(context.root, resolve(context.root, params.path, for_write=False)),
        text="\n".join(chosen) + ("" if ends_open or not chosen else "\n"),
        start=params.start,
        end=end,
        lines=len(lines),
        truncated=end < len(lines),
        encoding=decoded.encoding,
    )


def _fitting(lines: list[str], params: ReadFileParams) -> list[str]:
    """As many of ``lines`` as fit into ``MAX_TEXT`` characters."""
    taken = 0
    for count, line in enumerate(lines):
        taken += len(line) + 1
        if taken > MAX_TEXT:
            if count == 0:
                raise ToolError(
                    f"Line {params.start:,} of '{params.path}' is longer than {MAX_TEXT:,} characters",
                    hint="use search, which shows the part of a line around a match",
                )
            return lines[:count]
    return lines
