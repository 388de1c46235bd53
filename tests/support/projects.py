"""A project on the disk, written file by file in a test's own words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

from paracle.app.domain.problems import Problem
from paracle.app.project import Project
from paracle.app.tools.registry import tool_names

TOOLS = tool_names()


class ProjectFiles:
    """The files of one project in ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.parac = root / ".parac"
        self.specs = self.parac / "agents" / "specs"
        self.specs.mkdir(parents=True)
        self.write("project.yaml", "name: shop\n")

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file below ``.parac``."""
        target = self.parac / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return target

    def spec(self, name: str, matter: str = "", body: str = "Work well.") -> Path:
        """Write ``agents/specs/<name>.md`` with this front matter, which begins on line 2."""
        return self.write(f"agents/specs/{name}.md", f"---\n{dedent(matter).strip()}\n---\n\n{body}\n")

    def raw_spec(self, name: str, content: str | bytes) -> Path:
        """Write ``agents/specs/<name>.md`` exactly so."""
        return self.write(f"agents/specs/{name}.md", content)

    def open(self, known_tools: frozenset[str] | None = TOOLS) -> Project:
        """The project as the workbench opens it."""
        return Project.open(self.root, known_tools=known_tools)

    def check(self, name: str) -> list[str]:
        """The problems of an agent, shortened by :func:`brief`."""
        return brief(self.open().check(name))

    def problems(self) -> list[str]:
        """The problems of the project, shortened by :func:`brief`."""
        return brief(self.open().problems())


def brief(problems: Iterable[Problem]) -> list[str]:
    """``name:line:column severity: message (hint)`` of each problem."""
    lines = []
    for problem in problems:
        place = problem.place.replace(str(problem.path), problem.path.name)
        tail = f" ({problem.hint})" if problem.hint else ""
        lines.append(f"{place} {problem.severity}: {problem.message}{tail}")
    return lines
