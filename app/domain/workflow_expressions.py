"""What the templates of a workflow refer to, read from their syntax trees. Nothing is evaluated.

Jinja2 is imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import TemplateError
from .templates import check, syntax_tree
from .workflow_types import BOOL, INT, LIST, NUMBER, TEXT, Type, list_of

if TYPE_CHECKING:
    from jinja2 import nodes

_MARKS = ("{{", "{%", "{#")
_GIVES: dict[str, Type] = {
    **dict.fromkeys(("length", "count", "int", "wordcount"), INT),
    "float": NUMBER,
    **dict.fromkeys(("join", "string", "lower", "upper", "trim", "title", "capitalize", "truncate"), TEXT),
    **dict.fromkeys(("list", "unique", "sort", "map", "select", "reject", "selectattr", "rejectattr"), LIST),
    **dict.fromkeys(("flatten", "batch"), LIST),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A name and what follows it: ``steps.review.outputs.n`` is ``("steps", "review", "outputs", "n")``.

    ``is_open`` says that a key follows that only rendering knows, as in ``steps[inputs.which]``.
    ``line`` counts from 1 within the text.
    """

    path: tuple[str, ...]
    line: int
    is_open: bool = False

    @property
    def written(self) -> str:
        """As it is written with dots."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a template before anything runs.

    Attributes:
        references: the free names it uses, in order.
        pure: the one reference that it is, if it is nothing but that.
        type: its type where the syntax alone tells it.
        constant: the truth of an expression that is always the same.
        unknown: filters and tests that do not exist: kind, name and line.
    """

    references: tuple[Reference, ...] = ()
    pure: Reference | None = None
    type: Type = None
    constant: bool | None = None
    unknown: tuple[tuple[str, str, int], ...] = ()


def has_marks(text: str) -> bool:
    """Whether a text is a template at all."""
    return any(mark in text for mark in _MARKS)


@lru_cache(maxsize=4096)
def read(text: str, is_expression: bool = False) -> Reading:
    """Take a template apart.

    Args:
        text: the template.
        is_expression: it is one expression, with or without ``{{ }}`` around it.

    Raises:
        TemplateError: a syntax error; ``line`` is that within the text.
    """
    if not is_expression and not has_marks(text):
        return Reading(type=TEXT)
    tree = syntax_tree(text, name="", is_expression=is_expression)
    found = _Walk(tree)
    if found.has_statements:
        # What only the compiler finds, such as an include, stands in statements.
        check(text, name="")
    # White space around an expression is not part of it, but counts lines.
    bare = text.strip()
    sole = _sole(tree if bare == text else syntax_tree(bare, name="", is_expression=is_expression))
    if is_expression and sole is None:
        raise TemplateError("An expression is empty", hint="write a value in {{ … }}", line=1)
    return Reading(
        references=found.references,
        pure=_reference(sole) if sole is not None else None,
        type=_type(sole) if sole is not None else TEXT,
        constant=_truth(sole),
        unknown=found.unknown,
    )


def statuses_read(expression: str) -> frozenset[str]:
    """The steps whose status an expression reads.

    Raises:
        TemplateError: a syntax error.
    """
    found = read(expression, True).references
    return frozenset(one.path[1] for one in found if one.path[0] == "steps" and one.path[2:3] == ("status",))


def names_of(kind: str) -> tuple[str, ...]:
    """The names of the filters or tests that a template may use; ``kind`` is ``filter`` or ``test``."""
    environment: Any = syntax_tree("", name="").environment
    return tuple(sorted(environment.filters if kind == "filter" else environment.tests))


