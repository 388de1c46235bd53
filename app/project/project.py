"""A project as the rest of the workbench sees it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.errors import NotFound, ProjectError
from ..domain.problems import Problem
from .names import OLD_STATE, STATE, AgentFiles, find_agents
from .source import MAX_BYTES, fail, finding, read_text

if TYPE_CHECKING:
    from ..domain.agents import AgentEntry, ResolvedAgent
    from ..domain.trust import CarriedCommand
    from .cache import SourceCache
    from .catalogue import Catalogue
    from .checks import Surroundings
    from .hooks_file import LoadedHooks
    from .settings import LoadedSettings, ProjectSettings

FOLDER = ".parac"


class Project:
    """A folder with ``.parac/`` in it, or a plain folder in which the built-in agents run.

    Every call answers from the files as they are at that moment, so an edit shows at once. Calls are
    safe from any thread.

    Attributes:
        root: the project's folder, absolute.
        parac: its ``.parac`` folder, None where it has none.
    """

    def __init__(self, root: Path, parac: Path | None, known_tools: frozenset[str] | None = None) -> None:
        self.root = root
        self.parac = parac
        self._known_tools = known_tools
        self._cache: SourceCache | None = None

    @classmethod
    def open(cls, start: Path, known_tools: frozenset[str] | None = None) -> Project:
        """The project that a folder belongs to: the nearest ``.parac`` at or above it.

        Args:
            start: a folder. Where no ``.parac`` is found it is itself the root.
            known_tools: the tools that specs may name; None leaves their names unchecked.

        Raises:
            NotFound: ``start`` is not a folder.
            ProjectError: the nearest ``.parac`` is not a folder.
        """
        folder = _existing_folder(start)
        for root in (folder, *folder.parents):
            parac = root / FOLDER
            if os.path.lexists(parac):
                if not _is_folder(parac):
                    fail(
                        finding(
                            parac,
                            "it is a file where a folder is expected",
                            "move it away, then: paracle init --lite",
                        )
                    )
                return cls(root, parac, known_tools)
        return cls(folder, None, known_tools)

    @property
    def name(self) -> str:
        """The project's name: from ``project.yaml``, else that of its folder."""
        return self.settings.name or self.root.name or str(self.root)

    @property
    def settings(self) -> ProjectSettings:
        """What ``project.yaml`` says; the defaults where it says nothing or has errors (see problems)."""
        return self._load_settings().settings

    def loaded_settings(self) -> LoadedSettings:
        """:attr:`settings` with what is wrong with the file, and the commands that it carries."""
        return self._load_settings()

    def loaded_hooks(self) -> LoadedHooks:
        """What ``hooks.yaml`` says, what is wrong with it, and the commands that it carries."""
        from .hooks_file import NAME, LoadedHooks, load_hooks

        return load_hooks(self.parac / NAME, self.inside) if self.parac is not None else LoadedHooks()

    def carried_work(self) -> tuple[CarriedCommand, ...]:
        """What the workflows and the agents that can be read would run by themselves, in order."""
        from .carried import carried_calls, carried_scripts
        from .carried_models import carried_models
        from .workflow_catalogue import workflow_sources

        sources, agents = workflow_sources(self), tuple(self._own_agents())
        return (
            *carried_scripts(sources),
            *carried_calls(sources, agents),
            *carried_models(sources, agents),
        )

    def _own_agents(self) -> Iterator[ResolvedAgent]:
        """The project's own agents that can run. One that cannot runs nothing either."""
        try:
            catalogue = self._catalogue()
        except ProjectError:
            return  # Without the listing of its folder no agent of it can be run.
        for name in catalogue.own_names:
            found = catalogue.resolve(name)
            if found.agent is not None and not found.errors:
                yield found.agent

    def agent_names(self) -> tuple[str, ...]:
        """The names of all agents, from the folders' listings alone.

        Raises:
            ProjectError: the folder of the specs cannot be listed.
        """
        return self._files().names

    def agents(self) -> tuple[AgentEntry, ...]:
        """Every agent by name, own and built-in, those with errors too.

        Raises:
            ProjectError: the folder of the specs cannot be listed.
        """
        catalogue = self._catalogue()
        return tuple(catalogue.entry(name) for name in catalogue.names)

    def agent(self, name: str) -> ResolvedAgent:
        """An agent ready to run; its warnings are in its ``problems``.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
            ProjectError: its file or one above it has errors; ``problems`` holds them all.
        """
        catalogue = self._catalogue()
        self._require(name, catalogue.names)
        found = catalogue.resolve(name)
        if found.errors or found.agent is None:
            mend = "mend them all; 'paracle validate' looks again"
            hint = found.errors[0].hint if len(found.errors) == 1 else mend
            raise ProjectError(f"Agent '{name}' cannot run", hint=hint, problems=found.errors)
        return found.agent

    def agent_resolver(self) -> Callable[[str], ResolvedAgent | None]:
        """One reading of the agents for many questions, as a workflow's check asks them.

        Returns:
            A function from a name to the agent; None where there is none that can run.

        Raises:
            ProjectError: the folder of the specs cannot be listed.
        """
        catalogue = self._catalogue()
        names = frozenset(catalogue.names)

        @cache
        def resolve(name: str) -> ResolvedAgent | None:
            found = catalogue.resolve(name) if name in names else None
            return found.agent if found is not None and not found.errors else None

        return resolve

    def check(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with an agent's file and those above it, errors first.

        Raises:
            NotFound: there is none of that name.
        """
        catalogue = self._catalogue()
        self._require(name, catalogue.names)
        return catalogue.resolve(name).problems

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with any file of the project, by place. Nothing is raised."""
        return tuple(sorted(set(self._all_problems())))

    def guidance(self) -> str:
        """What ``AGENTS.md`` says to agents: the root's, then that in ``.parac``.

        Both count; the nearer one comes last so that it has the last word.

        Raises:
            ProjectError: a file is there and cannot be read.
        """
        texts = [self._optional_text(path) for path in self._guidance_files()]
        return "\n\n".join(text.strip() for text in texts if text.strip())

    def current_state(self) -> dict[str, Any]:
        """What ``memory/current_state.yaml`` says; empty where there is none.

        Raises:
            ProjectError: it is not a YAML mapping.
        """
        path = self._state_file()
        if path is None:
            return {}
        from .yamldoc import parse_mapping

        return dict(parse_mapping(self._optional_text(path), path).data)

    def variables(self) -> dict[str, Any]:
        """What templates may use besides their inputs: ``project.name``, ``.description``, ``.version``."""
        settings = self.settings
        about = {"name": self.name, "description": settings.description, "version": settings.version}
        return {"project": about}

    @property
    def specs_folder(self) -> Path | None:
        """Where the project's own agents are, None without ``.parac``. It may not exist yet."""
        return self.parac / "agents" / "specs" if self.parac else None

    @property
    def workflows_folder(self) -> Path | None:
        """Where the project's workflows are, None without ``.parac``. It may not exist yet."""
        return self.parac / "workflows" if self.parac else None

    @property
    def inside(self) -> tuple[Path, ...]:
        """The folders a project file may lie in once symbolic links are followed."""
        return (self.root, self.parac) if self.parac else (self.root,)

    def _all_problems(self) -> Iterator[Problem]:
        if self.parac is None:
            return
        yield from self._load_settings().problems
        yield from self.loaded_hooks().problems
        try:
            catalogue = self._catalogue()
            for name in catalogue.own_names:
                yield from catalogue.resolve(name).problems
            yield from catalogue.hidden()
        except ProjectError as error:
            yield from error.problems
        for read in (self.guidance, self.current_state):
            try:
                read()
            except ProjectError as error:
                yield from error.problems
        from .legacy import leftovers

        yield from leftovers(self.parac, self.inside)

    def _files(self) -> AgentFiles:
        try:
            return find_agents(self.specs_folder)
        except OSError as error:
            path = self.specs_folder or self.root
            fail(finding(path, f"the folder cannot be listed: {(error.strerror or str(error)).lower()}"))

    def _catalogue(self) -> Catalogue:
        from .cache import SourceCache
        from .catalogue import Catalogue

        if self._cache is None:
            self._cache = SourceCache()
        return Catalogue(self._files(), self._load_settings(), self._surroundings(), self._cache)

    def _surroundings(self) -> Surroundings:
        from .checks import Surroundings

        folder = self.parac / "agents" / "skills" if self.parac else None
        skills = (path.parent.name for path in folder.glob("*/SKILL.md")) if folder else ()
        return Surroundings(self._known_tools, frozenset(skills), self.inside)

    def _load_settings(self) -> LoadedSettings:
        from .settings import LoadedSettings, ProjectSettings, load_settings

        if self.parac is None:
            return LoadedSettings(ProjectSettings())
        return load_settings(self.parac / "project.yaml", self.inside)

    def _guidance_files(self) -> tuple[Path, ...]:
        near = (self.parac / "AGENTS.md",) if self.parac else ()
        return (self.root / "AGENTS.md", *near)

    def _state_file(self) -> Path | None:
        if self.parac is None:
            return None
        places = (self.parac / STATE, self.parac / OLD_STATE)
        return next((path for path in places if os.path.lexists(path)), None)

    def _optional_text(self, path: Path) -> str:
        return read_text(path, inside=self.inside, limit=MAX_BYTES) if os.path.lexists(path) else ""

    @staticmethod
    def _require(name: str, names: tuple[str, ...]) -> None:
        if name in names:
            return
        close = get_close_matches(name.lower(), names, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"agents here: {', '.join(names) or 'none'}"
        raise NotFound(f"There is no agent '{name}'", hint=hint)


def _existing_folder(start: Path) -> Path:
    # A zero in a name makes no path at all.
    folder = Path(os.path.realpath(start)) if "\0" not in str(start) else start
    if _is_folder(folder):
        return folder
    raise NotFound(f"There is no folder {start}", hint="name a folder that exists")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # nothing to us while it cannot be looked at
