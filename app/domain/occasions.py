"""What hooks are told, and what they may say to it.

A *before* hook is told what is about to happen and may refuse it or change its input. An *after* hook is told
what came of it and changes nothing. Both get one JSON object:

============ ==========================================================================
key          value
============ ==========================================================================
kind         what is about to happen or has happened, such as ``tool.before``
execution    the execution's id
agent        the agent at work, empty where none is
workflow     the workflow of the execution, empty where it is an agent's
step         the step of the workflow, its path where a workflow calls another; else empty
key          names what happens within the execution; empty for an execution and a merge
name         the agent, workflow, tool, model or question, or the branch to merge
arguments    what it is given; see :data:`CHANGEABLE` for what of it can be changed
result       after hooks alone: ``success``, ``value``, ``error``, ``seconds``
============ ==========================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ParacleError, PolicyRefused, ToolRefused
from .words import one_line

if TYPE_CHECKING:
    from .hooks import HookMatch

MAX_RESULT = 16 * 1024
"""The most characters of JSON that an after hook gets of a result's value."""

CHANGEABLE: Mapping[str, frozenset[str] | None] = {
    "execution": None,
    "tool": None,
    "model": frozenset({"said"}),
    "approval": frozenset({"question", "detail"}),
    "merge": frozenset({"message"}),
    "step": frozenset(),
}
"""What of the arguments a before hook can change, by what happens; ``None`` is all of them."""

_TRIES_AND_TURNS = re.compile(r"~\d+|\[\d+\]")


class Vetoed(PolicyRefused):
    """A hook said no."""

    code = "vetoed"


def step_of(key: str) -> str:
    """The step of a workflow that one of its keys stands for: ``all/review`` of ``all/review[2]~2``."""
    return _TRIES_AND_TURNS.sub("", key)


class Occasion(NamedTuple):
    """Something that is about to happen, or has: see the module for the fields."""

    kind: str
    name: str
    arguments: Mapping[str, Any]
    execution: str = ""
    agent: str = ""
    workflow: str = ""
    step: str = ""
    key: str = ""

    def fits(self, match: HookMatch) -> bool:
        """Whether a hook that is narrowed like this is about it."""
        tool = self.name if self.kind == "tool" else ""
        return match.fits(agent=self.agent, workflow=self.workflow, tool=tool, step=self.step)


class Told(Mapping[str, Any]):
    """What a hook gets; see the module for the keys.

    Each value is made when it is first looked at, so that what a hook does not look at costs nothing. It is
    the hook's own: changing it changes nothing.

    Args:
        occasion: what it is about.
        result: what :func:`result_of` takes; ``None`` before.
    """

    __slots__ = ("_made", "_occasion", "_result")

    def __init__(
        self, occasion: Occasion, result: tuple[float, Any, Mapping[str, Any] | None] | None = None
    ) -> None:
        self._occasion = occasion
        self._result = result
        self._made: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        yield from _TOLD
        if self._result is not None:
            yield "result"

    def __len__(self) -> int:
        return len(_TOLD) + (self._result is not None)

    def _make(self, key: str) -> Any:
        if key == "kind":
            return f"{self._occasion.kind}.{'before' if self._result is None else 'after'}"
        if key == "arguments":
            return deepcopy(dict(self._occasion.arguments))
        if key == "result" and self._result is not None:
            return result_of(*self._result)
        if key in _TOLD:
            return getattr(self._occasion, key)
        raise KeyError(key)


_TOLD = ("kind", "execution", "agent", "workflow", "step", "key", "name", "arguments")


