"""One workflow's YAML file, read and validated on its own: what this file says, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..domain.errors import ProjectError
from ..domain.problems import Problem
from ..domain.specs import NAME
from ..domain.workflows import Step, WorkflowSpec
from .frontmatter import MAX_VALUES
from .names import modern_name
from .source import finding, read_text
from .validate import MAX_PROBLEMS, validate
from .yamldoc import Node, parse_mapping

MAX_BYTES = 256 * 1024
"""The most a workflow's file may hold; a thousand steps have about half of it."""

_GUESSES = {
    "needs": "depends_on", "depends": "depends_on", "after": "depends_on", "name": "description",
    "if": "when", "condition": "when", "script": "run", "command": "run", "shell": "run", "uses": "agent",
    "args": "with", "arguments": "with", "params": "with", "parameters": "with",
    "output": "outputs", "with_items": "for_each", "foreach": "for_each",
    "matrix": "for_each", "parallelism": "concurrency", "max-parallel": "max_parallel",
    "retries": "retry", "retry_policy": "retry", "retryStrategy": "retry", "on_failure": "on_error",
    "continue-on-error": "on_error: continue", "timeout-minutes": "timeout: 5m",
    "question": "approval", "jobs": "steps",
}  # fmt: skip
"""What people write who come from elsewhere."""


@dataclass(frozen=True, slots=True)
class WorkflowSource:
    """What one file says, with positions.

    Attributes:
        spec: what can be read of it, None where that is nothing. It can run only where no problem is an
            error: steps with errors are not in it.
        numbers: for each step of ``spec`` its place in the file's list.
        unread: the ids of the steps that are not in ``spec`` because of their errors.
        root: the file as nodes; of one in the older form, as it reads today.
    """

    name: str
    path: Path
    spec: WorkflowSpec | None
    root: Node
    problems: tuple[Problem, ...] = ()
    numbers: tuple[int, ...] = ()
    unread: frozenset[str] = frozenset()
    is_legacy: bool = False

    def node(self, *keys: str | int) -> Node:
        """The node at these keys, or the nearest thing around it."""
        return self.root.at(keys)

    def step_node(self, number: int, *keys: str | int) -> Node:
        """The same within the step that is ``spec.steps[number]``."""
        return self.root.at(("steps", self.numbers[number], *keys))

    def problem(self, node: Node, message: str, hint: str = "") -> Problem:
        """An error at a node."""
        return finding(self.path, message, hint, line=node.line, column=node.column)

    def with_problems(self, more: Iterable[Problem]) -> WorkflowSource:
        """The same with more problems."""
        return replace(self, problems=(*self.problems, *more))


def load_workflow(path: Path, inside: Iterable[Path]) -> WorkflowSource:
    """Read a workflow's file. Nothing is raised: what is wrong with it is in ``problems``.

    Args:
        path: the YAML file.
        inside: the folders a symbolic link may lead to.
    """
    name = modern_name(path.stem)
    try:
        text = read_text(path, inside=inside, limit=MAX_BYTES)
        root = parse_mapping(text, path, most=MAX_VALUES)
    except ProjectError as error:
        return WorkflowSource(name, path, None, Node({}, 1, 1), error.problems)
    if not root.data:
        hint = "write 'steps:' and below it '- {id: first, agent: NAME}'"
        return WorkflowSource(name, path, None, root, (finding(path, "the file says nothing", hint),))
    from .workflow_legacy import modernised

    old = modernised(root, path)
    if old is not None:
        read = _read(name, path, old.root)
        read = replace(read, is_legacy=True).with_problems(old.problems)
    else:
        read = _read(name, path, root)
    return read.with_problems(_name_problems(name, path, read.root))


def _name_problems(name: str, path: Path, root: Node) -> Iterable[Problem]:
    written = root.get("name")
    said = str(written.data) if written is not None else name
    if not NAME.match(name):
        message = f"'{name}' cannot be the name of a workflow"
        yield finding(path, message, "rename the file: lower-case letters, digits and dashes, a letter first")
    elif written is not None and said != name:
        message = f"the name '{said}' is not that of the file, '{path.stem}'"
        hint = f"write 'name: {name}', or rename the file to {modern_name(said)}{path.suffix}"
        yield finding(path, message, hint, line=written.line, column=written.column)
    elif path.stem != name:
        message = f"the file is named in an older way; its workflow is '{name}'"
        yield finding(path, message, f"rename it to {name}.yaml", warning=True)


def _read(name: str, path: Path, root: Node) -> WorkflowSource:
    spec, problems = validate(WorkflowSpec, root, path)
    if spec is not None:
        spec = spec.model_copy(update={"name": name})
        return WorkflowSource(name, path, spec, root, numbers=tuple(range(len(spec.steps))))
    partial = _partial(root, path)
    return WorkflowSource(
        name,
        path,
        partial.spec.model_copy(update={"name": name}) if partial.spec else None,
        root,
        tuple(_guessed(problem) for problem in problems),
        partial.numbers,
        partial.unread,
    )


def _guessed(problem: Problem) -> Problem:
    """The problem with a better hint where an unknown key has a well-known meaning."""
    for key, ours in _GUESSES.items():
        if problem.message == f"'{key}' is not a known key":
            return replace(problem, hint=f"write '{ours}'" if ":" in ours else f"it is called '{ours}' here")
    return problem


@dataclass(frozen=True, slots=True)
class _Partial:
    spec: WorkflowSpec | None = None
    numbers: tuple[int, ...] = ()
    unread: frozenset[str] = field(default_factory=frozenset)


def _partial(root: Node, path: Path) -> _Partial:
    """The steps and keys that are in order, so that the rest can be checked in the same go."""
    steps = root.get("steps")
    if steps is None or not isinstance(steps.data, list) or len(steps.data) > MAX_PROBLEMS:
        return _Partial()
    numbers, unread = [], set()
    for number, node in steps.children.items():
        step, _ = validate(Step, node, path) if isinstance(node.data, Mapping) else (None, ())
        if step is not None:
            numbers.append(int(number))
        elif isinstance(node.data, Mapping):
            unread.add(str(node.data.get("id")))
    if not numbers:
        return _Partial()
    kept: dict[str | int, Node] = {"steps": _items(steps, numbers)}
    for key, node in root.children.items():
        if key in WorkflowSpec.model_fields and key != "steps":
            alone = {**kept, key: node}
            if validate(WorkflowSpec, _mapping(root, alone), path)[0] is not None:
                kept[key] = node
    spec, _ = validate(WorkflowSpec, _mapping(root, kept), path)
    # An input that cannot be read is still there: nothing that uses it is told to be wrong.
    lost = "inputs" in root.data and "inputs" not in kept
    return _Partial() if lost else _Partial(spec, tuple(numbers), frozenset(unread))


def _items(steps: Node, numbers: list[int]) -> Node:
    children: dict[str | int, Node] = {at: steps.children[number] for at, number in enumerate(numbers)}
    data: Any = [child.data for child in children.values()]
    return replace(steps, data=data, children=children)


def _mapping(root: Node, children: dict[str | int, Node]) -> Node:
    return replace(root, data={key: child.data for key, child in children.items()}, children=children)
