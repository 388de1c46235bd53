"""Tool ``todo_scan``: the notes that people left in the code for later."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Literal

from pydantic import Field

from ..domain.errors import ToolError
from .base import Paths, Tool, ToolContext, ToolValue
from .scan import scan, too_slow
from .tree import list_trees

MAX_FILES = 50_000
MAX_SECONDS = 60.0


class TodoScanParams(ToolValue):
    """Where to look."""

    paths: Paths = Field((".",), min_length=1, description="Files and folders, relative to the project.")
    limit: int = Field(1000, ge=1, le=10_000, description="The most notes to return.")


class TodoNote(ToolValue):
    """A note; ``owner`` is what stands in brackets after the tag, "" where nothing does."""

    path: str
    line: int
    tag: Literal["TODO", "FIXME", "XXX", "HACK"]
    owner: str
    text: str


class TodoScanResult(ToolValue):
    """The notes by path and line.

    ``truncated``: there are more notes than asked for, or more files than one call looks at.
    ``skipped`` counts files too large to read.
    """

    notes: tuple[TodoNote, ...]
    truncated: bool
    skipped: int


class TodoScan(Tool[TodoScanParams, TodoScanResult]):
    """In Python only comments count; elsewhere any line, since each language comments differently."""

    name = "todo_scan"
    description = (
        "Find TODO, FIXME, XXX and HACK notes, with path, line, owner and text. In Python files only "
        "comments are looked at."
    )
    params_type = TodoScanParams
    result_type = TodoScanResult

    async def run(self, params: TodoScanParams, context: ToolContext) -> TodoScanResult:
        listing = await asyncio.to_thread(list_trees, context.root, params.paths, glob=None, limit=MAX_FILES)
        notes: list[TodoNote] = []
        skipped = 0

        def take(answer: dict[str, Any]) -> bool:
            nonlocal skipped
            if "skipped" in answer:
                skipped += 1
                return True
            notes.append(TodoNote.model_validate(answer))
            return len(notes) <= params.limit

        request = {"root": str(context.root), "files": listing.files}
        try:
            async with asyncio.timeout(MAX_SECONDS):
                whole = await scan("todo_worker", request, take, seconds=MAX_SECONDS)
        except TimeoutError:
            raise too_slow("The scan for notes", MAX_SECONDS, "name fewer paths") from None
        if not whole:
            raise ToolError("The scan for notes was killed", hint="name fewer paths")
        return TodoScanResult(
            notes=tuple(notes[: params.limit]),
            truncated=listing.truncated or len(notes) > params.limit,
            skipped=skipped,
        )

    def summary(self, params: TodoScanParams, result: TodoScanResult) -> str:
        counts = Counter(note.tag for note in result.notes)
        words = ", ".join(f"{number} {tag}" for tag, number in counts.most_common()) or "none"
        return words + (" and more" if result.truncated else "")
