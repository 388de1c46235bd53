"""``project.yaml``: what it says, and the three forms that earlier versions of Paracle wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ..domain.agents import Origin
from ..domain.by_hand import checked_prefix
from ..domain.commands import checked_command
from ..domain.errors import ProjectError
from ..domain.problems import Problem, Severity
from ..domain.specs import Frozen
from ..domain.trust import CarriedCommand
from .carried import carried_commands
from .source import finding, read_text
from .validate import validate
from .yamldoc import Node, parse_mapping

OFFLINE = "offline"


def _pattern(text: str) -> str:
    if not text.strip():
        raise ValueError("a pattern is empty; name files as in .gitignore, such as config/local.yaml")
    if text.startswith("~") or ".." in text.split("/"):
        hint = "patterns name files below the project's folder, as in .gitignore"
        raise ValueError(f"'{text}' leads out of the project; {hint}")
    return text


Command = Annotated[str, AfterValidator(checked_command)]
Prefix = Annotated[str, AfterValidator(checked_prefix)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class WorktreeSettings(Frozen):
    """How the fresh work tree of a run is made ready, and what people may run in it."""

    copy_: tuple[Pattern, ...] = Field(
        (),
        alias="copy",
        description="Files that git ignores and a run needs, as patterns of .gitignore. They are copied; "
        "those whose names tell of secrets, such as .env, become links to yours. A file .worktreeinclude at "
        "the top of the repository holds more patterns, one a line.",
    )
    setup: tuple[Command, ...] = Field(
        (),
        description="Commands that run in a fresh work tree, one after another, once you trust them "
        "(paracle trust): npm ci.",
    )
    commands: tuple[Prefix, ...] = Field(
        (),
        description="What 'paracle runs exec' may run in the work tree of a run, once you trust it (paracle "
        "trust): the words that a command begins with, such as pytest or git status.",
    )


class ProjectSettings(Frozen):
    """What holds for the whole project."""

    name: str = Field("", description="What the project is called. Empty: the folder's name.")
    description: str = Field("", description="One sentence: what the project is.")
    version: str = Field("", description="The project's own version, in any form.")
    model: str = Field(OFFLINE, description="The model of agents that name none.", min_length=1)
    worktree: WorktreeSettings = Field(
        WorktreeSettings(), description="How the fresh work tree of a run is made ready."
    )
    checks: tuple[Command, ...] = Field(
        (),
        description="Commands that judge what a run has changed, in its work tree, once you trust them "
        "(paracle trust): pytest -q.",
    )


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """``settings`` are the defaults where the file has errors; ``origins`` as in a resolved agent.

    ``commands`` is all that the file names to be run.
    """

    settings: ProjectSettings
    problems: tuple[Problem, ...] = ()
    origins: dict[str, Origin] | None = None
    commands: tuple[CarriedCommand, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the file cannot be used, so that the defaults stand in for what it says."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def load_settings(path: Path, inside: Iterable[Path]) -> LoadedSettings:
    """Read ``project.yaml``. A missing file gives the defaults with a warning; nothing is raised."""
    if not os.path.lexists(path):
        hint = "write a line such as 'name: my-project' into it"
        return LoadedSettings(
            ProjectSettings(), (finding(path, "there is no project.yaml", hint, warning=True),)
        )
    try:
        text = read_text(path, inside=inside)
        if not text.strip():
            hint = "write a line such as 'name: my-project' into it"
            return LoadedSettings(ProjectSettings(), (finding(path, "the file is empty", hint),))
        node = parse_mapping(text, path)
    except ProjectError as error:
        return LoadedSettings(ProjectSettings(), error.problems)
    modern, warnings = _modernised(node, path)
    settings, problems = validate(ProjectSettings, modern, path)
    origins = {str(key): Origin(path, child.key_line) for key, child in modern.children.items()}
    if settings is None:
        return LoadedSettings(ProjectSettings(), warnings + problems)
    commands = carried_commands(settings, modern, path)
    return LoadedSettings(settings, warnings + problems, origins, commands)


def _modernised(node: Node, path: Path) -> tuple[Node, tuple[Problem, ...]]:
    """The mapping with the modern keys only, and a warning where it was written in an older form."""
    data = node.data
    if "metadata" in data and ("schema_version" in data or "spec" in data):
        found = _picked(node, (("metadata",), ("spec",), ()))
        return _warned(found, node, path, "it has the form with 'schema_version', 'metadata' and 'spec'")
    if isinstance(data.get("project"), dict):
        return _warned(_picked(node, (("project",), ())), node, path, "its settings are below 'project'")
    if any(key in data for key in _OLD_SECTIONS):
        return _warned(_picked(node, ((),)), node, path, "it has sections of an earlier Paracle")
    return node, ()


_OLD_SECTIONS = frozenset(
    {
        "defaults", "governance", "author", "authors", "framework", "agents", "workflows", "memory", "tools",
        "policies", "providers", "models", "logging", "roadmap", "schema_version", "created_at", "tags",
        "license", "repository", "llm", "settings", "file_management", "adapters", "integrations", "metadata",
    }
)  # fmt: skip


_NEW: dict[str, type] = {"worktree": dict, "checks": list}


def _picked(node: Node, sections: Iterable[tuple[str, ...]]) -> dict[str | int, Node]:
    """The modern keys in these sections; the first that has a key wins."""
    found: dict[str | int, Node] = {}
    for section in sections:
        part = node.get(*section)
        for key in ProjectSettings.model_fields:
            below = part.children.get(key) if part else None
            if below is None or below.data is None or key in found:
                continue
            # A mapping or list of that name was something else in the older forms; these two are new.
            if not below.children or (not section and isinstance(below.data, _NEW.get(key, ()))):
                found[key] = below
        defaults = part.get("defaults") if part else None
        if defaults is not None and "model" not in found:
            model = _default_model(defaults)
            if model is not None:
                found["model"] = model
    return found


def _default_model(defaults: Node) -> Node | None:
    """``defaults: {model_provider: x, default_model: y}`` as the one text ``x:y``."""
    model = defaults.get("default_model") or defaults.get("model")
    provider = defaults.get("model_provider") or defaults.get("provider")
    if model is None or not model.written:
        return None
    name = model.written
    if provider is not None and provider.written and ":" not in name:
        name = f"{provider.written}:{name}"
    return Node(name, model.line, model.column, model.key_line, model.key_column, name)


def _warned(
    found: dict[str | int, Node], node: Node, path: Path, form: str
) -> tuple[Node, tuple[Problem, ...]]:
    data: dict[Any, Any] = {key: child.data for key, child in found.items()}
    modern = Node(data, node.line, node.column, children=found)
    keys = ", ".join(ProjectSettings.model_fields)
    left = [str(key) for key in node.data if key not in (*ProjectSettings.model_fields, *_WRAPPERS)]
    message = f"{form}; the rest of it is not used" + (f" ({', '.join(left[:6])})" if left else "")
    hint = f"write {keys} as keys at the top of the file"
    return modern, (finding(path, message, hint, line=node.line, column=node.column, warning=True),)


_WRAPPERS = ("project", "metadata", "spec", "schema_version")
