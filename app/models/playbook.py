"""A playbook as a coroutine of actions: it yields tool calls and takes their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain import templates
from ..domain.agents import ResolvedAgent
from ..domain.conversation import ToolCall, ToolResult
from ..domain.errors import ModelError, TemplateError, UsageError
from ..domain.specs import Action
from ..domain.words import plural

GIVEN_NAMES = frozenset({"inputs", "project", "item", "loop_index"})
"""Names that templates always find filled, so that a playbook cannot save under them."""

WRITE_TOOL = "write_file"


@dataclass(frozen=True, slots=True)
class Played:
    """What a playbook comes to: the answer, and the declared outputs that it has saved."""

    answer: str
    outputs: Mapping[str, Any]


Play = Generator[ToolCall, ToolResult, Played]
"""Yields each tool call, is sent its result, and returns what came of it all."""


def check_playable(agent: ResolvedAgent) -> None:
    """Refuse what could only fail on the way.

    Raises:
        UsageError: there is no playbook, or it has an action that this version cannot do.
    """
    if not agent.spec.playbook:
        raise UsageError(
            f"The agent '{agent.name}' has no playbook to run offline",
            detail="its model is 'offline', which does what a playbook says and asks no language model",
            hint=f"write a 'playbook:' in {agent.path.name}, or choose another model: --model script:FILE",
        )
    for number, action in enumerate(agent.spec.playbook, 1):
        if action.ask is not None:
            raise UsageError(
                f"The playbook of '{agent.name}' asks a question, which cannot be answered yet",
                detail=f"action {number}: {action.ask}",
                hint="take the 'ask' action out, or turn what it asks into an input; approvals come later",
            )
        if action.save in GIVEN_NAMES:
            raise UsageError(
                f"The playbook of '{agent.name}' saves a result under a name that is taken",
                detail=f"action {number}: save: {action.save}",
                hint=f"choose another name than {', '.join(sorted(GIVEN_NAMES))}",
            )


class Playbook:
    """One playing of an agent's playbook over one set of variables."""

    def __init__(self, agent: ResolvedAgent, variables: Mapping[str, Any]) -> None:
        self._agent = agent
        self._variables = dict(variables)
        self._calls = 0
        self._said: list[str] = []
        self._done: Counter[str] = Counter()
        self._written: list[str] = []

    def play(self) -> Play:
        """Go through the actions in order.

        ``save`` keeps a result for the templates after it; under ``for_each`` it keeps a list with
        the result of each pass that was not left out. Every ``say`` is a paragraph of the answer.

        Raises:
            ModelError: a tool failed or a template cannot be rendered; a playbook has no other way.
        """
        for number, action in enumerate(self._agent.spec.playbook, 1):
            results = []
            for scope in self._passes(number, action):
                results.append((yield from self._act(number, action, scope)))
            if action.save and action.for_each is not None:
                self._variables[action.save] = results
            elif action.save and results:
                self._variables[action.save] = results[0]
        saved = {name: self._variables[name] for name in self._agent.spec.output if name in self._variables}
        return Played("\n\n".join(self._said) or self._account(), saved)

    def _passes(self, number: int, action: Action) -> Iterator[dict[str, Any]]:
        """The variables of each time the action is done."""
        if action.for_each is None:
            if self._applies(number, action, self._variables):
                yield self._variables
            return
        name = self._name(number, "for_each")
        items = _rendered(templates.expression, action.for_each, self._variables, name)
        if not isinstance(items, list | dict):
            raise ModelError(
                "The playbook cannot go on",
                detail=f"{name} gives {_kind(items)}, not a list",
                hint="write an expression whose value is a list",
            )
        for index, item in enumerate(items, 1):
            scope = {**self._variables, "item": item, "loop_index": index}
            if self._applies(number, action, scope):
                yield scope

    def _applies(self, number: int, action: Action, scope: Mapping[str, Any]) -> bool:
        if action.when is None:
            return True
        return bool(_rendered(templates.expression, action.when, scope, self._name(number, "when")))

    def _act(
        self, number: int, action: Action, scope: Mapping[str, Any]
    ) -> Generator[ToolCall, ToolResult, Any]:
        if action.say is not None:
            text = _rendered(templates.render, action.say, scope, self._name(number, "say")).strip()
            if text:
                self._said.append(text)
            return text
        if action.write is not None:
            arguments = self._file(number, action, scope)
            result = yield from self._call(number, WRITE_TOOL, arguments)
            self._written.append(arguments["path"])
            return result
        assert action.tool is not None  # the spec has exactly one verb, and 'ask' was refused
        arguments = _rendered(templates.evaluate_all, action.with_, scope, self._name(number, "with"))
        result = yield from self._call(number, action.tool, arguments)
        self._done[action.tool] += 1
        return result

    def _call(
        self, number: int, tool: str, arguments: dict[str, Any]
    ) -> Generator[ToolCall, ToolResult, Any]:
        self._calls += 1
        result = yield ToolCall(f"call-{self._calls}", tool, arguments)
        if result.error:
            raise ModelError(
                f"The playbook stopped at action {number}: {tool} failed",
                detail=result.error,
                hint=f"mend the cause or the action in {self._agent.path.name}; nothing after it was done",
            )
        return result.value

    def _file(self, number: int, action: Action, scope: Mapping[str, Any]) -> dict[str, Any]:
        path = _rendered(templates.render, action.write, scope, self._name(number, "write")).strip()
        template, name = action.text, self._name(number, "text")
        if action.template is not None:
            template, name = self._agent.templates.get(action.template), action.template
        if template is None:
            raise ModelError(
                f"The template '{action.template}' is missing",
                detail=self._name(number, "template"),
                hint=f"put it into templates/ beside {self._agent.path.name}",
            )
        text = _rendered(templates.render, template, scope, name)
        # A report quotes what it found, and source can spell halves of surrogate pairs, which no file holds.
        return {"path": path, "text": text.encode("utf-8", "replace").decode()}

    def _name(self, number: int, key: str) -> str:
        return f"{self._agent.path.name}, playbook action {number}, {key}"

    def _account(self) -> str:
        """The answer of a playbook that says nothing: what it did."""
        deeds = [
            tool if times == 1 else f"{tool} ({plural(times, 'time')})" for tool, times in self._done.items()
        ]
        sentences = []
        if deeds:
            sentences.append(f"Ran {', '.join(deeds)}.")
        if self._written:
            shown = self._written[:5] + [f"{len(self._written) - 5:,} more"] * (len(self._written) > 5)
            sentences.append(f"Wrote {', '.join(shown)}.")
        return " ".join(sentences) or "Nothing was done: no action of the playbook applied."


def _rendered(render: Any, value: Any, scope: Mapping[str, Any], name: str) -> Any:
    try:
        return render(value, scope, name=name)
    except TemplateError as error:
        raise ModelError(error.title, detail=error.detail, hint=error.hint) from error


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
