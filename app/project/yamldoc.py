"""YAML as plain data in which every value knows its line and column.

The document is composed from parser events in a loop of our own rather than by the library's
loader: depth and size are counted *before* anything is built, so neither 100,000 brackets (the
library's composer recurses in C) nor a few aliases that stand for a billion values cost anything.
Reading here is stricter than YAML: keys are text and never repeated, there is one document, and no
tag makes an object. In one point it is wider: ``{type: list[path]}`` needs no quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .mending import SYNTAX, SYNTAX_HINT
from .scalars import plain
from .source import fail, finding

MAX_DEPTH = 50
MAX_VALUES = 100_000
"""The most values a document may stand for, each alias counted as all that it repeats."""

Path_ = Sequence[str | int]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BLOCK_STYLES = ("|", ">")
_OPEN, _SHUT = "\uf8f0", "\uf8f1"
_BRACKETS = {ord(_OPEN): "[", ord(_SHUT): "]"}
_LIST_TYPE = re.compile(r"\b(list)\[([A-Za-z]\w*)\]")
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_CORE + name for name in ("null", "bool", "int", "float"))
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True, eq=False)
class Node:
    """A value, where it stands, and the nodes below it. Lines and columns count from 1.

    ``key_line`` and ``key_column`` are those of its key, or of itself where it has none.
    ``written`` is the text of a single value before it was taken for a number or yes or no, and
    ``text_line`` the line on which that text begins (below the ``|`` of a block).
    """

    data: Any
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0
    written: str | None = None
    text_line: int = 0
    children: dict[str | int, Node] = field(default_factory=dict)
    values: int = 1
    height: int = 1
    is_open: bool = False

    def at(self, path: Path_) -> Node:
        """The node at ``path``, or the deepest one on the way to it."""
        node = self
        for step in path:
            below = node.children.get(step)
            if below is None:
                break
            node = below
        return node

    def get(self, *path: str | int) -> Node | None:
        """The node at exactly ``path``."""
        node: Node | None = self
        for step in path:
            node = node.children.get(step) if node else None
        return node

    def with_key(self, line: int, column: int) -> Node:
        """The same value under another key, as an alias or a merge puts it there."""
        return replace(self, key_line=line, key_column=column)


def parse_yaml(text: str, path: Path, *, first_line: int = 1, most: int = MAX_VALUES) -> Node:
    """Read one YAML document.

    Args:
        text: the document.
        path: the file it came from, for problems.
        first_line: the line of that file on which ``text`` begins.
        most: the most values it may stand for.

    Raises:
        ProjectError: with one problem that names the place.
    """
    _refuse_control_characters(text, path, first_line)
    composer = _Composer(path, first_line, most)
    try:
        for event in yaml.parse(_shield_types(text), Loader=_Loader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, path, first_line)
    except yaml.YAMLError as error:
        fail(finding(path, f"it is not YAML: {error}", SYNTAX_HINT))
    return composer.root or Node(None, first_line, 1)


def parse_mapping(text: str, path: Path, *, first_line: int = 1, most: int = MAX_VALUES) -> Node:
    """Read a document that must be a mapping; an empty one counts as a mapping without keys.

    Raises:
        ProjectError: with one problem that names the place.
    """
    node = parse_yaml(text, path, first_line=first_line, most=most)
    if node.data is None:
        return Node({}, node.line, node.column)
    if not isinstance(node.data, Mapping):
        kind = "a list" if isinstance(node.data, list) else "a single value"
        fail(
            finding(
                path,
                f"the file holds {kind} where 'key: value' lines are expected",
                "begin with a line such as 'name: …'",
                line=node.line,
                column=node.column,
            )
        )
    return node


def _shield_types(text: str) -> str:
    # Inside { } YAML takes the brackets of list[path] for a list of its own, where that can only be an
    # error. Stand-ins of the same width keep every column; _Composer puts the brackets back.
    if _OPEN in text or _SHUT in text:
        return text
    return _LIST_TYPE.sub(rf"\1{_OPEN}\2{_SHUT}", text)


def _refuse_control_characters(text: str, path: Path, first_line: int) -> None:
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + first_line
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
        fail(finding(path, message, "remove it", line=line, column=column))


def _refuse_syntax(error: yaml.MarkedYAMLError, path: Path, first_line: int) -> NoReturn:
    problem = error.problem or "it is not YAML"
    message, hint = SYNTAX.get(problem, (problem, SYNTAX_HINT))
    # An unclosed quote or bracket is noticed at the end of the file; the mend is where it opened.
    opened = "end of stream" in problem or "expected ','" in problem
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    line, column = (mark.line + first_line, mark.column + 1) if mark else (0, 0)
    fail(finding(path, message, hint, line=line, column=column))


@dataclass(slots=True)
class _Frame:
    """A list or mapping being composed."""

    node: Node
    is_mapping: bool
    key: str | None = None
    key_line: int = 0
    key_column: int = 0
    merged: Node | None = None


class _Composer:
    def __init__(self, path: Path, first_line: int, most: int) -> None:
        self._most = most
        self._path = path
        self._first_line = first_line
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node] = {}
        self._values = 0
        self.root: Node | None = None

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                if self._is_key_next():
                    self._take_key(event)
                else:
                    self._add(self._scalar(event))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event, isinstance(event, yaml.MappingStartEvent))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._add(self._alias(event))
            case yaml.DocumentStartEvent() if self.root is not None:
                self._refuse(event, "a second document begins here", "keep one document a file")

    def _is_key_next(self) -> bool:
        return bool(self._frames) and self._frames[-1].is_mapping and self._frames[-1].key is None

    def _take_key(self, event: Any) -> None:
        frame = self._frames[-1]
        line, column = self._place(event)
        key = event.value.translate(_BRACKETS)
        is_merge = key == "<<" and event.implicit[0]
        before = frame.node.children.get(key)
        if before is not None or (is_merge and frame.merged is not None):
            where = f" (first on line {before.key_line})" if before else ""
            self._refuse(event, f"the key '{_short(key)}' is there twice{where}", "keep one of the two")
        frame.key, frame.key_line, frame.key_column = key, line, column
        if is_merge:
            frame.merged = _PENDING

    def _scalar(self, event: Any) -> Node:
        line, column = self._place(event)
        text_line = line + 1 if event.style in _BLOCK_STYLES else line
        text = event.value.translate(_BRACKETS)
        node = Node(text, line, column, line, column, text, text_line)
        if (event.tag is None and event.implicit[0]) or event.tag in _SCALAR_TAGS:
            try:
                node.data = plain(text)
            except ValueError as error:
                self._refuse(event, f"it is {error}", "put it in quotes if it is text")
        elif event.tag not in (None, "!", _CORE + "str"):
            self._refuse_tag(event)
        self._count(event, 1, 1)
        return self._anchored(event, node)

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            self._refuse(event, f"there is no anchor '&{event.anchor}' above", "write the value out instead")
        if node.is_open:
            self._refuse(
                event, f"'*{event.anchor}' repeats a value inside itself", "write the value out instead"
            )
        self._count(event, node.values, node.height)
        line, column = self._place(event)
        return node.with_key(line, column)

    def _open(self, event: Any, is_mapping: bool) -> None:
        if event.tag not in (None, "!", _CORE + ("map" if is_mapping else "seq")):
            self._refuse_tag(event)
        if self._is_key_next():
            self._refuse(
                event, "a key is a list or a mapping", "use plain text; quote a text that begins with [ or {"
            )
        self._count(event, 1, 1)
        line, column = self._place(event)
        node = Node({} if is_mapping else [], line, column, line, column, is_open=True)
        self._frames.append(_Frame(self._anchored(event, node), is_mapping))

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.merged is not None:
            self._merge(frame)
        frame.node.is_open = False
        self._add(frame.node)

    def _add(self, node: Node) -> None:
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        parent = frame.node
        parent.values += node.values
        parent.height = max(parent.height, node.height + 1)
        if not frame.is_mapping:
            parent.children[len(parent.data)] = node
            parent.data.append(node.data)
            return
        if frame.key is None:
            fail(
                finding(
                    self._path,
                    "a key is an alias",
                    "write the key out",
                    line=node.key_line,
                    column=node.key_column,
                )
            )
        node.key_line, node.key_column = frame.key_line, frame.key_column
        if frame.merged is _PENDING and frame.key == "<<":
            frame.merged = node
        else:
            parent.children[frame.key] = node
            parent.data[frame.key] = node.data
        frame.key = None

    def _merge(self, frame: _Frame) -> None:
        merged, target = frame.merged, frame.node
        assert merged is not None
        sources = list(merged.children.values()) if isinstance(merged.data, list) else [merged]
        for source in sources:
            if not isinstance(source.data, dict):
                message = "'<<' merges mappings only"
                fail(
                    finding(
                        self._path, message, "give it an alias of one", line=source.line, column=source.column
                    )
                )
            for key, node in source.children.items():
                if key not in target.children:
                    target.children[key] = node
                    target.data[key] = node.data

    def _anchored(self, event: Any, node: Node) -> Node:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _count(self, event: Any, values: int, height: int) -> None:
        self._values += values
        if self._values > self._most:
            self._refuse(event, f"the file stands for more than {self._most:,} values", "make it smaller")
        if len(self._frames) + height > MAX_DEPTH:
            self._refuse(event, f"values are nested more than {MAX_DEPTH} deep", "make it flatter")

    def _place(self, event: Any) -> tuple[int, int]:
        mark = event.start_mark
        return mark.line + self._first_line, mark.column + 1

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace(_CORE, "!!")
        self._refuse(
            event, f"the tag '{_short(tag)}' is not allowed", "write plain text, numbers, lists and mappings"
        )

    def _refuse(self, event: Any, message: str, hint: str) -> NoReturn:
        line, column = self._place(event)
        fail(finding(self._path, message, hint, line=line, column=column))


_PENDING = Node(None, 0, 0)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
