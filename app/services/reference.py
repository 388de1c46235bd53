"""The page that describes the fields of an agent's file, made from its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import projects

HEAD = """\
# The fields of an agent's file

Made from the code by `make docs`; a test fails when it is stale. The file is `.parac/agents/specs/<name>.md`:
front matter between two lines of `---`, then the instructions. `paracle schema agent` prints the JSON Schema
for editors.
"""


PIPE = ("|", "\\|")
"""A bar in a cell would end it."""


def fields_page() -> str:
    """Markdown with each field of the front matter, nested ones with a dot."""
    schema = projects.schema_of("agent")
    rows = ["| field | type | what it says |", "| --- | --- | --- |"]
    rows += [
        f"| `{name}` | {kind} | {words.replace(*PIPE)} |" for name, kind, words in _fields(schema, schema, "")
    ]
    return "\n".join([HEAD, *rows]) + "\n"


def _fields(
    schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str, str]]:
    for name, field in schema.get("properties", {}).items():
        shown = _deref(field, root)
        yield (
            f"{prefix}{name}",
            _type(shown, root),
            str(field.get("description") or shown.get("description") or ""),
        )
        for inner, path in _inner(shown, root, f"{prefix}{name}"):
            yield from _fields(inner, root, path)


def _inner(
    field: Mapping[str, Any], root: Mapping[str, Any], path: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    for option in (field, *field.get("anyOf", ())):
        shown = _deref(option, root)
        if "properties" in shown:
            yield shown, f"{path}."
        if "items" in shown and "properties" in (item := _deref(shown["items"], root)):
            yield item, f"{path}[]."
        if isinstance(of := shown.get("additionalProperties"), Mapping) and "properties" in (
            value := _deref(of, root)
        ):
            yield value, f"{path}.*."


def _deref(field: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = field.get("$ref")
    if reference is None:
        return field
    found: Mapping[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return found


def _type(field: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        kinds = [_type(_deref(option, root), root) for option in field["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if field.get("type") == "array":
        return f"list of {_type(_deref(field.get('items', {}), root), root)}"
    written = str(field.get("type", "any value"))
    return {"object": "mapping", "string": "text"}.get(written, written)
