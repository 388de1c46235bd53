"""An agent ready to run: its resolved spec, its words, and where each value came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .problems import Problem, Severity

if TYPE_CHECKING:
    from .specs import AgentSpec


@dataclass(frozen=True, slots=True)
class Origin:
    """The place that gave a value. ``path`` is None for a default of Paracle itself."""

    path: Path | None
    line: int = 0

    def __str__(self) -> str:
        if self.path is None:
            return "default"
        return f"{self.path.name}:{self.line}" if self.line else self.path.name


@dataclass(frozen=True, slots=True)
class ResolvedAgent:
    """The outcome of resolving an agent's file and its parents.

    ``origins`` maps a field ("tools", "permissions.write", "inputs.paths") to its place;
    ``chain`` holds the files from the agent itself to its farthest parent; ``templates`` maps the
    name of each template that the playbook uses to its text, read when the agent was resolved,
    so that a run is not changed by an edit made while it goes on.
    """

    spec: AgentSpec
    instructions: str
    path: Path
    origins: Mapping[str, Origin] = field(default_factory=dict)
    chain: tuple[Path, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    builtin: bool = False

    @property
    def name(self) -> str:
        """The agent's name."""
        return self.spec.name

    def origin(self, field_name: str) -> Origin:
        """Where a field's value was written; the default origin where no file did."""
        return self.origins.get(field_name, Origin(None))

    def to_dict(self) -> dict[str, Any]:
        """What a run needs of the agent, as plain JSON data; where each value came from is left out."""
        return {
            "spec": self.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "instructions": self.instructions,
            "path": str(self.path),
            "templates": dict(self.templates),
            "builtin": self.builtin,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResolvedAgent:
        """Read what :meth:`to_dict` wrote."""
        from .specs import AgentSpec

        return cls(
            AgentSpec.model_validate(data["spec"]),
            data["instructions"],
            Path(data["path"]),
            templates=data["templates"],
            builtin=data["builtin"],
        )

    def config_hash(self) -> str:
        """Sixteen hex digits that change whenever anything that steers a run changes."""
        parts = [self.spec.model_dump(mode="json", by_alias=True), self.instructions, dict(self.templates)]
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """One agent as a list shows it, whether or not its file is in order."""

    name: str
    path: Path
    description: str = ""
    builtin: bool = False
    problems: tuple[Problem, ...] = ()
    has_playbook: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether the agent cannot run as it stands."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)
