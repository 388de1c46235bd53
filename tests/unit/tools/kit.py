"""What the tests of the tools share: calling a tool by its name, and waiting for a condition."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paracle.app.domain.specs import Permissions
from paracle.app.tools.base import Outcome, ToolContext
from paracle.app.tools.registry import builtin_tools, call

EVERYTHING = Permissions(write=("**",))


@dataclass
class Kit:
    """A project folder and a way to call tools on it."""

    root: Path
    permissions: Permissions = EVERYTHING
    logged: list[str] = field(default_factory=list)

    async def call(self, tool: str, /, **arguments: Any) -> Outcome:
        context = ToolContext(self.root, self.permissions, self.logged.append)
        return await call(builtin_tools([tool])[tool], arguments, context)

    async def value(self, tool: str, /, **arguments: Any) -> Any:
        return (await self.call(tool, **arguments)).value

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file


async def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait for ``condition``; fail where it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


def workers(name: str) -> set[int]:
    """The processes that this one started to do the work called ``name``."""
    command = ["ps", "-ww", "-A", "-o", "pid=,ppid=,args="]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return {int(pid) for pid, parent, *args in rows if parent == str(os.getpid()) and name in str(args)}
