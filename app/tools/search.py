"""Tool ``search``: the lines that a regular expression matches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from ..domain.errors import ToolError
from ..domain.words import plural
from .base import Tool, ToolContext, ToolValue
from .ripgrep import executable, narrow, needed_text
from .scan import scan, too_slow
from .tree import list_tree

MAX_FILES = 50_000
MAX_SECONDS = 20.0


class SearchParams(ToolValue):
    """What to look for, and where."""

    pattern: str = Field(min_length=1, description="A regular expression in Python's syntax, for one line.")
    path: str = Field(".", description="The file or folder to look in, relative to the project.")
    glob: str | None = Field(
        None, description="Only these files: '*.py' for names in any folder, 'src/**/*.py' for paths."
    )
    ignore_case: bool = Field(False, description="Whether a and A are the same.")
    max_results: int = Field(200, ge=1, le=5000, description="The most lines to return.")


class SearchMatch(ToolValue):
    """A line with a match. ``line`` and ``column`` count from 1; ``text`` of a long line is cut."""

    path: str
    line: int
    column: int
    text: str


class SearchResult(ToolValue):
    """The matches by path and line.

    ``truncated``: there are more matches than asked for, or more files than one call looks at.
    ``skipped`` counts files too large to search.
    """

    matches: tuple[SearchMatch, ...]
    truncated: bool
    skipped: int


class Search(Tool[SearchParams, SearchResult]):
    """Python's ``re`` decides, in a process that is killed when a pattern takes too long."""

    name = "search"
    description = (
        "Search the project's text files line by line with a regular expression (Python syntax). Returns "
        "path, line, column and text. What .gitignore names and binary files are left out."
    )
    params_type = SearchParams
    result_type = SearchResult

    async def run(self, params: SearchParams, context: ToolContext) -> SearchResult:
        listing = await asyncio.to_thread(
            list_tree, context.root, params.path, glob=params.glob, limit=MAX_FILES
        )
        found = _Found(params)
        try:
            async with asyncio.timeout(MAX_SECONDS):
                files = await _worth_reading(params, context, listing.files)
                request = {
                    "root": str(context.root),
                    "files": files,
                    "pattern": params.pattern,
                    "ignore_case": params.ignore_case,
                }
                whole = await scan("search_worker", request, found.take, seconds=MAX_SECONDS)
        except TimeoutError:
            raise too_slow(
                f"The search for '{params.pattern}'",
                MAX_SECONDS,
                "repeats within repeats, such as (a+)+, can take forever; else narrow 'path' or 'glob'",
            ) from None
        if not whole:
            raise ToolError("The search process was killed", hint="try a simpler pattern or a narrower path")
        return found.result(listing.truncated)

    def summary(self, params: SearchParams, result: SearchResult) -> str:
        files = len({match.path for match in result.matches})
        words = plural(len(result.matches), "match", "matches")
        words += " and more" if result.truncated else ""
        return f"{words} in {plural(files, 'file')}" if result.matches else "no match"


async def _worth_reading(params: SearchParams, context: ToolContext, files: Sequence[str]) -> Sequence[str]:
    command = executable()
    text = needed_text(params.pattern, ignore_case=params.ignore_case)
    if command is None or text is None:
        return files
    return await narrow(command, context.root, files, text, ignore_case=params.ignore_case)


class _Found:
    def __init__(self, params: SearchParams) -> None:
        self._params = params
        self._matches: list[SearchMatch] = []
        self._truncated = False
        self._skipped = 0

    def take(self, answer: dict[str, Any]) -> bool:
        if "error" in answer:
            raise ToolError(
                f"'{self._params.pattern}' is not a regular expression",
                detail=str(answer["error"]),
                hint=r"put a backslash before ( ) [ ] { } . * + ? ^ $ | \ to search for it as it is",
            )
        if "skipped" in answer:
            self._skipped = int(answer["skipped"])
            return True
        if len(self._matches) == self._params.max_results:
            self._truncated = True
            return False
        self._matches.append(SearchMatch.model_validate(answer))
        return True

    def result(self, listing_truncated: bool) -> SearchResult:
        return SearchResult(
            matches=tuple(self._matches),
            truncated=self._truncated or listing_truncated,
            skipped=self._skipped,
        )
