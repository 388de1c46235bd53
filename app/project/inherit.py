"""From an agent's file and its parents' to one spec, remembering which line gave each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..domain.agents import Origin
from ..domain.problems import Problem
from ..domain.specs import AgentSpec, Budget, Permissions
from .agent_file import AgentSource
from .source import finding
from .validate import nearest

MAX_PARENTS = 5
"""The most levels above an agent."""

_REPLACED = (
    "description", "model", "fallback_models", "temperature", "skills", "cache", "output", "playbook",
)  # fmt: skip

FindParent = Callable[[AgentSource], AgentSource | None]


def lineage(
    leaf: AgentSource, parent_of: FindParent, names: Sequence[str]
) -> tuple[tuple[AgentSource, ...], tuple[Problem, ...]]:
    """The agent and its parents, nearest first.

    Args:
        leaf: the agent.
        parent_of: gives the source that an agent's ``extends`` names, None where there is none.
        names: every agent there is, for suggestions.

    Returns:
        The chain as far as it can be followed, and the problem that ended it, if one did: a missing
        parent, a cycle (named in full), or more than MAX_PARENTS levels.
    """
    chain = [leaf]
    while (child := chain[-1]).said is not None and child.said.extends is not None:
        parent = parent_of(child)
        if parent is None:
            message = f"there is no agent '{child.said.extends}' to extend"
            return tuple(chain), (_at_extends(child, message, nearest(child.said.extends, names)),)
        if any(parent.path == seen.path for seen in chain):
            start = next(at for at, seen in enumerate(chain) if seen.path == parent.path)
            cycle = " → ".join([seen.name for seen in chain[start:]] + [parent.name])
            message = f"agents extend each other in a circle: {cycle}"
            return tuple(chain), (_at_extends(child, message, "take 'extends' out of one of them"),)
        if len(chain) > MAX_PARENTS:
            names_above = " → ".join(seen.name for seen in [*chain, parent])
            message = f"there are more than {MAX_PARENTS} levels above '{leaf.name}': {names_above}"
            return tuple(chain), (_at_extends(leaf, message, "let it extend one of the upper agents"),)
        chain.append(parent)
    return tuple(chain), ()


def _at_extends(source: AgentSource, message: str, hint: str) -> Problem:
    line, column = source.place("extends")
    return finding(source.path, message, hint, line=line, column=column)


class Merge:
    """One spec out of a chain of files, root to leaf.

    Attributes:
        origins: field → the place that gave its value; also "permissions.write", "budget.usd",
            "inputs.paths", "tools.read_file" and "instructions".
        problems: warnings about values that inheritance leaves without effect.
    """

    def __init__(self, chain: Sequence[AgentSource]) -> None:
        self.origins: dict[str, Origin] = {}
        self.problems: list[Problem] = []
        self._values: dict[str, Any] = {}
        self._tools: dict[str, None] = {}
        self._permissions: Permissions | None = None
        self._budget: dict[str, Any] = {}
        self._inputs: dict[str, Any] = {}
        self._texts: list[str] = []
        for source in reversed(chain):
            self._take(source)
        self._leaf = chain[0]

    def spec(self, default_model: str, default_origin: Origin) -> AgentSpec:
        """The outcome. A model that no file names is ``default_model``, which ``default_origin`` gave."""
        leaf = self._leaf
        if self._values.get("model") is None:
            self._values["model"] = default_model
            self.origins["model"] = default_origin
        self.origins["name"] = Origin(leaf.path, leaf.key_line("name") if "name" in leaf.fields_set else 0)
        if leaf.said is not None and leaf.said.extends is not None:
            self.origins["extends"] = Origin(leaf.path, leaf.key_line("extends"))
        return AgentSpec(
            name=leaf.name,
            extends=leaf.said.extends if leaf.said else None,
            tools=tuple(self._tools),
            permissions=self._permissions or Permissions(),
            budget=Budget(**self._budget),
            inputs=self._inputs,
            **self._values,
        )

    @property
    def instructions(self) -> str:
        """The parents' instructions and then the agent's own, a blank line between them."""
        return "\n\n".join(self._texts)

    def _take(self, source: AgentSource) -> None:
        said = source.said
        if said is None:
            return
        for name in _REPLACED:
            if name in source.fields_set:
                self._values[name] = getattr(said, name)
                self._came_from(source, name)
        self._take_tools(source)
        self._take_permissions(source)
        for key in said.budget.model_fields_set if "budget" in source.fields_set else ():
            self._budget[key] = getattr(said.budget, key)
            self._came_from(source, "budget", key)
        for name, declared in said.inputs.items():
            self._inputs[name] = declared
            self._came_from(source, "inputs", name)
        if source.instructions:
            self._texts.append(source.instructions)
            self.origins["instructions"] = Origin(source.path, source.instructions_line)

    def _take_tools(self, source: AgentSource) -> None:
        said = source.said
        assert said is not None
        if "tools" in source.fields_set:
            self._forget_tools()
            self._came_from(source, "tools")
            self._add_tools(source, "tools", said.tools)
        self._add_tools(source, "add_tools", said.add_tools)
        for name in said.remove_tools:
            self._tools.pop(name, None)
            self.origins.pop(f"tools.{name}", None)
        for key in ("add_tools", "remove_tools"):
            if key in source.fields_set:
                self.origins["tools"] = Origin(source.path, source.key_line(key))

    def _forget_tools(self) -> None:
        for name in self._tools:
            self.origins.pop(f"tools.{name}", None)
        self._tools.clear()

    def _add_tools(self, source: AgentSource, key: str, names: Sequence[str]) -> None:
        for at, name in enumerate(names):
            if name not in self._tools:
                self._tools[name] = None
                self.origins[f"tools.{name}"] = Origin(source.path, source.key_line(key, at))

    def _take_permissions(self, source: AgentSource) -> None:
        said = source.said
        if said is None or "permissions" not in source.fields_set:
            return
        own = said.permissions
        before = self._permissions
        if before is None:
            self._permissions = own
            for key in own.model_fields_set:
                self._came_from(source, "permissions", key)
            self._came_from(source, "permissions")
            return
        # What the child does not mention stays as the parent has it; what it mentions can only be less.
        wanted = before.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
        self._permissions = before.narrowed_by(wanted)
        for key in sorted(own.model_fields_set):
            given, asked = getattr(self._permissions, key), getattr(own, key)
            if given == asked or (key == "write" and given):
                self._came_from(source, "permissions", key)
            if given != asked:
                self._warn_of_widening(source, key, asked, given)

    def _warn_of_widening(self, source: AgentSource, key: str, asked: Any, given: Any) -> None:
        if key == "write":
            lost = ", ".join(f"'{glob}'" for glob in asked if glob not in given)
            message = f"'permissions.write' cannot add {lost} to what the parent allows"
        else:
            message = f"'permissions.{key}' stays '{given}': a child cannot have more than its parent"
        line, column = source.place("permissions", key)
        hint = "allow it in the parent, or do without"
        self.problems.append(finding(source.path, message, hint, line=line, column=column, warning=True))

    def _came_from(self, source: AgentSource, *keys: str) -> None:
        self.origins[".".join(keys)] = Origin(source.path, source.key_line(*keys))


def chain_paths(chain: Sequence[AgentSource]) -> tuple[Path, ...]:
    """The files of a chain, the agent's own first."""
    return tuple(source.path for source in chain)
