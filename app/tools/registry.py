"""The built-in tools by name, and the one way to call a tool.

Importing this module loads neither pydantic nor any tool: ``paracle --help`` and the check of an
agent's ``tools`` list need only the names.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..domain.errors import NotFound, ToolError
from ..domain.words import size

if TYPE_CHECKING:
    from ..domain.conversation import ToolSchema
    from .base import AnyTool, Outcome, ToolContext, ToolValue

MAX_RESULT_BYTES = 4 * 1024 * 1024
"""The most a result may take as JSON. Tools stay below it by themselves and say so in ``truncated``."""

_CLASSES = {
    "edit_file": ("edit_file", "EditFile"),
    "list_files": ("list_files", "ListFiles"),
    "python_outline": ("python_outline", "PythonOutline"),
    "read_file": ("read_file", "ReadFile"),
    "run_command": ("run_command", "RunCommand"),
    "search": ("search", "Search"),
    "todo_scan": ("todo_scan", "TodoScan"),
    "write_file": ("write_file", "WriteFile"),
}


def tool_names() -> frozenset[str]:
    """The names of all built-in tools."""
    return frozenset(_CLASSES)


def builtin_tools(names: Iterable[str]) -> dict[str, AnyTool]:
    """The named tools, in the order given; only their modules are imported.

    Raises:
        NotFound: there is no built-in tool of a name.
    """
    return {name: _load(name) for name in names}


def _load(name: str) -> AnyTool:
    if name not in _CLASSES:
        close = get_close_matches(name, _CLASSES, 1)
        raise NotFound(
            f"There is no tool '{name}'",
            hint=f"did you mean '{close[0]}'?" if close else f"the tools are {', '.join(sorted(_CLASSES))}",
        )
    module, class_name = _CLASSES[name]
    tool: AnyTool = getattr(import_module(f".{module}", __package__), class_name)()
    return tool


def schema_of(tool: AnyTool) -> ToolSchema:
    """The tool as a model is told of it."""
    from ..domain.conversation import ToolSchema

    return ToolSchema(tool.name, tool.description, deepcopy(_parameters(tool.params_type)))


@cache
def _parameters(params_type: type[ToolValue]) -> dict[str, Any]:
    # Some milliseconds for the tools of one agent, each time one starts.
    parameters = params_type.model_json_schema()
    parameters.pop("title", None)
    parameters.pop("description", None)
    for field in parameters.get("properties", {}).values():
        field.pop("title", None)
    return parameters


async def call(tool: AnyTool, arguments: Mapping[str, Any], context: ToolContext) -> Outcome:
    """Check the arguments, run the tool, and return its result as plain JSON data.

    Cancelling the call stops the work, commands and their children included.

    Raises:
        ToolError: the arguments do not fit, the work failed, or the result is too large.
        OutsideRoot: a path leads out of ``context.root``.
        ToolRefused: ``context.permissions`` do not allow it.
    """
    from .base import Outcome
    from .reasons import os_reason

    params = _params(tool, arguments)
    try:
        result = await tool.run(params, context)
    except OSError as error:
        raise os_reason(error) from error
    # A large result takes a while: not in the event loop's thread.
    value = await asyncio.to_thread(_plain, tool, result)
    return Outcome(value, tool.summary(params, result))


def _plain(tool: AnyTool, result: ToolValue) -> Any:
    text = result.model_dump_json()
    taken = len(text.encode())
    if taken > MAX_RESULT_BYTES:
        raise ToolError(
            f"The result of {tool.name} is too large",
            detail=f"it takes {size(taken)}, the most is {size(MAX_RESULT_BYTES)}",
            hint="ask for less: fewer paths, a narrower pattern or a smaller limit",
        )
    return json.loads(text)


def _params(tool: AnyTool, arguments: Mapping[str, Any]) -> ToolValue:
    from pydantic import ValidationError

    try:
        return tool.params_type.model_validate(dict(arguments))
    except ValidationError as error:
        found = [_plain_words(tool, dict(one)) for one in error.errors(include_url=False)]
    fields = ", ".join(
        name if field.is_required() else f"{name} (optional)"
        for name, field in tool.params_type.model_fields.items()
    )
    raise ToolError(
        f"The arguments of {tool.name} do not fit",
        detail="; ".join(found),
        hint=f"{tool.name} takes: {fields or 'no arguments'}",
    )


def _plain_words(tool: AnyTool, found: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in found["loc"]) or "arguments"
    match found["type"]:
        case "missing":
            return f"'{place}' is missing"
        case "extra_forbidden":
            close = get_close_matches(place, tool.params_type.model_fields, 1)
            return f"'{place}' is unknown" + (f", did you mean '{close[0]}'?" if close else "")
        case "value_error":
            return f"'{place}' {found['ctx']['error']}"
        case _:
            message = str(found["msg"]).replace("Input should", "should", 1)
            return f"'{place}' {message[:1].lower()}{message[1:]}, got {_shown(found.get('input'))}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
