"""Functions of a program as hooks, by the Python API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paracle import Engine, Project
from paracle.app.domain.errors import UsageError
from paracle.app.domain.executions import Receipt
from paracle.app.domain.occasions import Decision, Vetoed
from paracle.app.domain.states import State
from paracle.app.engine.gate import Gate
from paracle.app.engine.hooks import HookRegistry
from paracle.app.engine.hooks import Hooks as EngineHooks
from paracle.app.engine.journal import Journal
from paracle.app.engine.past import StepResult
from paracle.app.engine.steps import Steps
from paracle.app.services.workspace import Workspace
from paracle.app.store.store import Store
from tests.support.drafts import queued, started
from tests.support.hooking import Hooks, changes, warned
from tests.support.studio import Studio, reads, says, writes

Told = Mapping[str, Any]


def run(studio: Studio, here: Workspace) -> tuple[Receipt, str]:
    """Write a.txt, read a file, answer; gives what the account tells besides."""
    handle = studio.start(here, writes("a.txt", "one\n"), reads("README.md"), says())
    return handle.wait(), warned(list(handle.events()))


def written(receipt: Receipt) -> list[str]:
    return [change.path for change in receipt.files]


def test_plain_functions_and_coroutines_are_asked_and_told(studio: Studio) -> None:
    seen: list[tuple[str, str]] = []

    def before(told: Told) -> None:
        seen.append((told["kind"], told["name"]))

    async def after(told: Told) -> None:
        await asyncio.sleep(0)
        seen.append((told["kind"], told["name"]))

    with studio.open() as here:
        here.hooks.add("tool.before", before, match={"tool": "write_file"})
        here.hooks.add("tool.after", after)
        receipt, _ = run(studio, here)
    assert receipt.state is State.COMPLETED
    assert seen == [("tool.before", "write_file"), ("tool.after", "write_file"), ("tool.after", "read_file")]


def test_a_function_refuses_and_changes(studio: Studio) -> None:
    def guard(told: Told) -> Any:
        if told["name"] == "read_file":
            return {"veto": "no reading"}
        return {"arguments": {**told["arguments"], "path": "b.txt"}}

    with studio.open() as here:
        here.hooks.add("tool.before", guard)
        receipt, _ = run(studio, here)
    assert (written(receipt), receipt.refused) == (["b.txt"], 1)


def test_what_a_function_does_to_its_own_copy_changes_nothing(studio: Studio) -> None:
    def meddle(told: Any) -> None:
        told["arguments"]["path"] = "b.txt"

    with studio.open() as here:
        here.hooks.add("tool.before", meddle, match={"tool": "write_file"})
        receipt, _ = run(studio, here)
    assert written(receipt) == ["a.txt"]


def test_a_hook_that_is_removed_is_asked_no_more(studio: Studio) -> None:
    seen: list[Told] = []
    with studio.open() as here:
        kept = here.hooks.add("model.before", seen.append)
        gone = here.hooks.add("model.before", lambda told: {"veto": "never"})
        here.hooks.remove(gone)
        here.hooks.remove(gone)
        receipt, _ = run(studio, here)
        asked = len(seen)
        here.hooks.remove(kept)
        run(studio, here)
    assert (receipt.state, len(seen)) == (State.COMPLETED, asked)
    assert asked == 3


def test_whatever_a_function_raises_stays_its_own(studio: Studio) -> None:
    def broken(told: Told) -> None:
        raise LookupError("a bug")

    async def stuck(told: Told) -> None:
        await asyncio.Event().wait()

    with studio.open() as here:
        here.hooks.add("tool.before", broken, match={"tool": "write_file"}, name="first")
        here.hooks.add("tool.before", stuck, match={"tool": "write_file"}, timeout=0.05, name="second")
        here.hooks.add("execution.after", broken)
        receipt, told = run(studio, here)
    assert (receipt.state, written(receipt)) == (State.COMPLETED, ["a.txt"])
    assert "The hook 'first' (tool.before) failed, and changed nothing: LookupError: a bug" in told
    assert "The hook 'second' (tool.before) failed, and changed nothing: it took longer than 0.05 s" in told
    assert "broken' (execution.after) failed" in told


def test_a_coroutine_may_wait_for_several_things_before_it_decides(studio: Studio) -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("not there")

    async def guard(told: Told) -> Any:
        await asyncio.sleep(0.001)
        looking = asyncio.create_task(fails())
        try:
            await looking
        except LookupError as error:
            return {"veto": f"{told['name']}: {error}"}

    with studio.open() as here:
        here.hooks.add("tool.before", guard, match={"tool": "write_file"})
        receipt, _ = run(studio, here)
    assert (written(receipt), receipt.refused) == ([], 1)


def test_a_coroutine_that_takes_too_long_may_clean_up(studio: Studio) -> None:
    seen: list[str] = []

    async def stuck(told: Told) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    with studio.open() as here:
        here.hooks.add("tool.before", stuck, match={"tool": "write_file"}, timeout=0.05, on_failure="veto")
        receipt, _ = run(studio, here)
    assert (written(receipt), receipt.refused, seen) == ([], 1, ["cleaned up"])


def test_what_a_coroutine_gives_is_not_waited_for_once_more(studio: Studio) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    async def careless(told: Told) -> Any:
        return asyncio.ensure_future(endless())

    with studio.open() as here:
        here.hooks.add("tool.before", careless, match={"tool": "write_file"})
        receipt, told = run(studio, here)
    assert written(receipt) == ["a.txt"]
    assert "it gave Task where an object is expected" in told


def test_a_function_whose_failure_is_a_veto_refuses(studio: Studio) -> None:
    def broken(told: Told) -> None:
        raise LookupError("a bug")

    with studio.open() as here:
        here.hooks.add("execution.before", broken, on_failure="veto")
        with pytest.raises(Vetoed, match="it failed: LookupError: a bug"):
            run(studio, here)


def test_a_program_hears_of_what_the_project_s_own_hooks_have_made(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", changes(path="b.txt"), match={"tool": "write_file"})
    hooks.trust()
    paths: list[str] = []
    with studio.open() as here:
        here.hooks.add("tool.before", lambda told: paths.append(told["arguments"]["path"]))
        run(studio, here)
    assert paths == ["b.txt", "README.md"]


def test_the_python_api_has_its_hooks_on_the_engine(studio: Studio) -> None:
    with Engine(Project.open(studio.repo.folder)) as engine:
        engine.hooks.add("execution.before", lambda told: {"veto": "not today"})
        with pytest.raises(Vetoed, match="not today"):
            engine.run("worker", model=studio.script(says()))
        assert engine.executions() == ()


@pytest.mark.parametrize(
    ("on", "match", "words"),
    [
        ("tool.befor", {}, "There is nothing called 'tool.befor'"),
        ("model.before", {"tool": "x"}, "'match.tool' never fits 'model.before'"),
        ("tool.before", {"tol": "x"}, "'tol'"),
    ],
)
def test_a_hook_that_could_never_be_called_is_refused(
    studio: Studio, on: Any, match: dict[str, str], words: str
) -> None:
    with studio.open() as here, pytest.raises(UsageError, match=words):
        here.hooks.add(on, print, match=match)


async def test_a_change_during_a_pause_holds_for_what_waits_for_its_end(tmp_path: Path) -> None:
    registry, gate, heard = HookRegistry(), Gate(), list[str]()
    removed = registry.add("tool.before", lambda told: heard.append("removed"))
    with Store(tmp_path) as store:
        await store.create("aaaa000000", queued())
        await store.append("aaaa000000", [started()])
        hooks = EngineHooks((), registry, tmp_path, heard.append)
        steps = Steps(Journal(store, "aaaa000000"), gate, hooks=hooks)

        async def act(step: int) -> StepResult:
            return StepResult({})

        async def do(decision: Decision) -> StepResult:
            return await steps.run("tool", "act", {}, act, key="key", idempotent=True, decision=decision)

        gate.close()
        waiting = asyncio.ensure_future(steps.around("tool", "act", {}, do, key="key"))
        await asyncio.sleep(0)
        registry.remove(removed)
        registry.add("tool.before", lambda told: heard.append("added"))
        gate.open()
        await waiting
    assert heard == ["added"]
