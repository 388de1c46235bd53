"""The offline model plays a playbook; where it stands follows from the conversation alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.agents import ResolvedAgent
from paracle.app.domain.conversation import Conversation, Part, Text, ToolCall, ToolResult, Turn
from paracle.app.domain.errors import ModelError, UsageError
from paracle.app.domain.specs import AgentSpec
from paracle.app.models.offline import OfflineModel

PROJECT = {"project": {"name": "shop"}}


def agent(*actions: Mapping[str, Any], templates: Mapping[str, str] | None = None) -> ResolvedAgent:
    spec = AgentSpec.model_validate({"name": "tester", "playbook": actions})
    return ResolvedAgent(spec, "", Path("agents/tester.md"), templates=templates or {})


def conversation(**inputs: Any) -> Conversation:
    return Conversation(instructions="", task="look closely", inputs=inputs)


async def next_part(model: OfflineModel, so_far: Conversation) -> Part:
    parts = [part async for part in model.respond(so_far)]
    assert len(parts) == 1
    return parts[0]


def answered(so_far: Conversation, call: ToolCall, value: Any = None, error: str = "") -> Conversation:
    turn = Turn(calls=(call,), results=(ToolResult(call, value, error),))
    return replace(so_far, turns=(*so_far.turns, turn))


async def play(
    model: OfflineModel, so_far: Conversation, *values: Any
) -> tuple[list[ToolCall], str, Conversation]:
    """Answer each call with the next value until the model only speaks."""
    calls: list[ToolCall] = []
    waiting = list(values)
    while isinstance(part := await next_part(model, so_far), ToolCall):
        calls.append(part)
        so_far = answered(so_far, part, waiting.pop(0) if waiting else None)
    assert isinstance(part, Text)
    return calls, part.text, so_far


async def test_actions_become_calls_and_the_last_answer_is_what_it_says() -> None:
    model = OfflineModel(
        agent(
            {"tool": "search", "with": {"pattern": "TODO", "path": "{{ inputs.paths[0] }}"}, "save": "found"},
            {
                "write": "{{ project.name }}.md",
                "text": "{{ found.matches | length }} in {{ project.name }}\n",
            },
            {"say": "Found {{ found.matches | length }}; task: {{ inputs.task }}."},
        ),
        PROJECT,
    )
    calls, answer, _ = await play(model, conversation(paths=["src"]), {"matches": [1, 2]})
    assert [(call.name, call.arguments) for call in calls] == [
        ("search", {"pattern": "TODO", "path": "src"}),
        ("write_file", {"path": "shop.md", "text": "2 in shop\n"}),
    ]
    assert answer == "Found 2; task: look closely."


async def test_a_template_is_rendered_into_the_file() -> None:
    model = OfflineModel(
        agent({"write": "A.md", "template": "a.md.j2"}, templates={"a.md.j2": "# {{ project.name }}\n"}),
        PROJECT,
    )
    calls, _, _ = await play(model, conversation())
    assert calls[0].arguments["text"] == "# shop\n"


async def test_an_action_whose_condition_is_false_is_left_out() -> None:
    model = OfflineModel(
        agent(
            {"tool": "search", "with": {"pattern": "a"}, "when": "inputs.deep"},
            {"tool": "search", "with": {"pattern": "b"}, "when": "{{ not inputs.deep }}"},
            {"say": "Deep.", "when": "inputs.deep"},
            {"say": "Quick.", "when": "{{ not inputs.deep }}"},
        ),
        {},
    )
    calls, answer, _ = await play(model, conversation(deep=False))
    assert [call.arguments for call in calls] == [{"pattern": "b"}]
    assert answer == "Quick."


async def test_for_each_repeats_an_action_and_saves_a_list() -> None:
    model = OfflineModel(
        agent(
            {
                "tool": "read_file",
                "with": {"path": "{{ loop_index }}-{{ item }}"},
                "for_each": "inputs.paths",
                "when": "item != 'skip'",
                "save": "texts",
            },
            {"say": "{{ texts | join('+') }}"},
        ),
        {},
    )
    calls, answer, _ = await play(model, conversation(paths=["a", "skip", "b"]), "one", "two")
    assert [call.arguments["path"] for call in calls] == ["1-a", "3-b"]
    assert answer == "one+two"


async def test_several_says_are_paragraphs_of_one_answer() -> None:
    model = OfflineModel(agent({"say": "One."}, {"tool": "todo_scan"}, {"say": "Two."}), {})
    _, answer, _ = await play(model, conversation())
    assert answer == "One.\n\nTwo."


async def test_without_say_the_answer_is_what_was_done() -> None:
    model = OfflineModel(
        agent(
            {"tool": "todo_scan"},
            {"tool": "search", "for_each": "[1, 2]"},
            {"write": "A.md", "text": "a"},
        ),
        {},
    )
    _, answer, _ = await play(model, conversation())
    assert answer == "Ran todo_scan, search (2 times). Wrote A.md."


async def test_a_playbook_of_which_nothing_applies_says_so() -> None:
    model = OfflineModel(agent({"tool": "todo_scan", "when": "false"}), {})
    calls, answer, _ = await play(model, conversation())
    assert not calls
    assert answer == "Nothing was done: no action of the playbook applied."


LONG = agent(
    {"tool": "list_files", "save": "files"},
    {"tool": "read_file", "with": {"path": "{{ item }}"}, "for_each": "files", "save": "texts"},
    {"tool": "search", "with": {"pattern": "{{ texts[0] }}"}, "save": "found"},
    {"write": "OUT.md", "text": "{{ texts | join }} {{ found }}"},
    {"say": "{{ files | length }} files, {{ found }}"},
)
RESULTS = (["a", "b", "c"], "A", "B", "C", 42, {"path": "OUT.md"})


@pytest.mark.parametrize("done", range(7))
async def test_a_new_model_goes_on_from_any_position(done: int) -> None:
    calls, answer, whole = await play(OfflineModel(LONG, PROJECT), conversation(), *RESULTS)
    begun = replace(whole, turns=whole.turns[:done])
    rest, same_answer, _ = await play(OfflineModel(LONG, PROJECT), begun, *RESULTS[done:])
    assert rest == calls[done:]
    assert same_answer == answer == "3 files, 42"


async def test_asking_twice_with_the_same_conversation_gives_the_same_answer() -> None:
    model = OfflineModel(LONG, PROJECT)
    _, _, whole = await play(model, conversation(), *RESULTS)
    for length in (2, 2, 5, 1):
        begun = replace(whole, turns=whole.turns[:length])
        expected = await next_part(OfflineModel(LONG, PROJECT), begun)
        assert await next_part(model, begun) == expected


async def test_a_cancelled_question_can_be_asked_again() -> None:
    slow = agent({"tool": "search", "with": {"pattern": "{% for i in range(99999) %}{{ i }}{% endfor %}"}})
    model = OfflineModel(slow, {})
    task = asyncio.create_task(next_part(model, conversation()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await next_part(model, conversation()), ToolCall)


async def test_the_ids_of_calls_differ() -> None:
    calls, _, _ = await play(OfflineModel(LONG, PROJECT), conversation(), *RESULTS)
    assert len({call.id for call in calls}) == len(calls)


async def test_a_failing_tool_ends_the_run_with_its_error() -> None:
    model = OfflineModel(agent({"tool": "read_file", "with": {"path": "nope"}}, {"say": "fine"}), {})
    call = await next_part(model, conversation())
    assert isinstance(call, ToolCall)
    with pytest.raises(ModelError) as caught:
        await next_part(model, answered(conversation(), call, error="There is no file 'nope'"))
    assert "action 1" in caught.value.title
    assert caught.value.detail == "There is no file 'nope'"
    assert caught.value.retry_after is None


async def test_a_template_that_fails_ends_the_run_naming_action_and_name() -> None:
    model = OfflineModel(agent({"say": "ok"}, {"say": "{{ outline }}"}), {})
    with pytest.raises(ModelError) as caught:
        await next_part(model, conversation())
    assert "tester.md, playbook action 2, say:1: 'outline' is undefined" in caught.value.detail
    assert "inputs" in caught.value.hint


async def test_for_each_over_something_else_than_a_list_is_refused() -> None:
    model = OfflineModel(agent({"tool": "search", "for_each": "3"}), {})
    with pytest.raises(ModelError, match="a number, not a list"):
        await next_part(model, conversation())


async def test_a_run_that_does_not_fit_the_playbook_is_refused() -> None:
    other = ToolCall("call-1", "read_file", {"path": "x"})
    with pytest.raises(ModelError, match="does not fit") as caught:
        await next_part(OfflineModel(LONG, PROJECT), answered(conversation(), other))
    assert "list_files" in caught.value.detail


async def test_a_thousand_actions_are_played_without_starting_over() -> None:
    # Each pass renders a thousand numbers: starting over for each of them would take minutes.
    heavy = "{% for i in range(1000) %}{{ i }}{% endfor %}{{ item }}"
    model = OfflineModel(agent({"tool": "search", "with": {"pattern": heavy}, "for_each": "range(1000)"}), {})
    calls, _, _ = await play(model, conversation())
    assert len(calls) == 1000


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ((), "has no playbook"),
        (({"say": "hi"}, {"ask": "May I?"}), "asks a question"),
        (({"tool": "search", "save": "inputs"},), "name that is taken"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_starts(actions: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        OfflineModel(agent(*actions), {})
    assert caught.value.hint
