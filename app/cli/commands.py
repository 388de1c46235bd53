"""The table of sub-commands, and the group that imports one only when it is invoked.

Listing the commands, `--help` of the root and completing a command's name read the table alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


@dataclass(frozen=True)
class Entry:
    """Where a sub-command lives and what the root's help says about it.

    `attribute` of `module` (in this package) is a `typer.Typer` for a group of commands, or the
    function of a single one.
    """

    name: str
    module: str
    attribute: str
    help: str


ENTRIES = (
    Entry("init", "init", "init", "Make a project in a folder."),
    Entry("validate", "validate", "validate", "Check the project's files and say how to mend them."),
    Entry("agents", "agents", "app", "List, show and create agents."),
    Entry("workflow", "workflow", "app", "List, show, check, plan and run workflows."),
    Entry("run", "run", "run", "Run an agent on this folder."),
    Entry("runs", "runs", "app", "List, show, watch, control and export executions."),
    Entry("jobs", "jobs", "app", "List, cancel and reorder what waits in the queue."),
    Entry("worker", "worker", "worker", "Take executions from the queue and run them, until it is stopped."),
    Entry("approvals", "approvals", "app", "See what executions ask, and answer."),
    Entry("git", "git", "app", "Review, merge, undo and clean up what executions did."),
    Entry("why", "why", "why", "Say which execution, step and tool call a line comes from."),
    Entry("demo", "demo", "demo", "See two agents work on a small example, offline."),
    Entry("ui", "ui", "ui", "Open the workbench."),
    Entry("trust", "trust", "trust", "See which commands this project carries, and trust them."),
    Entry("hooks", "hooks", "app", "List and check the project's hooks."),
    Entry("doctor", "doctor", "doctor", "Check that this machine has what the workbench needs."),
    Entry("schema", "schema", "schema", "Print the JSON Schema of a project file."),
)


def load(entry: Entry) -> TyperCommand | TyperGroup:
    """Import a sub-command's module and make the command of it."""
    target = getattr(import_module(f".{entry.module}", __package__), entry.attribute)
    if isinstance(target, typer.Typer):
        # Plain help on every level: rich's costs 0.1 s and reads "[…]" in a text as markup.
        target.rich_markup_mode = None
        group = get_group(target)
        group.name = entry.name
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(entry.name)(target)
    command = get_command(single)
    assert isinstance(command, TyperCommand)
    return command


class _Placeholder(TyperCommand):
    """Stands for a sub-command in listings; parsing its arguments is what imports the real one."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, help=entry.help)
        self._entry = entry

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return load(self._entry).make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """The root group: it lists its sub-commands without importing any."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for entry in ENTRIES:
            self.add_command(_Placeholder(entry))
