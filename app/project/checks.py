"""What a spec promises against what there is: tools, skills, templates, permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..domain.errors import ProjectError, TemplateError
from ..domain.problems import Problem
from ..domain.specs import Action, AgentSpec
from ..domain.templates import check as check_template
from .agent_file import AgentSource
from .source import finding, read_text
from .validate import nearest

_WRITERS = frozenset({"write_file", "edit_file", "run_command"})
_EXPRESSIONS = ("when", "for_each")
_TEXTS = ("write", "say", "ask", "text")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent's file can refer to. ``tools`` is None where the tools are not known."""

    tools: frozenset[str] | None
    skills: frozenset[str]
    inside: tuple[Path, ...] = ()
    """The folders that a file of the project may lie in once links are followed."""


@dataclass(slots=True)
class PlaybookTemplates:
    """The template files of a playbook, and what is wrong with them."""

    texts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check_source(source: AgentSource, around: Surroundings) -> Iterator[Problem]:
    """The problems of one file alone: names of tools and skills that do not exist, template syntax."""
    said = source.said
    if said is None:
        return
    for key in ("tools", "add_tools", "remove_tools"):
        for at, name in enumerate(getattr(said, key)):
            yield from _unknown_tool(source, around, name, key, at)
    for at, name in enumerate(said.skills):
        if name not in around.skills and not source.is_legacy:
            hint = nearest(name, sorted(around.skills), f"write .parac/agents/skills/{name}/SKILL.md")
            yield _at(source, f"there is no skill '{name}'", hint, "skills", at)
    for at, action in enumerate(said.playbook):
        if action.tool is not None:
            yield from _unknown_tool(source, around, action.tool, "playbook", at, "tool")
        yield from _check_texts(source, action, at)


def _unknown_tool(
    source: AgentSource, around: Surroundings, name: str, *place: str | int
) -> Iterator[Problem]:
    if around.tools is not None and name not in around.tools:
        yield _at(source, f"there is no tool '{name}'", nearest(name, sorted(around.tools)), *place)


def _check_texts(source: AgentSource, action: Action, at: int) -> Iterator[Problem]:
    for key in (*_TEXTS, *_EXPRESSIONS):
        text = getattr(action, key)
        if text is not None:
            yield from _check_text(source, text, key in _EXPRESSIONS, "playbook", at, key)
    for place, text in _leaves(action.with_, ("playbook", at, "with")):
        yield from _check_text(source, text, False, *place)


def _leaves(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in nested data with its place."""
    match value:
        case str():
            yield place, value
        case Mapping():
            for key, below in value.items():
                yield from _leaves(below, (*place, key))
        case list() | tuple():
            for at, below in enumerate(value):
                yield from _leaves(below, (*place, at))


def _check_text(source: AgentSource, text: str, is_expression: bool, *place: str | int) -> Iterator[Problem]:
    fault = _fault(text, is_expression)
    if fault is not None:
        node = source.matter.at(place)
        line = (node.text_line or node.line) + max(fault.line - 1, 0)
        column = node.column if line == node.line else 0
        yield finding(source.path, fault.message, fault.hint, line=line, column=column)


@dataclass(frozen=True, slots=True)
class _Fault:
    message: str
    hint: str
    line: int


@lru_cache(maxsize=4096)
def _fault(text: str, is_expression: bool) -> _Fault | None:
    """What is wrong with a template; remembered, since compiling one costs about a millisecond."""
    try:
        check_template(text, name="", is_expression=is_expression)
    except TemplateError as error:
        reason = error.detail.partition(": ")[2]
        message = error.title[:1].lower() + error.title[1:] + (f": {reason}" if reason else "")
        return _Fault(message, error.hint, error.line)
    return None


def read_templates(source: AgentSource, inside: tuple[Path, ...]) -> PlaybookTemplates:
    """Read and check the template files named by the playbook of ``source``."""
    found = PlaybookTemplates()
    if source.said is None:
        return found
    for at, action in enumerate(source.said.playbook):
        name = action.template
        if name is None or name in found.texts:
            continue
        folders = template_folders(source.path)
        path = next((folder / name for folder in folders if _is_there(folder, name)), None)
        if path is None:
            known = sorted(entry.name for folder in folders for entry in folder.glob("*.j2"))
            hint = nearest(name, known, f"write it to {folders[0] / 'NAME'}".replace("NAME", name))
            found.problems.append(
                _at(source, f"there is no template '{name}'", hint, "playbook", at, "template")
            )
            continue
        try:
            text = read_text(path, inside=inside)
        except ProjectError as error:
            found.problems.extend(error.problems)
            continue
        found.texts[name] = text
        fault = _fault(text, False)
        if fault is not None:
            found.problems.append(finding(path, fault.message, fault.hint, line=max(fault.line, 1)))
    return found


def template_folders(spec: Path) -> tuple[Path, Path]:
    """Where the templates of a spec's playbook are looked for, first one first."""
    return spec.parent / "templates", spec.parent.parent / "templates"


def _is_there(folder: Path, name: str) -> bool:
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name:
        return False
    try:
        return (folder / name).exists() or (folder / name).is_symlink()
    except OSError:
        return False


def check_spec(spec: AgentSpec, chain: Sequence[AgentSource]) -> Iterator[Problem]:
    """The problems that only the resolved spec shows: a playbook that its tools or permissions stop."""
    source = giver(chain, "playbook")
    for at, action in enumerate(spec.playbook if source else ()):
        assert source is not None
        if action.tool is not None and action.tool not in spec.tools:
            message = f"the playbook calls '{action.tool}', which is not among the agent's tools"
            yield _at(source, message, f"add '{action.tool}' to 'tools'", "playbook", at, "tool")
        if action.write is None:
            continue
        if "write_file" not in spec.tools:
            message = "the playbook writes a file, but 'write_file' is not among the agent's tools"
            yield _at(source, message, "add 'write_file' to 'tools'", "playbook", at, "write")
        if not spec.permissions.write:
            message = "the playbook writes a file, but the agent may write none"
            hint = f"add 'permissions: {{write: [\"{action.write}\"]}}'"
            yield _at(source, message, hint, "playbook", at, "write")
    giving = giver(chain, "permissions")
    if spec.permissions.write and giving and not _WRITERS & set(spec.tools):
        message = "'permissions.write' has no effect: the agent has no tool that writes"
        line, column = giving.place("permissions", "write")
        hint = "add 'write_file' or 'edit_file' to 'tools'"
        yield finding(giving.path, message, hint, line=line, column=column, warning=True)


def giver(chain: Sequence[AgentSource], name: str) -> AgentSource | None:
    """The file of a chain, nearest first, that sets a field."""
    return next((source for source in chain if name in source.fields_set), None)


def _at(source: AgentSource, message: str, hint: str, *place: str | int) -> Problem:
    line, column = source.place(*place)
    return finding(source.path, message, hint, line=line, column=column)
