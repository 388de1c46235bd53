"""What goes on behind a review: its checks, and the agent that works on what was sent to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from paracle.app.services import trust
from paracle.screens.review import ReviewScreen
from tests.support.reviewing import Reviewing, make_run, reviewing
from tests.support.studio import Studio, commands, says, writes

PASSES, FAILS = "grep -q 'return 10' shop/parts.py", "sh -c 'echo too bad; exit 3'"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def with_checks(studio: Studio, *commands: str) -> str:
    """A project that names checks and is trusted; gives the id of a run that was made before."""
    run = make_run(studio)
    lines = "".join(f'  - "{command}"\n' for command in commands)
    studio.files.write("project.yaml", f"name: shop\nchecks:\n{lines}")
    return run


def trusted(studio: Studio) -> None:
    with studio.open() as here:
        trust.accept(here, trust.look(here))


async def run_checks(here: Reviewing) -> None:
    await here.press("C")
    await here.see("r run them")
    await here.press("r")


async def test_checks_run_beside_the_diff_and_a_failed_one_shows_what_it_said(studio: Studio) -> None:
    run = await asyncio.to_thread(with_checks, studio, PASSES, FAILS)
    await asyncio.to_thread(trusted, studio)
    async with reviewing(studio, run) as here:
        await here.see("C checks: –")
        await run_checks(here)
        await here.see("checks: ✓ grep  ✗ sh")
        await here.press("C")
        await here.see("✓ grep -q", "✗ sh -c", "failed, exit 3", "enter output of sh", "r run them again")
        await here.press("enter")
        await here.see("✗ sh -c", "too bad")
        await here.press("escape")
        await here.see("M Merge")
    async with reviewing(studio, run) as here:  # they are kept for this tip
        await here.see("checks: ✓ grep  ✗ sh")


async def test_a_project_that_is_not_trusted_runs_no_check_and_says_how_it_would(studio: Studio) -> None:
    run = await asyncio.to_thread(with_checks, studio, FAILS)
    async with reviewing(studio, run) as here:
        await run_checks(here)
        await here.see("paracle trust")
        await here.see("C checks: –")


async def test_a_project_without_checks_says_where_they_are_named(studio: Studio) -> None:
    run = await asyncio.to_thread(make_run, studio)
    async with reviewing(studio, run) as here:
        await here.press("C")
        await here.see("None ran on this commit", "checks: [pytest -q]")
        await here.press("r")
        await here.see("This project names no checks")


async def test_what_was_said_goes_to_the_agent_and_what_it_does_is_reviewed_at_once(
    studio: Studio, tmp_path: Path
) -> None:
    run = await asyncio.to_thread(make_run, studio)
    go_on = tmp_path / "go on"
    waits = commands("sh", "-c", f"while [ ! -e '{go_on}' ]; do sleep 0.02; done")
    async with reviewing(studio, run) as here:
        send = here.key("send")
        assert send is not None
        assert not send.enabled
        assert isinstance(here.app.screen, ReviewScreen)
        assert here.app.screen.why_not("send") == "reject a hunk or write a note first"
        here.diff.go_to("shop/parts.py", hunk=0)
        await here.press("space")
        await here.see("1 of 3 accepted")
        here.diff.go_to("docs/api.md", hunk=0)
        await here.press("minus")
        await here.see("1 rejected")
        await here.press("c")
        await here.write("eleven?")
        await here.press("enter")
        await here.see("✎ eleven?")
        studio.script(waits, writes("docs/api.md", "# API\n\nEleven parts.\n"), says("Better now."))
        await here.press("S")
        await here.see("Send 1 note and 1 rejected hunk to worker?", "The model script:", "y send it")
        await here.press("S")  # the key that asked does not confirm
        await here.see("y send it")
        await here.press("y")
        await here.see("worker running: run_command", "S Send")
        assert here.app.screen.why_not("merge").endswith("is running")
        go_on.touch()
        await here.see("Eleven parts.", "1 of 3 accepted", "Better now.")
        await here.see_no_more("Ten parts.", "running")
        assert here.app.screen.why_not("merge") == ""
        here.diff.go_to("docs/api.md", hunk=0)
        await here.see("step")
        here.diff.go_to("shop/parts.py", hunk=0)
        await here.press("c")
        await here.write("why thirteen?")
        await here.press("enter")
        await here.see("✎ why thirteen?")
        studio.script(says("Because."))
        await here.press("S")
        await here.see("Send 1 note to worker?")
        await here.press("y")
        await here.see("✎ why thirteen? · sent", "Because.")
        await here.see_no_more("running")
        assert here.app.screen.why_not("send").startswith("all was sent")
    async with reviewing(studio, run) as here:
        await here.see("Eleven parts.", "1 of 3 accepted")
