"""The page that lists every command, made from the commands themselves."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from .commands import ENTRIES, load

HEAD = """\
# The commands

Made from the code by `make docs`; a test fails when it is stale. Ids of executions may be shortened to any
unique prefix; `last` is the newest.
"""


def commands_page() -> str:
    """Markdown with each command's usage, what it does, and its options."""
    from .main import app

    root = _section("paracle", get_command(app), nested=False)
    parts = [HEAD, root, *(_section(f"paracle {entry.name}", load(entry)) for entry in ENTRIES)]
    return "\n".join(parts).rstrip() + "\n"


def _section(path: str, command: Any, *, nested: bool = True) -> str:
    with command.make_context(path, [], resilient_parsing=True) as context:
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        lines = [f"## `{usage}`", ""]
        lines += [_joined(command.help or ""), ""]
        rows = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
        rows = [(name, words) for name, words in rows if name != "--help"]
        if rows:
            lines += ["| option | what it does |", "| --- | --- |"]
            lines += [f"| `{_cell(name)}` | {_cell(words)} |" for name, words in rows]
            lines.append("")
    for name, inner in sorted(getattr(command, "commands", {}).items()) if nested else ():
        lines.append(_section(f"{path} {name}", inner))
    return "\n".join(lines)


def _joined(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
