"""What ``python_outline`` returns."""

from __future__ import annotations

from .base import ToolValue


class ParameterOutline(ToolValue):
    """A parameter, ``*`` or ``**`` before the name where it takes the rest; expressions as source."""

    name: str
    annotation: str | None
    default: str | None


class FunctionOutline(ToolValue):
    """A function or method. ``summary`` is the first line of ``docstring``."""

    name: str
    signature: str
    parameters: tuple[ParameterOutline, ...]
    returns: str | None
    is_async: bool
    is_public: bool
    complexity: int
    summary: str
    docstring: str
    line: int
    end_line: int
    decorators: tuple[str, ...]


class AttributeOutline(ToolValue):
    """An annotated name in a class body."""

    name: str
    annotation: str
    default: str | None
    line: int


class ClassOutline(ToolValue):
    """A class; one inside another is named ``Outer.Inner``."""

    name: str
    bases: tuple[str, ...]
    is_public: bool
    summary: str
    docstring: str
    line: int
    end_line: int
    decorators: tuple[str, ...]
    attributes: tuple[AttributeOutline, ...]
    methods: tuple[FunctionOutline, ...]


class OutlineError(ToolValue):
    """Why a file has no outline. ``line`` is 0 where it is about the whole file."""

    line: int
    message: str


class ModuleOutline(ToolValue):
    """A file of Python; ``error`` where it could not be parsed, and nothing else is known then."""

    path: str
    module: str
    is_public: bool
    lines: int
    summary: str = ""
    docstring: str = ""
    functions: tuple[FunctionOutline, ...] = ()
    classes: tuple[ClassOutline, ...] = ()
    error: OutlineError | None = None


class PythonOutlineResult(ToolValue):
    """The modules in the order of their paths.

    ``truncated``: ``left_out`` more files would have made the result too large, or there were more
    files than one call looks at.
    """

    modules: tuple[ModuleOutline, ...]
    truncated: bool
    left_out: int
