"""Trust: a project's commands run once its user has agreed to exactly these, and not before."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import Conflict, PolicyRefused, ProjectError
from ..domain.trust import (
    CarriedCommand,
    CommandKind,
    Preparation,
    Standing,
    Trust,
    TrustedProject,
    compare,
)
from ..domain.words import plural
from ..project.carried import pinned
from ..project.project import Project
from . import trust_file
from .workspace import Workspace

if TYPE_CHECKING:
    from ..domain.hooks import HookSpec
    from ..domain.problems import Problem
    from ..project.hooks_file import LoadedHooks
    from ..project.settings import LoadedSettings

HINT = "'paracle trust' shows them and asks"

AROUND = (CommandKind.SETUP, CommandKind.CHECK, CommandKind.HOOK)
"""What runs around the work of any execution. Scripts and calls run only where their own workflow or agent
does, and what is allowed to be run by hand where somebody asks for it."""


def look(workspace: Workspace) -> Trust:
    """How the project stands now. Reads files; runs nothing."""
    return _standing(workspace, _carried(workspace.project))


def accept(workspace: Workspace, seen: Trust) -> Trust:
    """Trust what a person has seen.

    Args:
        seen: what :func:`look` gave, as it was shown.

    Raises:
        Conflict: the project carries something else by now; nothing was trusted.
        PolicyRefused: there is nothing to trust.
        StoreError: it cannot be kept.
    """
    now = look(workspace)
    if now.withheld:
        raise PolicyRefused(
            "The project's commands cannot be trusted", detail=now.withheld, hint="paracle validate"
        )
    if not now.commands:
        raise PolicyRefused(
            "There is nothing to trust",
            detail="the project carries no commands",
            hint="commands are written in .parac/project.yaml: 'checks: [pytest -q]'",
        )
    if now.fingerprint != seen.fingerprint:
        raise Conflict(
            "The project's commands have changed meanwhile",
            detail="nothing was trusted",
            hint="look at them again: paracle trust",
        )
    folder = _folder(workspace.project)
    contents = tuple(command.content for command in now.commands)

    def work(projects: dict[str, TrustedProject]) -> None:
        projects[folder] = TrustedProject(folder, time.time(), contents)

    trust_file.change(workspace.state, work)
    return look(workspace)


def revoke(workspace: Workspace) -> bool:
    """Trust the project no longer; whether it was trusted before.

    Raises:
        StoreError: it cannot be kept.
    """
    folder = _folder(workspace.project)
    if folder not in trust_file.read(workspace.state).projects:
        return False

    def work(projects: dict[str, TrustedProject]) -> None:
        projects.pop(folder, None)

    trust_file.change(workspace.state, work)
    return True


def trusted_projects(state: Path) -> tuple[tuple[TrustedProject, ...], str]:
    """All projects that are trusted, by folder, and why they are not known where they are not."""
    found = trust_file.read(state)
    return tuple(found.projects[folder] for folder in sorted(found.projects)), found.problem


def preparation(workspace: Workspace) -> Preparation:
    """What a run of the project may do around its agent's work.

    The commands in it are those that were compared with what is trusted: no file is read again.

    Raises:
        ProjectError: what it asks for cannot be read.
    """
    project = workspace.project
    carried = _usable(_Carried(project.loaded_settings(), project.loaded_hooks()))
    copy = carried.settings.settings.worktree.copy_
    if not any(command.kind in AROUND for command in carried.commands):
        # Every start passes here, and need not wait until all workflows are read.
        return Preparation(copy)
    found = _standing(workspace, replace(carried, work=project.carried_work()))
    if found.allows:
        setup, checks = found.texts(CommandKind.SETUP), found.texts(CommandKind.CHECK)
        return Preparation(copy, setup, checks, carried.hooks.hooks)
    return Preparation(copy, notes=(_untrusted(found),))


def hooks(workspace: Workspace, kind: str) -> tuple[tuple[HookSpec, ...], str]:
    """The project's hooks about a kind of thing that may run, and why none may where that is so.

    Raises:
        ProjectError: what they are cannot be read.
    """
    loaded = workspace.project.loaded_hooks()
    if loaded.has_errors:
        raise _broken("hooks.yaml", loaded.problems)
    wanted = tuple(hook for hook in loaded.hooks if hook.on.startswith(f"{kind}."))
    if not wanted:
        return (), ""
    found = _standing(workspace, replace(_carried(workspace.project), hooks=loaded))
    if found.allows:
        return wanted, ""
    return (), _not_run(plural(len(wanted), "hook"), found)


def untrusted(workspace: Workspace, wanted: Iterable[tuple[str, CommandKind, str]]) -> tuple[str, ...]:
    """Whose commands, as they are here, nobody has said may run.

    Args:
        wanted: for each command whose it is, its kind and its text.

    Raises:
        ProjectError: what the project carries cannot be read.
    """
    wanted = tuple(wanted)
    if not wanted:
        return ()
    found = _standing(workspace, _usable(_carried(workspace.project)))
    # The files that a command names are settled by its text, and were compared with the rest.
    trusted = {(command.kind, command.text) for command in found.commands} if found.allows else set()
    return tuple(dict.fromkeys(who for who, kind, text in wanted if (kind, text) not in trusted))


def require(workspace: Workspace) -> Trust:
    """The project's commands, all trusted.

    Raises:
        PolicyRefused: they are not.
        ProjectError: what they are cannot be read.
    """
    found = _standing(workspace, _usable(_carried(workspace.project)))
    if found.allows or found.standing is Standing.NOTHING:
        return found
    raise PolicyRefused(
        "This project's commands are not trusted", detail=_not_run(found.counts, found), hint=HINT
    )


@dataclass(frozen=True, slots=True)
class _Carried:
    """One reading of the files that can name something to be run."""

    settings: LoadedSettings
    hooks: LoadedHooks
    work: tuple[CarriedCommand, ...] = ()

    @property
    def commands(self) -> tuple[CarriedCommand, ...]:
        return (*self.settings.commands, *self.hooks.commands, *self.work)

    @property
    def broken(self) -> str:
        """The file that has errors; empty where none has."""
        if self.settings.has_errors:
            return "project.yaml"
        return "hooks.yaml" if self.hooks.has_errors else ""


def _carried(project: Project) -> _Carried:
    return _Carried(project.loaded_settings(), project.loaded_hooks(), project.carried_work())


def _usable(found: _Carried) -> _Carried:
    if found.broken:
        raise _broken(found.broken, (*found.settings.problems, *found.hooks.problems))
    return found


def _broken(name: str, problems: Iterable[Problem]) -> ProjectError:
    return ProjectError(
        f"{name} has errors, so nothing of it is run", hint="paracle validate", problems=tuple(problems)
    )


def _untrusted(found: Trust) -> str:
    return _not_run(found.count_of(*AROUND), found)


def _not_run(what: str, found: Trust) -> str:
    if found.withheld:
        return f"{what} not run: {found.withheld}; 'paracle validate' shows them"
    why = (
        "the project is not trusted yet"
        if found.standing is Standing.NEW
        else "the project's commands have changed since they were trusted"
    )
    because = f" ({found.problem})" if found.problem else ""
    return f"{what[:1].upper()}{what[1:]} not run: {why}{because}; {HINT}"


def _standing(workspace: Workspace, carried: _Carried) -> Trust:
    commands = pinned(carried.commands, workspace.project.root)
    if carried.broken:
        return Trust(commands, Standing.WITHHELD, withheld=f"{carried.broken} has errors")
    if not commands:
        return compare((), None)
    remembered = trust_file.read(workspace.state)
    trusted = remembered.projects.get(_folder(workspace.project))
    return compare(commands, trusted.contents if trusted else None, remembered.problem)


def _folder(project: Project) -> str:
    """The project's folder by its real path: a link to it is the same project, a copy is not."""
    return os.path.realpath(project.root)
