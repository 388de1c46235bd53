"""The Python API: open a project, run its agents, read what they did.

from paracle import Engine, Project

with Engine(Project.open(".")) as engine:
    run = engine.run("reviewer", inputs={"paths": ["src"]})
    for event in run.events():
        print(event.kind, event.payload)
    print(run.receipt.answer)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..domain.executions import Execution
from ..project.project import Project as _Project
from ..tools.registry import tool_names
from . import runs
from .runs import RunHandle
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.hooks import HookRegistry

__all__ = ["Engine", "Project"]


class Project(_Project):
    """A folder with ``.parac/`` in it, or a plain folder in which the built-in agents run."""

    @classmethod
    def open(cls, start: Path | str = ".", known_tools: frozenset[str] | None = None) -> Self:
        """The project that a folder belongs to: the nearest ``.parac`` at or above it.

        Raises:
            NotFound: ``start`` is not a folder.
            ProjectError: the nearest ``.parac`` is not a folder.
        """
        found = _Project.open(Path(start), known_tools or tool_names())
        return cls(found.root, found.parac, known_tools or tool_names())


class Engine:
    """Runs the agents of one project in this process. Use as a context manager, or call :meth:`close`.

    Args:
        project: what :meth:`Project.open` gave.
        state: where worktrees are kept; the platform's state folder without it.
    """

    def __init__(self, project: _Project, *, state: Path | None = None) -> None:
        self._workspace = Workspace(project, state)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        agent: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        task: str = "",
        model: str | None = None,
        with_changes: bool = False,
        follows: str = "",
    ) -> RunHandle:
        """Start an agent and return at once; the run goes on in the background.

        Args:
            with_changes: begin with the files as they are, those in no commit included.
            follows: the id of an earlier execution, on whose branch the run goes on.

        Returns:
            A handle: ``events()`` gives the events as they are committed until the run ends,
            ``receipt`` waits for the finished account, ``stop()`` ends it early. ``pause()``, ``resume()``,
            ``say(text)`` and ``switch_model(name)`` steer it on the way; ``run_command(argv)`` runs what the
            project allows in its worktree.

        Raises:
            NotFound: there is no such agent, tool or execution.
            ProjectError: the agent's file has errors.
            UsageError: the inputs do not fit, or the model cannot be had.
            Conflict, GitError: the branch to go on with is in use, or gone.
            StoreError: the account cannot be kept.
        """
        return runs.start(
            self._workspace,
            agent,
            inputs,
            task=task,
            model=model,
            with_changes=with_changes,
            follows=follows,
        )

    def workflow(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        task: str = "",
        model: str | None = None,
        with_changes: bool = False,
    ) -> RunHandle:
        """Start a workflow and return at once, as :meth:`run` does an agent.

        Args:
            model: of the steps that name none, and whose agents name none.

        Raises:
            NotFound, ProjectError, UsageError, StoreError: as :meth:`run`.
            PolicyRefused: it carries commands, and the project is not trusted.
        """
        from . import workflow_runs

        return workflow_runs.start(
            self._workspace, name, inputs, task=task, model=model, with_changes=with_changes
        )

    @property
    def hooks(self) -> HookRegistry:
        """What is asked before, and told after, what the executions of this engine do."""
        return self._workspace.hooks

    def executions(self, limit: int = 50) -> tuple[Execution, ...]:
        """What was run in this project by any process, newest first."""
        return runs.listing(self._workspace, limit=limit)

    def close(self) -> None:
        """Stop what still runs, keep the account of it, and let go of everything."""
        self._workspace.close()
