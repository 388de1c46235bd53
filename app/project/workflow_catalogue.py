"""The workflows of one project as they are on the disk now: found, read once, and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from ..domain.agents import ResolvedAgent
from ..domain.errors import NotFound, ProjectError, UsageError
from ..domain.problems import Problem, Severity
from ..domain.workflow_graph import circles, levels
from ..domain.workflow_types import TEXT, Signature, Type, output_type
from ..domain.workflows import ResolvedWorkflow, WorkflowEntry
from .names import modern_name
from .project import Project
from .source import finding
from .validate import MAX_PROBLEMS
from .workflow_checks import Checked, check
from .workflow_file import WorkflowSource, load_workflow
from .workflow_values import output_types

_SUFFIXES = (".yaml", ".yml")
OLD_FOLDER = "definitions"
"""Where, below ``workflows``, the earlier Paracle kept them."""

_CATALOG = "catalog"
MAX_DEPTH = 10
"""The most workflows that call one another in a row."""

ToolSignatures = Callable[[str], Signature | None]


@dataclass(frozen=True, slots=True)
class _Files:
    paths: dict[str, Path]
    hidden: tuple[Problem, ...]


class WorkflowCatalogue:
    """A reading of the workflows' files. Each file is read at most once in the life of the object.

    Args:
        project: the project.
        tools: the names of all tools; None leaves the names unchecked.
        tool_signature: tells what a tool takes and gives, None where that is not known.

    Raises:
        ProjectError: the folder of the agents cannot be listed.
    """

    def __init__(
        self, project: Project, tools: frozenset[str] | None, tool_signature: ToolSignatures
    ) -> None:
        self._project = project
        self._tools = tools
        self._tool_signature = tool_signature
        self._files = _find(project.workflows_folder)
        self._sources: dict[str, WorkflowSource] = {}
        self._checked: dict[str, tuple[Checked | None, tuple[Problem, ...]]] = {}
        self._checking: set[str] = set()
        self._agents = project.agent_resolver()
        self._agent_names = project.agent_names()

    @property
    def workflow_names(self) -> tuple[str, ...]:
        """Every workflow's name, in order."""
        return tuple(sorted(self._files.paths))

    def entry(self, name: str) -> WorkflowEntry:
        """One line of the list of workflows. Nothing is raised for a file that is not in order."""
        source = self._source(name)
        spec = source.spec
        return WorkflowEntry(
            name,
            source.path,
            spec.description if spec else "",
            len(spec.steps) + len(source.unread) if spec else 0,
            self.problems_of(name),
            source.is_legacy,
        )

    def workflow(self, name: str) -> ResolvedWorkflow:
        """A workflow that can run; its warnings are in its ``problems``.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
            ProjectError: it has errors; ``problems`` holds all findings.
        """
        self._require(name)
        source, problems = self._source(name), self.problems_of(name)
        errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
        if errors or source.spec is None:
            mend = f"mend them all; 'paracle workflow validate {name}' looks again"
            hint = errors[0].hint if len(problems) == 1 else mend
            raise ProjectError(f"Workflow '{name}' cannot run", hint=hint, problems=problems)
        return ResolvedWorkflow(source.spec, source.path, problems, source.is_legacy)

    def agent(self, name: str) -> ResolvedAgent | None:
        """An agent as steps see it; None where it is not there or its files have errors."""
        return self._agents(name)

    def problems_of(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with a workflow, errors first.

        Raises:
            NotFound: there is none of that name.
        """
        self._require(name)
        found = {*self._check(name)[1], *self._circle(name)}
        return tuple(sorted(found, key=lambda one: (one.severity is Severity.WARNING, one)))

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with any workflow, and with files that are none."""
        found = [problem for name in self.workflow_names for problem in self.problems_of(name)]
        return (*found, *self._files.hidden)

    # What the checks ask of the surroundings.

    def names(self, kind: str) -> Sequence[str] | None:
        """See :class:`workflow_checks.Callees`."""
        match kind:
            case "agent":
                return self._agent_names
            case "workflow":
                return self.workflow_names
        return None if self._tools is None else sorted(self._tools)

    def signature(self, kind: str, name: str) -> Signature | None:
        """See :class:`workflow_checks.Callees`."""
        match kind:
            case "agent":
                agent = self.agent(name)
                return _agent_signature(agent) if agent is not None else None
            case "workflow":
                return self._workflow_signature(name)
        return self._tool_signature(name)

    def is_broken(self, kind: str, name: str) -> bool:
        """See :class:`workflow_checks.Callees`."""
        match kind:
            case "agent":
                return self._agents(name) is None
            case "workflow" if self._may_check(name):
                return any(problem.severity is Severity.ERROR for problem in self._check(name)[1])
        return False

    def _source(self, name: str) -> WorkflowSource:
        if name not in self._sources:
            self._sources[name] = load_workflow(self._files.paths[name], self._project.inside)
        return self._sources[name]

    def _check(self, name: str) -> tuple[Checked | None, tuple[Problem, ...]]:
        if name not in self._checked:
            source = self._source(name)
            self._checking.add(name)
            checked = check(source, source.spec, self) if source.spec is not None else None
            self._checking.discard(name)
            more = islice(checked.problems, MAX_PROBLEMS) if checked else ()
            self._checked[name] = checked, (*source.problems, *more)
        return self._checked[name]

    def _may_check(self, name: str) -> bool:
        # In a circle, or deeper than is allowed, the circle or the depth is the problem.
        return name in self._checked or (name not in self._checking and len(self._checking) <= MAX_DEPTH)

    def _workflow_signature(self, name: str) -> Signature | None:
        if name not in self._files.paths or not self._may_check(name):
            return None
        checked, _ = self._check(name)
        if checked is None:
            return None
        declared = checked.known.spec.inputs
        return Signature(
            {"task": TEXT, **{key: one.parsed for key, one in declared.items()}},
            frozenset(key for key, one in declared.items() if one.required),
            output_types(checked.known),
        )

    def _circle(self, name: str) -> tuple[Problem, ...]:
        """The problem of a workflow that, through others, calls itself or goes too deep."""
        calls = self._calls(name)
        called = calls[name]
        if not called:
            return ()
        circle = next((one for one in circles(calls) if one[0] == name), None)
        if circle is not None:
            message = f"workflows call each other in a circle: {' → '.join(circle)}"
            return (self._at_call(name, circle[1], message, "let one of them end without calling the next"),)
        depth = len(levels(calls))
        if depth > MAX_DEPTH:
            message = f"workflows call each other {depth} deep; the most is {MAX_DEPTH}"
            return (self._at_call(name, called[0], message, "call the inner ones from an outer one"),)
        return ()

    def _at_call(self, name: str, called: str, message: str, hint: str) -> Problem:
        source = self._source(name)
        steps = source.spec.steps if source.spec else ()
        number = next(at for at, step in enumerate(steps) if step.workflow == called)
        return source.problem(source.step_node(number, "workflow"), message, hint)

    def _calls(self, start: str) -> dict[str, tuple[str, ...]]:
        """Which workflows each one calls, for those that can be reached from ``start``."""
        found: dict[str, tuple[str, ...]] = {}
        left = [start]
        while left:
            name = left.pop()
            if name in found:
                continue
            spec = self._source(name).spec
            called = [step.workflow for step in spec.steps if step.workflow is not None] if spec else []
            found[name] = tuple(one for one in dict.fromkeys(called) if one in self._files.paths)
            left.extend(found[name])
        return found

    def _require(self, name: str) -> None:
        names = self.workflow_names
        if name in names:
            return
        close = get_close_matches(name.lower(), names, 1)
        none = "write one: .parac/workflows/NAME.yaml"
        hint = (
            f"did you mean '{close[0]}'?"
            if close
            else f"workflows here: {', '.join(names)}"
            if names
            else none
        )
        raise NotFound(f"There is no workflow '{name}'", hint=hint)


def workflow_sources(project: Project) -> tuple[WorkflowSource, ...]:
    """What the file of each workflow says, by name, checked on its own alone."""
    paths = _find(project.workflows_folder).paths
    return tuple(load_workflow(paths[name], project.inside) for name in sorted(paths))


def _agent_signature(agent: ResolvedAgent) -> Signature:
    gives: dict[str, Type] = {"answer": TEXT}
    for name, written in agent.spec.output.items():
        try:
            gives[name] = output_type(written)
        except UsageError:
            gives[name] = None  # an agent's own words for a shape
    declared = agent.spec.inputs
    return Signature(
        {"task": TEXT, **{name: one.parsed for name, one in declared.items()}},
        frozenset(name for name, one in declared.items() if one.required),
        gives,
    )


def _find(folder: Path | None) -> _Files:
    """The workflows' files by name. One in today's place hides one in the older place."""
    if folder is None:
        return _Files({}, ())
    paths: dict[str, Path] = {}
    hidden: list[Problem] = []
    for place in (folder, folder / OLD_FOLDER):
        try:
            entries = sorted(entry for entry in place.iterdir() if entry.suffix in _SUFFIXES)
        except FileNotFoundError:
            continue
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            hidden.append(finding(place, f"the folder cannot be listed: {words}"))
            continue
        for path in sorted(entries, key=lambda path: path.name != f"{modern_name(path.stem)}.yaml"):
            name = modern_name(path.stem)
            if path.name.startswith("."):
                continue
            if path.stem == _CATALOG:
                message = "a catalog is not used: the workflows are the files beside it"
                hint = "remove it; rename it if it is a workflow"
                hidden.append(finding(path, message, hint, warning=True))
            elif name in paths:
                message = f"it is not used: {paths[name].name} is the same workflow"
                hidden.append(finding(path, message, "remove or rename one", warning=True))
            else:
                paths[name] = path
    return _Files(paths, tuple(hidden))
