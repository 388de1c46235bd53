"""What the explorer shows, as plain values: which rows there are, in which order, with which marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..app.domain.agents import AgentEntry
from ..app.domain.problems import Problem, Severity
from ._plain import plain_line

if TYPE_CHECKING:
    from ..app.domain.workflows import WorkflowEntry


class Kind(StrEnum):
    """What a row stands for."""

    GROUP = "group"
    AGENT = "agent"
    WORKFLOW = "workflow"
    PLAYBOOK = "playbook"
    MEMORY = "memory"
    FOLDER = "folder"
    FILE = "file"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Item:
    """A row's identity, kept across refreshes: a name for an agent, a path for a file."""

    kind: Kind
    key: str


MAX_ENTRIES = 1_000
"""Folders, and files, listed of one folder. Of more only the number is said; a filter still looks at all."""

FILES = Item(Kind.GROUP, "files")


@dataclass(frozen=True, slots=True)
class Row:
    """How an item looks. A tone names one of the explorer's component classes, "" the ordinary colour."""

    item: Item
    words: str
    tone: str = ""
    glyph: str = ""
    glyph_tone: str = ""
    mark: str = ""
    mark_tone: str = "quiet"
    can_open: bool = False
    is_open: bool = False
    children: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """What is known of the project. ``folders``: path → (folder names, file names), once loaded."""

    agents: tuple[AgentEntry, ...]
    workflows: tuple[WorkflowEntry, ...]
    playbooks: tuple[str, ...]
    memory: tuple[str, ...]
    running: frozenset[str]
    running_workflows: frozenset[str]
    folders: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


def rows(project: Project, opened: Set[Item], needle: str) -> tuple[Row, ...]:
    """The groups with their rows; with a ``needle`` only what matches all its words, every group open."""
    words = needle.lower().split()
    groups = [_group("agents", _agents(project, words), len(project.agents), opened, needle, "no agents yet")]
    if project.workflows:
        flows = _workflows(project, words)
        groups.append(_group("workflows", flows, len(project.workflows), opened, needle, ""))
    if project.playbooks:
        found = tuple(
            Row(Item(Kind.PLAYBOOK, name), plain_line(name), glyph=" ")
            for name in project.playbooks
            if _has(name, words)
        )
        groups.append(_group("playbooks", found, len(project.playbooks), opened, needle, ""))
    remembered = tuple(
        Row(Item(Kind.MEMORY, path), plain_line(PurePosixPath(path).name), glyph=" ")
        for path in project.memory
        if _has(path, words)
    )
    groups.append(_group("memory", remembered, len(project.memory), opened, needle, "nothing kept yet"))
    groups.append(_files(project, opened, words))
    if not words:
        return tuple(groups)
    found_groups = tuple(group for group in groups if group.children)
    return found_groups or (_note("nothing", f"nothing matches “{plain_line(needle, 40)}”"),)


def _group(
    name: str, children: tuple[Row, ...], total: int, opened: Set[Item], needle: str, empty: str
) -> Row:
    item = Item(Kind.GROUP, name)
    mark = f"{len(children)}/{total}" if needle and total else str(total)
    if not children and not needle and empty:
        children = (_note(name, empty),)
    is_open = bool(needle) or item in opened
    return Row(item, name, "group", mark=mark, can_open=True, is_open=is_open, children=children)


def _agents(project: Project, words: list[str]) -> tuple[Row, ...]:
    found = (entry for entry in project.agents if _has(f"{entry.name} {entry.description}", words))
    return tuple(_agent(entry, entry.name in project.running) for entry in found)


def _agent(entry: AgentEntry, runs: bool) -> Row:
    return _entry(Kind.AGENT, entry.name, entry.problems, runs, "built in" if entry.builtin else "")


def _workflows(project: Project, words: list[str]) -> tuple[Row, ...]:
    found = (entry for entry in project.workflows if _has(f"{entry.name} {entry.description}", words))
    return tuple(
        _entry(Kind.WORKFLOW, entry.name, entry.problems, entry.name in project.running_workflows, "")
        for entry in found
    )


def _entry(kind: Kind, name: str, problems: Sequence[Problem], runs: bool, mark: str) -> Row:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    tone = "quiet"
    if warnings:
        mark, tone = f"⚠ {warnings}", "warning"
    if errors:
        mark, tone = f"✗ {errors}", "error"
    glyph = "●" if runs else " "
    return Row(
        Item(kind, name), plain_line(name), glyph=glyph, glyph_tone="running", mark=mark, mark_tone=tone
    )


def _files(project: Project, opened: Set[Item], words: list[str]) -> Row:
    if words:
        return Row(
            FILES, "files", "group", can_open=True, is_open=True, children=_found_files(project, words)
        )
    known = project.folders.get("")
    mark = str(sum(map(len, known))) if known is not None else ""
    children = _folder("", project, opened)
    return Row(FILES, "files", "group", mark=mark, can_open=True, is_open=FILES in opened, children=children)


def _folder(path: str, project: Project, opened: Set[Item]) -> tuple[Row, ...]:
    known = project.folders.get(path)
    if known is None:
        return (_note(f"loading {path}", "…"),)
    folders, files = known
    found = []
    for name in folders[:MAX_ENTRIES]:
        item = Item(Kind.FOLDER, _join(path, name))
        is_open = item in opened
        # Folders never opened need no rows below them; the sign to open them is enough.
        below = _folder(item.key, project, opened) if is_open else ()
        found.append(Row(item, plain_line(name) + "/", can_open=True, is_open=is_open, children=below))
    found += [
        Row(Item(Kind.FILE, _join(path, name)), plain_line(name), glyph=" ") for name in files[:MAX_ENTRIES]
    ]
    hidden = max(0, len(folders) - MAX_ENTRIES) + max(0, len(files) - MAX_ENTRIES)
    if hidden:
        found.append(_note(f"more {path}", f"… {hidden:,} more"))
    return tuple(found) or (_note(f"empty {path}", "empty"),)


def _found_files(project: Project, words: list[str]) -> tuple[Row, ...]:
    paths = [_join(folder, name) for folder, (_, files) in sorted(project.folders.items()) for name in files]
    return tuple(
        Row(Item(Kind.FILE, path), plain_line(path), glyph=" ") for path in paths if _has(path, words)
    )


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _note(key: str, words: str) -> Row:
    return Row(Item(Kind.NOTE, key), words, "quiet", glyph=" ")


def _has(text: str, words: list[str]) -> bool:
    lowered = text.lower()
    return all(word in lowered for word in words)
