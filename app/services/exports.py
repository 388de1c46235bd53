"""A finished execution as a script that replays it: the same answers, the same tool calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..domain.errors import Conflict
from ..domain.events import FINAL_KINDS, Event, Kind
from ..domain.executions import Execution
from ..domain.words import MICRO
from ..models.script import RateLimit, Script, ScriptedCall, ScriptedTurn, ScriptedUsage, dump_script
from .workspace import Workspace


def export_script(workspace: Workspace, execution: Execution) -> str:
    """The text of a script file for ``--model script:FILE``.

    A run that failed or was stopped replays up to there and then fails with the recorded words. What a run
    took over from another is part of its script.

    Raises:
        Conflict: the execution has not finished, so there is no whole story to tell.
    """
    from ..engine.origins import record_of

    if not execution.state.is_final:
        raise Conflict(
            f"Execution {execution.short} cannot be exported: it {execution.state.predicate}",
            hint="only what has ended can be replayed; 'paracle runs watch' waits for the end",
        )
    return dump_script(_script(execution, record_of(workspace.store, execution.id).events))


def _script(execution: Execution, events: Iterable[Event]) -> Script:
    inputs: Mapping[str, Any] = {}
    task = ""
    turns: list[ScriptedTurn] = []
    asked = False
    for event in events:
        payload = event.payload
        match event.kind:
            case Kind.QUEUED:
                inputs = {name: value for name, value in payload["inputs"].items() if name != "task"}
                task = payload["task"]
            case Kind.RETRIED:
                turns.append(ScriptedTurn(rate_limit=RateLimit(retry_after=0)))
            case Kind.STEP_COMPLETED if payload["action"] == "model":
                asked = True
                turns.append(_model_turn(payload["result"], payload["usage"]))
            case Kind.STEP_STARTED if payload["action"] == "tool" and not asked:
                # A playbook makes one call a turn and records no model step.
                turns.append(_turn(tool_calls=_calls([payload])))
            case kind if kind in FINAL_KINDS:
                turns += _ending(event, asked)
    return Script(
        agent=execution.agent,
        task=task,
        inputs=inputs,
        note=f"Recorded from execution {execution.id} with model {execution.model}.",
        turns=tuple(turns),
    )


def _model_turn(result: Mapping[str, Any], usage: Mapping[str, int] | None) -> ScriptedTurn:
    said: dict[str, Any] = {}
    if result["text"] or not (result["calls"] or result["malformed"]):
        said["text"] = result["text"]
    if result["calls"]:
        said["tool_calls"] = _calls(result["calls"])
    if result["malformed"]:
        said["malformed"] = "\n".join(entry["raw"] for entry in result["malformed"])
    if usage and any(usage.values()):
        said["usage"] = ScriptedUsage(
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cost_usd=usage["cost_micro"] / MICRO,
        )
    return _turn(**said)


def _calls(recorded: Iterable[Mapping[str, Any]]) -> tuple[ScriptedCall, ...]:
    return tuple(
        ScriptedCall.model_validate({"tool": call["name"], "with": call["arguments"]}) for call in recorded
    )


def _turn(**said: Any) -> ScriptedTurn:
    return ScriptedTurn.model_validate(said)


def _ending(event: Event, asked: bool) -> Iterator[ScriptedTurn]:
    """What comes after the recorded turns: the answer of a playbook, or how the run broke off."""
    if event.kind is Kind.COMPLETED:
        if not asked:
            yield _turn(text=event.payload["receipt"]["answer"])
    elif event.kind is Kind.FAILED:
        yield _turn(error=event.payload["error"]["title"])
    else:
        yield _turn(error=f"The recorded run ended here: {event.payload['reason']}")
