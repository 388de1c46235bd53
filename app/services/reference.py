"""The pages that describe the fields of project files, made from their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import projects

HEAD = """\
# The fields of an agent's file

Made from the code by `make docs`; a test fails when it is stale. The file is `.parac/agents/specs/<name>.md`:
front matter between two lines of `---`, then the instructions. `paracle schema agent` prints the JSON Schema
for editors.

Where the project's files name `script:FILE` as the model or a fallback of an agent with `shell: allow`, the
script belongs to what the project carries: it answers once you trust what it holds (`paracle trust`). The one
that you name with `--model` is your own choice.
"""


WORKFLOW_HEAD = """\
# The fields of a workflow's file

Made from the code by `make docs`; a test fails when it is stale. The file is `.parac/workflows/<name>.yaml`.
`paracle schema workflow` prints the JSON Schema for editors, `paracle workflow validate` says what is wrong
and how to mend it.

Expressions are Jinja2 over `inputs.<name>`, `steps.<id>.outputs.<name>`, `steps.<id>.status`, `item` (in a
step with `for_each`) and `project.name`, `.description`, `.version`. Naming a step does not make one wait for
it: it must be upstream by `depends_on`. Every agent gives `answer` besides what its `output` declares, a
script gives `exit_code`, `stdout` and `stderr`, an approval gives `approved` and `reason`, a tool gives its
result.

A step starts when all that it depends on is done. Behind a step that failed or was skipped it is skipped too,
unless its own `when` reads that step's `status`.

Scripts, and calls of `run_command` with `shell: allow`, run once you trust them (`paracle trust`). A file of
the project that is a word of one (`sh scripts/build.sh`, relative to the project's folder) is trusted with
it, by what it holds in your folder when the run begins, leaves the queue or is resumed. What runs is the file
in the work tree: as it is committed, and as the agents of earlier steps have left it; as with checks, look at
what they may write. Files that such a file names in its turn, and names relative to another folder, are not
seen.
"""


HOOKS_HEAD = """\
# The fields of the hooks' file

Made from the code by `make docs`; a test fails when it is stale. The file is `.parac/hooks.yaml`, a list
under `hooks:`. `paracle schema hooks` prints the JSON Schema for editors, `paracle hooks check` says what
is wrong and how to mend it, `paracle trust` shows the commands and asks: before that none of them runs.

A *before* hook is asked, an *after* hook is told. Each reads one JSON object from its input: `kind`,
`execution`, `agent`, `workflow`, `step`, `key`, `name`, `arguments`; after hooks also `result` with
`success`, `value` (of a large one the beginning, and `is_cut`), `error` and `seconds`. It works in the
project's folder; `PARACLE_WORKTREE` names the execution's.

| what | what a before hook can change | a veto |
| --- | --- | --- |
| `execution` | the inputs, `task` among them | refuses the start |
| `step` | nothing | the workflow's step has failed |
| `model` | `said`: what a person told the agent | the agent's run has failed |
| `tool` | all arguments | the agent is told, and goes on |
| `approval` | `question`, `detail` | the answer is the last option, which says no |
| `merge` | `message` | refuses the merge |

To refuse, a before hook ends with exit code 2 and says why on stderr, or prints `{"veto": "reason"}`. To
change something it prints `{"arguments": {…}}`, all of them; before an execution `{"task": "…"}` is enough.
A hook that fails, takes too long or prints something else is told of in the execution's account and changes
nothing; with `on_failure: veto` it refuses. What an execution has recorded asks no hook again when it goes
on.

A file of the project that is a word of the command, such as its script, is trusted with it: when it says
something else, hooks are not run until you have looked (`paracle trust`).

From Python: `engine.hooks.add("tool.before", function, match={"tool": "write_file"})`; `function` gets the
object as a mapping and gives `None`, `{"veto": …}` or `{"arguments": …}`.
"""


PIPE = ("|", "\\|")
"""A bar in a cell would end it."""


def fields_page() -> str:
    """Markdown with each field of an agent's front matter, nested ones with a dot."""
    return _page("agent", HEAD)


def workflow_page() -> str:
    """Markdown with each field of a workflow's file, nested ones with a dot."""
    return _page("workflow", WORKFLOW_HEAD)


def hooks_page() -> str:
    """Markdown with each field of the hooks' file, nested ones with a dot."""
    return _page("hooks", HOOKS_HEAD)


def _page(kind: str, head: str) -> str:
    schema = projects.schema_of(kind)
    rows = ["| field | type | what it says |", "| --- | --- | --- |"]
    rows += [
        f"| `{name}` | {type_} | {words.replace(*PIPE)} |"
        for name, type_, words in _fields(schema, schema, "")
    ]
    return "\n".join([head, *rows]) + "\n"


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
