"""Tool ``write_file``: put a text into a file, new or not."""

from __future__ import annotations

from pydantic import Field

from ..domain.errors import ToolError
from .base import Tool, ToolContext, ToolValue
from .confine import check_write, relative, resolve
from .files import read_real, replace
from .reasons import in_words
from .text import changes_in_words, decode, line_changes
from .threads import to_its_end

MAX_COMPARED_BYTES = 16 * 1024 * 1024


class WriteFileParams(ToolValue):
    """What to write, and where."""

    path: str = Field(description="The file, relative to the project. Missing folders are made.")
    text: str = Field(description="The whole text of the file.")


class WriteFileResult(ToolValue):
    """What became of the file. ``added`` and ``removed`` count lines; a binary file has none to remove.

    ``changed`` is false where the file held exactly this text already.
    """

    path: str
    created: bool
    changed: bool
    added: int
    removed: int


class WriteFile(Tool[WriteFileParams, WriteFileResult]):
    """Writes UTF-8 as it is given, in one step: a reader sees the old text or the new one."""

    name = "write_file"
    description = (
        "Write a whole text file, making it and its folders where needed. To change a part of a file, "
        "use edit_file. Only paths that the agent's permissions name can be written."
    )
    writes = True
    writes_path = True
    params_type = WriteFileParams
    result_type = WriteFileResult

    async def run(self, params: WriteFileParams, context: ToolContext) -> WriteFileResult:
        return await to_its_end(_write, params, context)

    def summary(self, params: WriteFileParams, result: WriteFileResult) -> str:
        changes = changes_in_words(result.added, result.removed)
        if result.created:
            return f"created, {changes}" if result.added else "created, empty"
        return changes if result.changed and changes != "unchanged" else _without_lines(result)


def _without_lines(result: WriteFileResult) -> str:
    return "changed" if result.changed else "unchanged"


def _write(params: WriteFileParams, context: ToolContext) -> WriteFileResult:
    resolved = resolve(context.root, params.path, for_write=True)
    real = relative(context.root, resolved)
    check_write(context.permissions, real)
    try:
        data = params.text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError(
            "The text holds half of a surrogate pair, which UTF-8 cannot store",
            detail=f"at character {error.start + 1:,}",
        ) from None
    with in_words(params.path):
        try:
            before = read_real(context.root, real, MAX_COMPARED_BYTES)
        except FileNotFoundError:
            before = None
    if before != data:
        replace(context.root, resolved, data)
    decoded = decode(before or b"")
    added, removed = line_changes(decoded.text if decoded else "", params.text)
    return WriteFileResult(
        path=real, created=before is None, changed=before != data, added=added, removed=removed
    )
