"""Workflow files written in a test's own words, and what is said about them."""

from __future__ import annotations

from pathlib import Path

from paracle.app.domain.workflow_plan import Plan
from paracle.app.domain.workflows import ResolvedWorkflow
from paracle.app.services import workflow_planning, workflows
from paracle.app.services.workspace import Workspace
from tests.support.projects import ProjectFiles, brief


class WorkflowFiles(ProjectFiles):
    """A project with workflows in it."""

    def workflow(self, name: str, content: str) -> Path:
        """Write ``workflows/<name>.yaml``; the first line of ``content`` is line 1."""
        return self.write(f"workflows/{name}.yaml", content.lstrip("\n"))

    def workspace(self) -> Workspace:
        """The project as every face opens it."""
        return Workspace.open(self.root)

    def findings(self, name: str | None = None) -> list[str]:
        """What is wrong with one workflow or with all, shortened by :func:`brief`."""
        return brief(workflows.validate(self.workspace(), name))

    def resolved(self, name: str) -> ResolvedWorkflow:
        """A workflow that can run."""
        return workflows.show(self.workspace(), name)

    def plan(self, name: str, **inputs: object) -> Plan:
        """What a run with these inputs would do."""
        return workflow_planning.plan(self.workspace(), name, inputs)
