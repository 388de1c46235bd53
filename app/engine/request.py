"""What a run is asked to do, complete before anything starts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..domain.agents import ResolvedAgent
from ..domain.events import Event, Kind
from ..domain.specs import Budget
from ..domain.trust import Preparation
from ..domain.workflows import ResolvedWorkflow
from ..git.workplaces import Earlier
from .origins import Origin


@dataclass(frozen=True, slots=True)
class Followed:
    """The earlier execution that a run goes on with, and what it has left."""

    execution: str
    earlier: Earlier

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data; :meth:`from_dict` reads it back."""
        private = self.earlier.private
        return {
            "execution": self.execution,
            "earlier": {**asdict(self.earlier), "private": str(private) if private else None},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Followed:
        """Read what :meth:`to_dict` wrote."""
        earlier = data["earlier"]
        private = Path(earlier["private"]) if earlier["private"] else None
        return cls(data["execution"], Earlier(**{**earlier, "private": private}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What runs of agents and of workflows have in common.

    Args:
        inputs: bound to what is declared, ``task`` included.
        model: ``offline``, ``script:FILE`` or ``provider:name``.
        folder: the project's; what a relative path in ``model`` is relative to.
        variables: what templates may name beside ``inputs``, for example ``project``.
        with_changes: begin with the user's files as they are, those in no commit included.
        follows: begin where this one has ended, on its branch.
        origin: begin with what this one has recorded up to a step, on a branch forked there.
        preparation: what the project asks for around the work, cut down to what its user trusts.
    """

    kind: ClassVar[str]

    inputs: Mapping[str, Any]
    model: str
    folder: Path
    variables: Mapping[str, Any] = field(default_factory=dict)
    with_changes: bool = False
    follows: Followed | None = None
    origin: Origin | None = None
    preparation: Preparation = field(default_factory=Preparation)

    @property
    def task(self) -> str:
        """The free text of the run."""
        return str(self.inputs.get("task", ""))

    def _common(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "inputs": dict(self.inputs),
            "model": self.model,
            "folder": str(self.folder),
            "variables": dict(self.variables),
            "with_changes": self.with_changes,
            "follows": self.follows.to_dict() if self.follows else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Request):
    """One run of one agent.

    Args:
        agent: resolved; what it says holds for the whole run, whatever happens to its files.
    """

    kind = "agent"

    agent: ResolvedAgent

    @property
    def name(self) -> str:
        """The agent's name."""
        return self.agent.name

    @property
    def budget(self) -> Budget:
        """The most that the run may use."""
        return self.agent.spec.budget

    @property
    def allowed(self) -> tuple[str, ...]:
        """The globs of what may be written."""
        return self.agent.spec.permissions.write

    def config_hash(self) -> str:
        """Changes whenever anything that steers the run changes."""
        return self.agent.config_hash()

    def to_dict(self) -> dict[str, Any]:
        """All that another process needs to go on; :func:`read_request` reads it back."""
        return {**self._common(), "agent": self.agent.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRequest(Request):
    """One run of one workflow.

    Args:
        workflow: checked: it has no errors.
        agents: every agent that it or a workflow within it names, resolved.
        workflows: every workflow that it calls, however deep.
    """

    kind = "workflow"

    workflow: ResolvedWorkflow
    agents: Mapping[str, ResolvedAgent] = field(default_factory=dict)
    workflows: Mapping[str, ResolvedWorkflow] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.workflow.name

    @property
    def budget(self) -> Budget:
        """The most that the run may use, all steps together."""
        return self.workflow.spec.budget

    @property
    def allowed(self) -> tuple[str, ...]:
        """The globs of what any of its steps may write."""
        globs = dict.fromkeys(self.workflow.spec.permissions.write)
        for inner in self.workflows.values():
            globs |= dict.fromkeys(inner.spec.permissions.write)
        for agent in self.agents.values():
            globs |= dict.fromkeys(agent.spec.permissions.write)
        return tuple(globs)

    def config_hash(self) -> str:
        """Changes whenever anything that steers the run changes."""
        hashes = [self.workflow.config_hash()]
        hashes += [inner.config_hash() for inner in self.workflows.values()]
        hashes += [agent.config_hash() for agent in self.agents.values()]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """All that another process needs to go on; :func:`read_request` reads it back."""
        return {
            **self._common(),
            "workflow": self.workflow.to_dict(),
            "agents": {name: agent.to_dict() for name, agent in self.agents.items()},
            "workflows": {name: inner.to_dict() for name, inner in self.workflows.items()},
        }


AnyRequest = RunRequest | WorkflowRequest


def followed_of(events: Iterable[Event]) -> Followed | None:
    """What an execution of the queue was given to go on with when it was taken."""
    for event in events:
        if event.kind is Kind.TAKEN and event.payload["follows"]:
            return Followed.from_dict(event.payload["follows"])
    return None


def read_request(data: Mapping[str, Any]) -> AnyRequest:
    """Read what ``to_dict`` of a request wrote.

    Its origin is empty: that stands beside the request. So is its preparation: the record lies in the
    project's folder, where whoever made the project could have put one, and which commands may run is
    decided anew by what the user trusts.
    """
    common: dict[str, Any] = {
        "inputs": data["inputs"],
        "model": data["model"],
        "folder": Path(data["folder"]),
        "variables": data["variables"],
        "with_changes": data["with_changes"],
        "follows": Followed.from_dict(data["follows"]) if data["follows"] else None,
    }
    if data["kind"] == RunRequest.kind:
        return RunRequest(agent=ResolvedAgent.from_dict(data["agent"]), **common)
    return WorkflowRequest(
        workflow=ResolvedWorkflow.from_dict(data["workflow"]),
        agents={name: ResolvedAgent.from_dict(agent) for name, agent in data["agents"].items()},
        workflows={name: ResolvedWorkflow.from_dict(inner) for name, inner in data["workflows"].items()},
        **common,
    )