def result_of(seconds: float, value: Any = None, error: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """What came of something, as an after hook gets it; of a large value the beginning as text."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    is_cut = len(text) > MAX_RESULT
    return {
        "success": error is None,
        "value": text[:MAX_RESULT] if is_cut else json.loads(text),
        "is_cut": is_cut,
        "error": dict(error) if error is not None else None,
        "seconds": round(seconds, 6),
    }


@dataclass(frozen=True, slots=True)
class Said:
    """What a before hook said. ``veto`` is a reason, ``None`` where it has nothing against it."""

    arguments: Mapping[str, Any]
    veto: str | None = None


def read_said(answer: Any, occasion: Occasion) -> Said:
    """What the answer of a before hook means.

    Args:
        answer: plain JSON data: ``None``, or an object with ``veto``, ``arguments`` or ``task``.

    Raises:
        ValueError: it is something else, or changes what cannot be changed. The text says what.
    """
    given = occasion.arguments
    if answer is None:
        return Said(given)
    if not isinstance(answer, Mapping):
        raise ValueError(f"it gave {type(answer).__name__} where an object is expected")
    if unknown := set(answer) - {"veto", "arguments", "task"}:
        raise ValueError(f"it gave '{one_line(str(min(unknown, key=str)), 40)}', which is not known")
    veto = answer.get("veto")
    if veto is not None and veto is not False:
        return Said(given, one_line(veto, 300) if isinstance(veto, str) else "")
    arguments = answer.get("arguments", given)
    if not isinstance(arguments, Mapping) or not all(isinstance(name, str) for name in arguments):
        raise ValueError("it gave arguments that are no object")
    if "task" in answer:
        if occasion.kind != "execution":
            raise ValueError("it gave a task, which only an execution has")
        arguments = {**arguments, "task": answer["task"]}
    _check_change(occasion, arguments)
    return Said(arguments)


def _check_change(occasion: Occasion, arguments: Mapping[str, Any]) -> None:
    given, changeable = occasion.arguments, CHANGEABLE[occasion.kind]
    try:
        json.dumps(dict(arguments), allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("it gave arguments that are no JSON") from None
    if changeable is None:
        return
    changed = {name for name in {*given, *arguments} if given.get(name) != arguments.get(name)}
    if wrong := changed - changeable:
        raise ValueError(f"it changed '{one_line(min(wrong), 40)}', which no hook can change here")
    for name in changed:
        value = arguments.get(name)
        is_right = all(isinstance(one, str) for one in value) if isinstance(value, list) else False
        if not (is_right if name == "said" else isinstance(value, str)):
            raise ValueError(f"it gave '{name}' in a wrong form")


class Decision(NamedTuple):
    """What the hooks before something have made of it.

    Attributes:
        asked: The arguments that it was to be done with.
        arguments: Those that it is done with.
        by: The hooks that changed or refused something, in words.
        veto: The reason of the last of them, where it refused.
    """

    asked: Mapping[str, Any]
    arguments: Mapping[str, Any]
    by: tuple[str, ...] = ()
    veto: str | None = None

    @property
    def has_changed(self) -> bool:
        """Whether the arguments are others than those asked for."""
        return self.arguments is not self.asked and self.arguments != self.asked

    @property
    def marks(self) -> dict[str, Any]:
        """What the record of the step says of it; empty where the hooks left everything as it was."""
        if not self.by:
            return {}
        asked = {"asked": dict(self.asked)} if self.has_changed else {}
        veto = {"veto": self.veto} if self.veto is not None else {}
        return {"hooks": {"by": list(self.by), **asked, **veto}}

    def refusal(self, kind: str) -> ParacleError:
        """The error for what a hook refused; an agent is told of a refused tool, and may go on."""
        title = f"The hook '{self.by[-1]}' said no"
        error = ToolRefused if kind == "tool" else Vetoed
        return error(title, detail=self.veto or "")

    @classmethod
    def of_record(
        cls, asked: Mapping[str, Any], arguments: Mapping[str, Any], hooks: Mapping[str, Any]
    ) -> Decision:
        """The decision that :attr:`marks` tells of.

        Args:
            asked: what is asked for now.
            arguments: those of the record.
            hooks: what the record says of hooks; empty where that is nothing.
        """
        done = arguments if "asked" in hooks else asked
        return cls(asked, done, tuple(hooks.get("by", ())), hooks.get("veto"))
