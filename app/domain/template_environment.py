"""The Jinja2 sandbox that :mod:`.templates` renders in. Import it lazily: it imports Jinja2.

Jinja2's own sandbox keeps a template from reaching Python's internals. This one also keeps it from
taking the machine down: loops and calls are counted, texts and lists have a largest size, and only
filters whose cost is bounded by their input are there. Nothing random or dependent on the clock is
reachable, so the same values always give the same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from .project_filters import PROJECT_FILTERS, is_test_file
from .template_filters import FILTERS, printf
from .template_limits import CALL_STEPS, METER, LimitReached, build, concat

_MAX_POWER_BITS: Final = 4096


class _Bounding(NodeTransformer):
    """Routes what Jinja2 compiles to bare Python through the bounded versions."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered("_metered", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered("_concat", nodes.List(node.nodes, lineno=node.lineno))

    def _refuse(self, node: nodes.Node) -> nodes.Node:
        raise jinja2.TemplateSyntaxError(
            "a template stands alone: include, import and extends are not available", node.lineno
        )

    visit_Include = visit_Import = visit_FromImport = visit_Extends = _refuse


def _filtered(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, lineno=node.lineno)


class Environment(ImmutableSandboxedEnvironment):
    """See the module."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    concat = staticmethod(concat)

    def __init__(self) -> None:
        # Without the optimiser a template that is only checked evaluates none of its constants.
        super().__init__(
            undefined=jinja2.StrictUndefined,
            optimized=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=0,
        )
        self.filters = {name: self.filters[name] for name in _KEPT_FILTERS} | FILTERS | PROJECT_FILTERS
        self.tests["test_file"] = is_test_file
        self.globals = {name: self.globals[name] for name in ("range", "dict", "namespace")}

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        bounded = _Bounding().visit(source)
        return super()._generate(bounded, name, filename, defer_init)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute``; a mapping's key wins over a method of that name (``items``, ``count``)."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuses, beyond the sandbox, the text methods whose result can be any size."""
        if isinstance(obj, str | bytes) and attr in _UNBOUNDED_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """No safe ``str.format`` is made: its widths could be any size. The attribute is refused instead."""

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call on behalf of the template, counted."""
        METER.get().tick(CALL_STEPS)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator whose result could be far larger than its operands."""
        match operator:
            case "+":
                build(_size(left) + _size(right))
            case "*":
                _check_product(left, right)
            case "**":
                _check_power(left, right)
            case "%" if isinstance(left, str):
                return printf(left, *(right if isinstance(right, tuple) else (right,)))
        return super().call_binop(context, operator, left, right)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_POWER_BITS:
            raise LimitReached("a number with more than a thousand digits")
        return
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int):
            build(_size(sequence) * max(times, 0))


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > _MAX_POWER_BITS:
        raise LimitReached("a number with more than a thousand digits")


_UNBOUNDED_METHODS = frozenset(
    {
        "center",
        "expandtabs",
        "format",
        "format_map",
        "join",
        "ljust",
        "replace",
        "rjust",
        "translate",
        "zfill",
    }
)

_KEPT_FILTERS = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items"),
    *("last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select"),
    *("selectattr", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper", "wordcount"),
)
