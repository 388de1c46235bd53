"""What a run is asked to do, complete before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..domain.agents import ResolvedAgent


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run of one agent.

    Args:
        agent: resolved; what it says holds for the whole run, whatever happens to its files.
        inputs: bound to the agent's declared inputs, ``task`` included.
        model: ``offline``, ``script:FILE`` or ``provider:name``.
        folder: what a relative path in ``model`` is relative to.
        variables: what templates may name beside ``inputs``, for example ``project``.
    """

    agent: ResolvedAgent
    inputs: Mapping[str, Any]
    model: str
    folder: Path
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The free text of the run."""
        return str(self.inputs.get("task", ""))