class _Walk:
    """The free names, filters and tests of a tree. It keeps its own stack: trees can be very deep."""

    def __init__(self, tree: nodes.Template) -> None:
        from jinja2 import nodes

        self.has_statements = False
        bound: set[str] = set()
        used: list[Reference] = []
        unknown: list[tuple[str, str, int]] = []
        environment: Any = tree.environment
        left: list[nodes.Node] = list(reversed(list(tree.iter_child_nodes())))
        while left:
            node = left.pop()
            match node:
                case nodes.Name() if node.ctx != "load":
                    bound.add(node.name)
                case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                    reference, left_over = _chain(node)
                    if reference is not None:
                        used.append(reference)
                    left.extend(reversed(left_over))
                    continue
                case nodes.Filter() if node.name not in environment.filters:
                    unknown.append(("filter", node.name, node.lineno))
                case nodes.Test() if node.name not in environment.tests:
                    unknown.append(("test", node.name, node.lineno))
                case nodes.For():
                    bound.add("loop")
                case nodes.Macro():
                    bound |= {node.name, "caller", "varargs", "kwargs"}
            self.has_statements |= isinstance(node, nodes.Stmt) and not isinstance(node, nodes.Output)
            left.extend(reversed(list(node.iter_child_nodes())))
        # A name that is bound anywhere in a text counts as its own everywhere in it: that may miss a
        # mistake, and never makes one up.
        free = bound | set(environment.globals)
        self.references = tuple(dict.fromkeys(one for one in used if one.path[0] not in free))
        self.unknown = tuple(unknown)


def _chain(node: nodes.Node) -> tuple[Reference | None, list[nodes.Node]]:
    """The reference that a node is, and the nodes in it that are still to be looked at."""
    from jinja2 import nodes

    keys: list[str | None] = []
    left_over: list[nodes.Node] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
            node = node.node
        elif isinstance(node, nodes.Getitem):
            key = node.arg.value if isinstance(node.arg, nodes.Const) else None
            keys.append(str(key) if isinstance(key, str | int) else None)
            if keys[-1] is None:
                left_over.append(node.arg)
            node = node.node
        else:
            return None, [node, *left_over]
    keys.reverse()
    closed = keys.index(None) if None in keys else len(keys)
    path = (node.name, *(key for key in keys[:closed] if key is not None))
    return Reference(path, node.lineno, closed < len(keys)), left_over


def _sole(tree: nodes.Template) -> nodes.Expr | None:
    from jinja2 import nodes

    if len(tree.body) == 1 and isinstance(output := tree.body[0], nodes.Output) and len(output.nodes) == 1:
        return None if isinstance(output.nodes[0], nodes.TemplateData) else output.nodes[0]
    return None


def _reference(expression: nodes.Expr) -> Reference | None:
    from jinja2 import nodes

    if not isinstance(expression, nodes.Name | nodes.Getattr | nodes.Getitem):
        return None
    found, left_over = _chain(expression)
    return found if found is not None and not found.is_open and not left_over else None


def _truth(expression: nodes.Expr | None) -> bool | None:
    from jinja2 import nodes

    if isinstance(expression, nodes.Not):
        inner = _truth(expression.node) if not isinstance(expression.node, nodes.Not) else None
        return None if inner is None else not inner
    return bool(expression.value) if isinstance(expression, nodes.Const) else None


def _type(expression: nodes.Expr) -> Type:
    """The type of an expression where its outermost part tells it."""
    from jinja2 import nodes

    match expression:
        case nodes.Const():
            return _constant_type(expression.value)
        case nodes.Filter():
            return _GIVES.get(expression.name)
        case nodes.Compare() | nodes.Not() | nodes.Test():
            return BOOL
        case nodes.Concat():
            return TEXT
        case nodes.List() | nodes.Tuple():
            return _list_type(list(_constants(expression.items)))
    return None


def _constants(items: list[nodes.Expr]) -> Iterator[Type]:
    from jinja2 import nodes

    for item in items:
        yield _constant_type(item.value) if isinstance(item, nodes.Const) else None


def _list_type(items: list[Type]) -> Type:
    return list_of(items[0]) if items and all(item == items[0] for item in items) else LIST


def _constant_type(value: object) -> Type:
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return NUMBER
        case str():
            return TEXT
    return None
