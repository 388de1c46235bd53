"""Tool ``python_outline``: what Python files define, without running them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from ..domain.words import plural
from .base import Paths, Tool, ToolContext, ToolValue
from .outline_values import ModuleOutline, PythonOutlineResult
from .outline_worker import broken
from .scan import scan, too_slow
from .tree import list_trees

MAX_FILES = 20_000
MAX_OUTLINE_BYTES = 2 * 1024 * 1024
MAX_SECONDS = 60.0


class PythonOutlineParams(ToolValue):
    """Which files to outline."""

    paths: Paths = Field((".",), min_length=1, description="Files and folders, relative to the project.")


class PythonOutline(Tool[PythonOutlineParams, PythonOutlineResult]):
    """Parses in a process of its own, so that even a file that crashes the parser only costs itself."""

    name = "python_outline"
    description = (
        "Outline Python files: modules, classes with bases and methods, functions with signature, "
        "docstrings, decorators, line numbers and cyclomatic complexity. Nothing is run. Files that "
        "cannot be parsed are listed with their error."
    )
    params_type = PythonOutlineParams
    result_type = PythonOutlineResult

    async def run(self, params: PythonOutlineParams, context: ToolContext) -> PythonOutlineResult:
        listing = await asyncio.to_thread(
            list_trees, context.root, params.paths, glob="*.py", limit=MAX_FILES
        )
        collected = _Modules(context.root, listing.files)
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await collected.collect()
        except TimeoutError:
            raise too_slow(
                f"The outline of {plural(len(listing.files), 'file')}", MAX_SECONDS, "name fewer paths"
            ) from None
        left_out = len(listing.files) - len(collected.modules)
        return PythonOutlineResult(
            modules=tuple(collected.modules),
            truncated=listing.truncated or left_out > 0,
            left_out=left_out,
        )

    def summary(self, params: PythonOutlineParams, result: PythonOutlineResult) -> str:
        faulty = sum(module.error is not None for module in result.modules)
        parts = [plural(len(result.modules), "module")]
        parts += [f"{faulty} not readable"] if faulty else []
        parts += [f"{result.left_out} left out"] if result.left_out else []
        return ", ".join(parts)


class _Modules:
    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self.modules: list[ModuleOutline] = []
        self._root = root
        self._files = files
        self._bytes = 0

    async def collect(self) -> None:
        """Outline all files, or as many as fit."""
        while len(self.modules) < len(self._files):
            waiting = self._files[len(self.modules) :]
            request = {"root": str(self._root), "files": waiting}
            if await scan("outline_worker", request, self._take, seconds=MAX_SECONDS):
                return
            # The worker died over this file; the others are not to suffer for it.
            crashed = self._files[len(self.modules)]
            if not self._take(broken(self._root, crashed, 0, "Python's parser crashed on it")):
                return

    def _take(self, answer: dict[str, Any]) -> bool:
        self._bytes += len(json.dumps(answer, ensure_ascii=False))
        if self._bytes > MAX_OUTLINE_BYTES:
            return False
        self.modules.append(ModuleOutline.model_validate(answer))
        return True
