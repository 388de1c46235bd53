"""Everything about one workflow that a screen shows, read in one go. Nothing of the project runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.errors import ParacleError
from ..domain.workflow_plan import Plan
from ..domain.workflows import ResolvedWorkflow, WorkflowEntry
from . import workflows
from .project_files import file_page
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    """All about one workflow.

    Attributes:
        workflow: None where its file has errors; the entry has them.
        plan: what a run with nothing but defaults would do; None where it needs inputs, or has errors.
        source: the text of its file.
    """

    entry: WorkflowEntry
    workflow: ResolvedWorkflow | None
    plan: Plan | None
    source: str


def workflow_page(workspace: Workspace, entry: WorkflowEntry) -> WorkflowPage:
    """A workflow read afresh from its file."""
    from .workflow_planning import plan as plan_of

    workflow: ResolvedWorkflow | None = None
    plan: Plan | None = None
    try:
        workflow = workflows.show(workspace, entry.name)
        plan = plan_of(workspace, entry.name, {})
    except ParacleError:
        pass  # Its problems are the entry's, and a plan without its inputs is none.
    source = file_page(workspace, str(entry.path)).data.decode("utf-8", "replace")
    return WorkflowPage(entry, workflow, plan, source)
