"""Where project files are, and the agents' names: what can be known from a folder's listing alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BUILTIN = Path(__file__).resolve().parents[2] / "scaffolds" / "agents"
"""The specs of the agents that ship with the package."""

STATE = Path("memory", "current_state.yaml")
OLD_STATE = Path("memory", "context", "current_state.yaml")
"""Where the state is kept below ``.parac``, and where the earlier Paracle kept it."""

_NOT_AGENTS = frozenset({"readme.md", "agents.md"})


def modern_name(stem: str) -> str:
    """The name of the agent in a file: ``Code_Reviewer`` is ``code-reviewer``."""
    return re.sub(r"[\s_]+", "-", stem.strip()).lower()


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """The agents there are: the project's own, and those that ship with the package.

    ``hidden`` pairs a file that is not used with the one that is used in its place.
    """

    own: dict[str, Path]
    builtin: dict[str, Path]
    hidden: tuple[tuple[Path, Path], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name once, in order."""
        return tuple(sorted({*self.own, *self.builtin}))

    def path(self, name: str) -> Path:
        """The file of an agent; the project's own wins.

        Raises:
            KeyError: there is none of that name.
        """
        return self.own[name] if name in self.own else self.builtin[name]

    def parent_path(self, name: str, child: Path) -> Path | None:
        """The file that ``extends: name`` means in ``child``, None where there is none.

        An agent that carries the name of a built-in one extends the built-in one by that name.
        """
        if self.own.get(name) == child and name in self.builtin:
            return self.builtin[name]
        return self.own.get(name) or self.builtin.get(name)


def find_agents(specs: Path | None) -> AgentFiles:
    """The agents whose files are in ``specs`` (None: no project) and the built-in ones.

    Raises:
        OSError: ``specs`` is there and cannot be listed.
    """
    own, hidden = _spec_files(specs) if specs is not None else ({}, ())
    builtin, _ = _spec_files(BUILTIN)
    return AgentFiles(own, builtin, hidden)


def _spec_files(folder: Path) -> tuple[dict[str, Path], tuple[tuple[Path, Path], ...]]:
    try:
        entries = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return {}, ()
    files: dict[str, Path] = {}
    hidden: list[tuple[Path, Path]] = []
    named = [entry for entry in entries if entry.endswith(".md") and not entry.startswith(".")]
    # A file named in the modern way comes first and so hides one named in an older way.
    for entry in sorted(named, key=lambda entry: entry != f"{modern_name(entry[:-3])}.md"):
        if entry.lower() in _NOT_AGENTS:
            continue
        name = modern_name(entry[:-3])
        if name in files:
            hidden.append((folder / entry, files[name]))
        else:
            files[name] = folder / entry
    return files, tuple(hidden)
