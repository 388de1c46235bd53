"""Tool ``list_files``: the files of a folder and all below it, less what git ignores."""

from __future__ import annotations

import asyncio

from pydantic import Field

from ..domain.words import plural
from .base import Tool, ToolContext, ToolValue
from .tree import list_tree


class ListFilesParams(ToolValue):
    """Which files to list."""

    path: str = Field(".", description="The folder to begin at, relative to the project.")
    glob: str | None = Field(
        None, description="Only these: '*.py' for names in any folder, 'src/**/*.py' for paths."
    )
    limit: int = Field(2000, ge=1, le=20_000, description="The most files to return.")


class ListFilesResult(ToolValue):
    """The files, sorted, seen from the project's folder.

    ``truncated``: there are more than ``limit``. ``unnamed`` counts files left out because their
    names are not valid UTF-8.
    """

    files: tuple[str, ...]
    truncated: bool
    unnamed: int


class ListFiles(Tool[ListFilesParams, ListFilesResult]):
    """Leaves out what ``.gitignore`` files name, ``.git`` and virtual environments."""

    name = "list_files"
    description = (
        "List the files of a folder and all folders below it, sorted. What .gitignore names, .git and "
        "virtual environments are left out. 'truncated' says that there are more."
    )
    params_type = ListFilesParams
    result_type = ListFilesResult

    async def run(self, params: ListFilesParams, context: ToolContext) -> ListFilesResult:
        listing = await asyncio.to_thread(
            list_tree, context.root, params.path, glob=params.glob, limit=params.limit, links=True
        )
        return ListFilesResult(files=listing.files, truncated=listing.truncated, unnamed=listing.unnamed)

    def summary(self, params: ListFilesParams, result: ListFilesResult) -> str:
        return plural(len(result.files), "file") + (" and more" if result.truncated else "")
