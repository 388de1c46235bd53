"""Workflows as every face shows them: the list, one in full, and what is wrong.

Nothing here runs anything of a project: files are read, templates that name inputs alone are filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..domain.problems import Problem
from ..domain.workflow_types import Signature, Type
from ..domain.workflows import ResolvedWorkflow, WorkflowEntry
from ..project.project import Project
from ..tools.registry import builtin_tools, tool_names
from .workspace import Workspace

if TYPE_CHECKING:
    from ..project.workflow_catalogue import WorkflowCatalogue


def listing(workspace: Workspace) -> tuple[WorkflowEntry, ...]:
    """Every workflow by name, those with errors too.

    Raises:
        ProjectError: the folder of the agents cannot be listed.
    """
    found = catalogue(workspace.project)
    return tuple(found.entry(name) for name in found.workflow_names)


def names(workspace: Workspace) -> tuple[str, ...]:
    """The names of all workflows."""
    return catalogue(workspace.project).workflow_names


def show(workspace: Workspace, name: str) -> ResolvedWorkflow:
    """One workflow that can run.

    Raises:
        NotFound: there is none of that name.
        ProjectError: it has errors.
    """
    return catalogue(workspace.project).workflow(name)


def validate(workspace: Workspace, name: str | None = None) -> tuple[Problem, ...]:
    """What is wrong with one workflow, or with any; errors first for one, by place for all.

    Raises:
        NotFound: there is none of that name.
        ProjectError: the folder of the agents cannot be listed.
    """
    found = catalogue(workspace.project)
    return found.problems_of(name) if name is not None else tuple(sorted(set(found.problems())))


def problems(project: Project) -> tuple[Problem, ...]:
    """What is wrong with any workflow of a project.

    Raises:
        ProjectError: the folder of the agents cannot be listed.
    """
    return catalogue(project).problems()


def catalogue(project: Project) -> WorkflowCatalogue:
    """A fresh reading of a project's workflows, with the built-in tools known.

    Raises:
        ProjectError: the folder of the agents cannot be listed.
    """
    from ..project.workflow_catalogue import WorkflowCatalogue

    return WorkflowCatalogue(project, tool_names(), tool_signature)


@cache
def tool_signature(name: str) -> Signature | None:
    """What a built-in tool takes and gives; None where there is none of that name."""
    if name not in tool_names():
        return None
    tool = builtin_tools((name,))[name]
    takes = tool.params_type.model_json_schema()
    gives = tool.result_type.model_json_schema()
    return Signature(
        _types(takes),
        frozenset(takes.get("required", ())),
        _types(gives),
    )


def _types(schema: Mapping[str, Any]) -> dict[str, Type]:
    return {name: _type(field) for name, field in schema.get("properties", {}).items()}


def _type(field: Mapping[str, Any]) -> Type:
    """The type that a JSON Schema says, as far as it is one of an input's."""
    from ..domain.inputs import InputType

    kinds = {"string": "text", "integer": "int", "number": "number", "boolean": "bool"}
    options: Iterable[Mapping[str, Any]] = field.get("anyOf", (field,))
    said = [option for option in options if option.get("type") != "null"]
    if len(said) != 1:
        return None
    if said[0].get("type") == "array":
        item = said[0].get("items", {}).get("type")
        return InputType(kinds.get(item, "any"), is_list=True)
    kind = kinds.get(said[0].get("type", ""))
    return InputType(kind) if kind is not None else None
