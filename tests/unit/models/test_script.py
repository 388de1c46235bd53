"""Scripts: the document, its errors with their lines, and the model that answers from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paracle.app.domain.conversation import (
    Conversation,
    Malformed,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from paracle.app.domain.errors import ModelError, NotFound, ProjectError
from paracle.app.models.script import Script, ScriptedTurn, dump_script, load_script
from paracle.app.models.scripted import ScriptModel

WHOLE = """\
format: paracle-script/1
agent: reviewer
task: look
inputs: {paths: [src], day: 2024-01-31}
turns:
  - text: [Let me , look.]
    tool_calls:
      - tool: search
        with: {pattern: TODO}
      - tool: todo_scan
    usage: {input_tokens: 1200, output_tokens: 80, cost_usd: 0.0021}
  - text: Half an ans
    rate_limit: {retry_after: 1.5}
  - error: The provider is overloaded
  - malformed: '{"tool": "search", '
  - flood: {lines: 3, text: "row {n}"}
"""


@pytest.fixture
def script_file(tmp_path: Path) -> Path:
    path = tmp_path / "session.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    return path


async def listen(model: ScriptModel, conversation: Conversation) -> list[Part]:
    return [part async for part in model.respond(conversation)]


def answered(conversation: Conversation, *calls: ToolCall) -> Conversation:
    turn = Turn(calls=calls, results=tuple(ToolResult(call, {}) for call in calls))
    return replace(conversation, turns=(*conversation.turns, turn))


START = Conversation(instructions="", task="", inputs={})


async def test_turns_come_one_after_another_and_each_fault_once(script_file: Path) -> None:
    model = ScriptModel(load_script(script_file), "script:session.yaml")
    first = await listen(model, START)
    assert first == [
        Text("Let me"),
        Text("look."),
        ToolCall("call-1-1", "search", {"pattern": "TODO"}),
        ToolCall("call-1-2", "todo_scan", {}),
        Usage(1200, 80, 2100),
    ]
    second = answered(START, *(part for part in first if isinstance(part, ToolCall)))
    heard: list[Part] = []
    with pytest.raises(ModelError) as limited:
        async for part in model.respond(second):
            heard.append(part)
    assert heard == [Text("Half an ans")]
    assert limited.value.retry_after == 1.5
    with pytest.raises(ModelError, match="The provider is overloaded") as failed:
        await listen(model, second)
    assert failed.value.retry_after is None
    assert await listen(model, second) == [Malformed('{"tool": "search", ', "it is no tool call")]
    third = answered(second)
    assert await listen(model, third) == [Text("row 1\n"), Text("row 2\n"), Text("row 3\n")]
    with pytest.raises(ModelError, match="come to its end") as over:
        await listen(model, answered(third))
    assert "5 turns" in over.value.detail


async def test_a_new_model_goes_on_where_the_conversation_is(script_file: Path) -> None:
    model = ScriptModel(load_script(script_file), "script:session.yaml")
    assert len(await listen(model, answered(answered(START)))) == 3


async def test_asking_again_without_a_new_turn_gives_the_same_turn(script_file: Path) -> None:
    model = ScriptModel(load_script(script_file), "script:session.yaml")
    assert await listen(model, START) == await listen(model, START)


async def test_a_wait_can_be_cancelled() -> None:
    model = ScriptModel(Script(turns=(ScriptedTurn(text=("late",), delay=3600),)), "script:x")
    task = asyncio.create_task(listen(model, START))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_pace_is_kept() -> None:
    turn = ScriptedTurn.model_validate(
        {"text": ["a", "b"], "delay": 0.02, "chunk_delay": 0.02, "flood": {"lines": 30, "per_second": 1000}}
    )
    model = ScriptModel(Script(turns=(turn,)), "script:x")
    clock = asyncio.get_running_loop().time
    begun = clock()
    parts = await listen(model, START)
    assert len(parts) == 32
    assert clock() - begun >= 0.06


async def test_a_flood_lets_others_run() -> None:
    turn = ScriptedTurn.model_validate({"flood": {"lines": 20_000}})
    model = ScriptModel(Script(turns=(turn,)), "script:x")
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    lines = 0
    async for _ in model.respond(START):
        lines += 1
    counting.cancel()
    assert lines == 20_000
    assert others >= 100


def test_what_looks_like_a_date_stays_text(script_file: Path) -> None:
    assert load_script(script_file).inputs["day"] == "2024-01-31"


def test_a_dumped_script_is_the_same_script_and_reads_well(script_file: Path, tmp_path: Path) -> None:
    script = load_script(script_file)
    text = dump_script(script)
    again = tmp_path / "again.yaml"
    again.write_text(text, encoding="utf-8")
    assert load_script(again) == script
    assert dump_script(load_script(again)) == text
    assert text.startswith("format: paracle-script/1\nagent: reviewer\n")


def test_long_text_is_dumped_as_it_reads() -> None:
    script = Script(turns=(ScriptedTurn(text=("# Title\n\nA line.\n",)),))
    assert "text: |\n      # Title\n\n      A line.\n" in dump_script(script)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_turns = st.fixed_dictionaries(
    {"text": st.lists(st.text(), max_size=3)},
    optional={
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {"tool": st.text(min_size=1), "with": st.dictionaries(st.text(), _json, max_size=3)}
            ),
            max_size=2,
        ),
        "usage": st.fixed_dictionaries(
            {"input_tokens": st.integers(0, 10**9), "cost_usd": st.floats(0, 1000, allow_nan=False)}
        ),
        "malformed": st.text(),
        "delay": st.floats(0, 10),
        "error": st.text(),
    },
)


@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(_turns, max_size=4), task=st.text(), inputs=st.dictionaries(st.text(), _json, max_size=3)
)
def test_any_script_survives_being_dumped(
    tmp_path_factory: pytest.TempPathFactory, turns: list[dict[str, Any]], task: str, inputs: dict[str, Any]
) -> None:
    script = Script.model_validate({"turns": turns, "task": task, "inputs": inputs})
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    path.write_bytes(dump_script(script).encode("utf-8"))
    assert load_script(path) == script


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "a script is a mapping"),
        ("- a\n", 1, "a script is a mapping"),
        ("format: paracle-script/2\nturns: []\n", 1, "must be 'paracle-script/1'"),
        ("format: paracle-script/1\n", 1, "turns: this is missing"),
        ("turns:\n  - text: a\n  - txet: b\n", 3, "there is no 'txet' here"),
        ("turns:\n  - text: a\n  - delay: 1\n", 3, "at least one of"),
        ("turns:\n  - text: a\n    delay: soon\n", 3, "number"),
        ("turns:\n  - rate_limit: {retry_after: 1}\n    error: both\n", 2, "with one of"),
        ("turns: [\n", 2, ""),
        ("turns: &a [*a]\n", 1, "no aliases"),
        ("turns: !!python/object:os.system {}\n", 1, "no tags"),
        ("a: 1\nb: " + "[" * 100_000, 2, "nested more than 100"),
    ],
)
def test_a_script_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        load_script(path)
    assert line in {problem.line for problem in caught.value.problems}
    assert words in caught.value.detail


def test_every_fault_of_a_script_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("agnet: x\nturns:\n  - txt: a\n  - tool_calls: [{tol: b}]\n", encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        load_script(path)
    assert {problem.line for problem in caught.value.problems} == {1, 3, 4}
    assert "did you mean 'agent'?" in caught.value.detail


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"turns: []\n\xff\xfe\x00")
    with pytest.raises(ProjectError, match=r"x\.yaml:2"):
        load_script(binary)
    with pytest.raises(ProjectError, match="folder"):
        load_script(tmp_path)
    with pytest.raises(NotFound):
        load_script(tmp_path / "absent.yaml")
