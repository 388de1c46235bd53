"""The templates of the earlier Paracle, and the ids and outputs they name, in today's words.

They said ``{{ steps.x.output }}``, ``{{ steps.x.name }}``, ``{{ input.x }}``, ``${…}`` or ``{x.output}``, and
an output ``source: steps.x.outputs.name``. This is a translation of texts, so it works on the texts; which
names a template uses is read from its syntax tree as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..domain.errors import TemplateError
from ..domain.workflow_expressions import read
from .yamldoc import Node

# Each stops at the next opening mark, so that a text of nothing but opening marks is read once.
_MARKED = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*\}\}|\{%(?:(?!\{%|%\}).)*%\}", re.DOTALL)
_DOLLAR = re.compile(r"\$\{\{((?:(?!\{\{|\}\}).)*)\}\}|\$\{((?:inputs?|steps)\.[^}$]*)\}", re.DOTALL)
_SINGLE = re.compile(r"(?<![{$])\{([A-Za-z][\w-]*)\.outputs?(\.\w+)?\}(?!\})")
_STEP_USE = re.compile(r"\bsteps\.([A-Za-z][\w-]*)\.(\w+)(?:\.(\w+))?")
_OLD_INPUT = re.compile(r"(?<![\w.])input\.")
_BARE = re.compile(r"\$?(?:steps|inputs?)\.[\w.-]+\Z")
_ANSWERS = frozenset({"output", "result", "response", "answer"})


class OldTexts:
    """Translates the texts of one workflow.

    Args:
        steps: the steps as they were written.
    """

    def __init__(self, steps: Iterable[Node]) -> None:
        self._ids: dict[str, str] = {}
        self._outputs: dict[str, set[str]] = {}
        for step in steps:
            written = written_id(step)
            if written is not None:
                id = identifier(str(written.data))
                self._ids[str(written.data)] = id
                self._outputs[id] = set(output_names(step.get("outputs")))

    def id(self, written: str) -> str:
        """The id of a step today: ``fetch-data`` is ``fetch_data``."""
        return self._ids.get(written, identifier(written))

    def node(self, node: Node) -> Node:
        """A node with all texts in it translated."""
        if isinstance(node.data, str):
            return replace(node, data=self.text(node.data), written=None)
        if isinstance(node.data, list):
            return list_of(node, [self.node(child) for child in node.children.values()])
        if isinstance(node.data, Mapping):
            return mapping_of(node, {key: self.node(child) for key, child in node.children.items()})
        return node

    def source(self, node: Node) -> Node:
        """A node whose text may be the bare name of a value."""
        if isinstance(node.data, str) and _BARE.match(node.data):
            node = replace(node, data="{{ " + node.data.lstrip("$") + " }}")
        return self.node(node)

    def text(self, text: str) -> str:
        """A text with today's templates."""
        text = _DOLLAR.sub(lambda found: "{{ " + (found[1] or found[2]).strip() + " }}", text)
        text = _SINGLE.sub(self._single, text)
        return _MARKED.sub(lambda found: self._expression(found[0]), text)

    def _single(self, found: re.Match[str]) -> str:
        if found[1] not in self._ids:
            return found[0]
        return "{{ steps." + found[1] + (f".outputs{found[2]}" if found[2] else ".output") + " }}"

    def _expression(self, text: str) -> str:
        return _STEP_USE.sub(self._use, _OLD_INPUT.sub("inputs.", text))

    def _use(self, found: re.Match[str]) -> str:
        id, word, name = self.id(found[1]), found[2], found[3]
        tail = f".{name}" if name else ""
        if word == "output" and name:
            return f"steps.{id}.outputs.{name}"
        if word in self._outputs.get(id, ()):
            return f"steps.{id}.outputs.{word}{tail}"
        if word in _ANSWERS and not name:
            return f"steps.{id}.outputs.answer"
        return f"steps.{id}.{word}{tail}"


def used_steps(node: Node) -> dict[str, None]:
    """The ids of the steps that the templates in a node name, in order."""
    if isinstance(node.data, str):
        try:
            found = read(node.data).references
        except TemplateError:
            return {}  # told later, at its place
        return {one.path[1]: None for one in found if one.path[0] == "steps" and len(one.path) > 1}
    return {name: None for child in node.children.values() for name in used_steps(child)}


def written_id(step: Node) -> Node | None:
    """Where a step says what it is called."""
    return step.get("id") or step.get("name")


def output_names(node: Node | None) -> list[str]:
    """The names of a step's outputs, written as a list or as a mapping."""
    if node is None:
        return []
    if isinstance(node.data, list):
        return [str(item.get("name", "") if isinstance(item, Mapping) else item) for item in node.data]
    return [str(key) for key in node.data] if isinstance(node.data, Mapping) else []


def identifier(written: str) -> str:
    """A text as the id of a step."""
    return re.sub(r"[^a-z0-9]+", "_", written.lower()).strip("_")


def mapping_of(node: Node, children: Mapping[str | int, Node]) -> Node:
    """A mapping of these children at the place of a node."""
    return replace(
        node, data={key: child.data for key, child in children.items()}, children=dict(children), written=None
    )


def list_of(node: Node, items: list[Node]) -> Node:
    """A list of these items at the place of a node."""
    children: dict[str | int, Node] = dict(enumerate(items))
    return replace(node, data=[item.data for item in items], children=children, written=None)
