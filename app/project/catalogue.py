"""The agents of one project as they are on the disk now: found, read once, and resolved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..domain.agents import AgentEntry, Origin, ResolvedAgent
from ..domain.problems import Problem, Severity
from .agent_file import AgentSource
from .cache import SourceCache
from .checks import PlaybookTemplates, Surroundings, check_spec, giver, read_templates
from .inherit import Merge, chain_paths, lineage
from .names import BUILTIN, AgentFiles
from .settings import LoadedSettings
from .source import finding


@dataclass(frozen=True, slots=True)
class Resolution:
    """``agent`` is None where the files do not even make a spec; errors may be there beside one."""

    agent: ResolvedAgent | None
    problems: tuple[Problem, ...]
    source: AgentSource

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the agent from running."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


class Catalogue:
    """A reading of the agents' files. Each file is read at most once in the life of the object.

    Args:
        files: the agents' files by name.
        settings: those of the project.
        around: what a spec may refer to.
        cache: the project's memory of unchanged files.
    """

    def __init__(
        self, files: AgentFiles, settings: LoadedSettings, around: Surroundings, cache: SourceCache
    ) -> None:
        self._cache = cache
        self._files = files
        self._settings = settings
        self._around = around
        self._sources: dict[Path, AgentSource] = {}
        self._templates: dict[Path, PlaybookTemplates] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every agent's name, in order."""
        return self._files.names

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names of the project's own agents."""
        return tuple(self._files.own)

    def entry(self, name: str) -> AgentEntry:
        """One line of the list of agents. Nothing is raised for a file that is not in order."""
        found = self.resolve(name)
        said = (
            found.agent.spec.description
            if found.agent
            else found.source.said and found.source.said.description
        )
        return AgentEntry(
            name,
            found.source.path,
            said or "",
            self._is_builtin(found.source),
            found.problems,
            has_playbook=bool(found.agent and found.agent.spec.playbook),
        )

    def resolve(self, name: str) -> Resolution:
        """An agent with its parents.

        Raises:
            KeyError: there is no agent of that name.
        """
        leaf = self._read(self._files.path(name))
        chain, problems = lineage(leaf, self._parent, self._files.names)
        found = [problem for source in chain for problem in source.problems]
        found += problems
        if problems or any(source.said is None for source in chain):
            return Resolution(None, _ordered(found), leaf)
        merge = Merge(chain)
        loaded = self._settings
        default_model = Origin(None)
        if loaded.origins is not None and "model" in loaded.origins:
            default_model = loaded.origins["model"]
        spec = merge.spec(loaded.settings.model, default_model)
        if not any(source.said and source.said.model for source in chain):
            # The default model cannot be relied on when project.yaml cannot be.
            found += [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
        found += [*check_spec(spec, chain), *merge.problems]
        templates = self._playbook_templates(giver(chain, "playbook"))
        found += templates.problems
        ordered = _ordered(found)
        agent = ResolvedAgent(
            spec=spec,
            instructions=merge.instructions,
            path=leaf.path,
            origins=merge.origins,
            chain=chain_paths(chain),
            templates=dict(templates.texts),
            problems=ordered,
            builtin=self._is_builtin(leaf),
        )
        return Resolution(agent, ordered, leaf)

    def hidden(self) -> tuple[Problem, ...]:
        """A warning for each file that another file of the same agent hides."""
        return tuple(
            finding(
                path, f"it is not used: {shown.name} is the same agent", "remove or rename one", warning=True
            )
            for path, shown in self._files.hidden
        )

    def _parent(self, child: AgentSource) -> AgentSource | None:
        assert child.said is not None and child.said.extends is not None
        path = self._files.parent_path(child.said.extends, child.path)
        return self._read(path) if path else None

    def _read(self, path: Path) -> AgentSource:
        if path not in self._sources:
            inside = () if path.parent == BUILTIN else self._around.inside
            self._sources[path] = self._cache.read(path, self._around, inside)
        return self._sources[path]

    def _playbook_templates(self, source: AgentSource | None) -> PlaybookTemplates:
        if source is None:
            return PlaybookTemplates()
        if source.path not in self._templates:
            inside = () if self._is_builtin(source) else self._around.inside
            self._templates[source.path] = read_templates(source, inside)
        return self._templates[source.path]

    def _is_builtin(self, source: AgentSource) -> bool:
        return source.path.parent == BUILTIN


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    """Errors before warnings, then by place; what two agents share is there once."""
    return tuple(sorted(set(problems), key=lambda found: (found.severity is Severity.WARNING, found)))
