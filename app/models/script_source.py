"""Reading a script's file: YAML as plain data, with the line of everything that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from ..domain.errors import NotFound, ProjectError
from ..domain.problems import Problem, Severity

MAX_BYTES: Final = 256 * 1024 * 1024
MAX_DEPTH: Final = 100

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _ScriptLoader(_Loader):  # type: ignore[misc, valid-type]
    """Knows the types of JSON only: what looks like a date stays text."""


_ScriptLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def read_source(path: Path) -> tuple[yaml.Node, dict[str, Any]]:
    """The file's root node and its content.

    Raises:
        NotFound: there is no such file.
        ProjectError: it cannot be read, or is no YAML mapping.
    """
    text = _read(path)
    try:
        _check_structure(path, text)
        loader = _ScriptLoader(text)
        try:
            node = loader.get_single_node()
            data = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise _refusal(path, line, column, error.problem or "this is no YAML") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refusal(path, 0, 0, f"this is no YAML: {error}") from None
    if not isinstance(data, dict):
        raise _refusal(path, 1, 1, "a script is a mapping that begins with 'format: paracle-script/1'")
    return node, data


def problems_of(path: Path, node: yaml.Node, error: ValidationError, known: Sequence[str]) -> ProjectError:
    """What pydantic found, each at its place in the file; ``known`` are the keys an unknown one may mean."""
    found = []
    for entry in error.errors(include_url=False):
        place = at(node, entry["loc"])
        where = ".".join(str(part) for part in entry["loc"]) or "the script"
        message, hint = f"{where}: {_plain_words(entry)}", ""
        if entry["type"] == "extra_forbidden":
            message = f"there is no '{entry['loc'][-1]}' here"
            hint = _nearest(str(entry["loc"][-1]), known)
        found.append(Problem(path, place[0], place[1], Severity.ERROR, message, hint))
    return ProjectError(f"The script '{path.name}' cannot be used", problems=sorted(found))


def at(node: yaml.Node, location: tuple[int | str, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the deepest node that ``location`` leads to."""
    mark = node.start_mark
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        key, node = child
        mark = key.start_mark
    return mark.line + 1, mark.column + 1


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise _refusal(path, 0, 0, "this is a folder, not a script")
        if path.exists() and not path.is_file():
            raise _refusal(path, 0, 0, "this is no regular file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no script '{path}'", hint="check the path after 'script:'") from None
    except (OSError, ValueError) as error:
        raise _refusal(
            path, 0, 0, f"it cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    if len(raw) > MAX_BYTES:
        raise _refusal(path, 0, 0, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(path, line, 0, "this is no UTF-8 text") from None


def _check_structure(path: Path, text: str) -> None:
    """Refuse, before anything is built, what costs more than its length.

    The C composer recurses in C: only a count of the events keeps deep nesting from ending the process.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_ScriptLoader):
        fault = ""
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            fault = f"nested more than {MAX_DEPTH} levels deep" if depth > MAX_DEPTH else ""
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            fault = "a script has no aliases; write the value out"
        if getattr(event, "tag", None) is not None:
            fault = "a script has no tags; its values are those of JSON"
        if fault:
            mark = event.start_mark
            raise _refusal(path, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, fault)


def _refusal(path: Path, line: int, column: int, message: str) -> ProjectError:
    problem = Problem(path, line, column, Severity.ERROR, message)
    return ProjectError(f"The script '{path.name}' cannot be used", problems=[problem])


def _plain_words(entry: Any) -> str:
    match entry["type"]:
        case "missing":
            return "this is missing"
        case "literal_error":
            return f"must be {entry['ctx']['expected']}, not {entry['input']!r}"
        case "value_error":
            return str(entry["ctx"]["error"])
    message = str(entry["msg"])
    return message[0].lower() + message[1:]


def _nearest(key: str, known: Sequence[str]) -> str:
    close = get_close_matches(key, known, 1)
    return f"did you mean '{close[0]}'?" if close else ""
