"""A command in the worktree of a run, from the workbench."""

from pathlib import Path

import pytest

from paracle.app.domain.by_hand import ManualEnd
from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.app.services import trust
from paracle.app.services.workspace import Workspace
from tests.cli.command import AGENT, call, make_project, write_script
from tests.tui.driving import Driver, workbench


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an agent that takes its time, and two commands that it allows and nobody trusts yet."""
    folder = make_project(tmp_path / "shop")
    write = {"tool_calls": [call("write_file", path="a.txt", text="words\n")]}
    model = write_script(
        tmp_path / "waiter.json", write, {"text": ["one\n", "never said"], "chunk_delay": 3600}
    )
    text = AGENT.replace("name: worker", "name: waiter").replace("model: offline", f"model: {model}")
    text = text.replace("shell: allow", "shell: ask")
    (folder / ".parac" / "agents" / "specs" / "waiter.md").write_text(text)
    settings = "name: shop\nworktree: {commands: [cat, touch]}\n"
    (folder / ".parac" / "project.yaml").write_text(settings)
    return folder


def trusted(project: Path) -> None:
    with Workspace.open(project) as here:
        trust.accept(here, trust.look(here))


async def written(bench: Driver, identifier: str) -> None:
    """Wait until the agent has written its file."""
    store = bench.app.workspace.store
    await bench.until(
        lambda: any(one.kind is Kind.COMMIT for one in store.telling_events(identifier)), "a commit"
    )


async def test_a_command_is_typed_at_the_foot_of_the_run_and_its_output_is_in_the_log(project: Path) -> None:
    trusted(project)
    async with workbench(project) as bench:
        row = await bench.run("waiter")
        await written(bench, row.id)
        await bench.press("exclamation_mark")
        await bench.see("Run in the worktree of", "Allowed: cat")
        await bench.write("cat a.txt")
        await bench.press("enter")
        await bench.see_no_more("Run in the worktree of")
        await bench.see("runs: cat a.txt", "words", "exit 0")
        (ran,) = [one for one in bench.app.workspace.store.events(row.id) if one.kind is Kind.RAN]
        assert ManualEnd.from_dict(ran.payload).output == "words"
        await bench.press("x")
        assert (await bench.ended(row.id)).state is State.TERMINATED
        key = bench.key("run_command")
        assert key is not None
        assert not key.enabled
        why = bench.app.screen.why_not("run_command")  # type: ignore[attr-defined]
        assert why == f"{row.short} is stopped, and its worktree is put away"


async def test_what_is_not_allowed_is_said_in_place_and_can_be_mended(project: Path) -> None:
    trusted(project)
    async with workbench(project) as bench:
        row = await bench.run("waiter")
        await written(bench, row.id)
        await bench.press("exclamation_mark")
        await bench.see("Allowed: cat")
        await bench.write("rm a.txt")
        await bench.press("enter")
        await bench.see("'rm a.txt' is not allowed")
        await bench.press("ctrl+u")
        await bench.write("touch b.txt")
        await bench.press("enter")
        await bench.see("touch b.txt: exit 0", "run touch b.txt")


async def test_a_project_that_nobody_trusts_is_asked_about_first(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("waiter")
        await written(bench, row.id)
        await bench.press("exclamation_mark")
        await bench.see("This project's commands are not trusted", "paracle trust")
        assert bench.row(row.id).state is State.RUNNING
