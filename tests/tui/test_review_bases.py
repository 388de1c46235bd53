"""What a review is compared with, and the steps that stand beside its hunks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.reviewing import Reviewing, make_run, reviewing
from tests.support.studio import Studio, commands, says
from tests.tui.hosting import SMALL


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
async def run(studio: Studio) -> str:
    return await asyncio.to_thread(make_run, studio)


def listed(here: Reviewing) -> list[str]:
    return [file.path for file in here.files.shown]


async def compare_with(here: Reviewing, name: str) -> None:
    await here.press("b")
    await here.see("r any branch, tag or commit")
    await here.press("r")
    await here.see("Compare with a branch, a tag or a commit")
    await here.press("ctrl+u")
    await here.write(name)
    await here.press("enter")


@pytest.mark.parametrize("size", [SMALL, (120, 40)], ids=["80x24", "120x40"])
async def test_the_step_and_the_tool_stand_beside_the_hunks_they_wrote(
    studio: Studio, run: str, size: tuple[int, int]
) -> None:
    async with reviewing(studio, run, size) as here:
        await here.see("step 2 write_file  hunk 1 of 2", "step 4 write_file  hunk 1 of 1")
        await here.press("z")
        await here.until(lambda: here.diff.context == 10, "more around")
        await here.see("step 2 write_file")


async def test_against_the_last_step_nothing_can_be_decided_and_the_keys_say_why(
    studio: Studio, run: str
) -> None:
    async with reviewing(studio, run) as here:
        here.diff.go_to("shop/parts.py", hunk=0)
        await here.press("space")
        await here.see("1 of 3 accepted", "b Base: fork")
        await here.press("b")
        await here.see("f ▸the recorded fork", "u uncommitted only (its work tree was put away")
        await here.press("s")
        await here.see("b Base: before the last step")
        assert listed(here) == ["docs/api.md"]
        for action in ("judge(True)", "judge(False)", "lines", "accept_file", "note", "review"):
            key = here.key(action)
            assert key is not None
            assert not key.enabled
        assert "since the fork: b, then f" in here.diff.why_not("judge")
        assert "since the fork: b, then f" in here.files.why_not("judge")
        await here.press("space", "b")
        await here.see("s ▸before the last step")
        await here.press("f")
        await here.see("b Base: fork", "✓ accepted", "1 of 3 accepted")
        assert listed(here) == ["docs/api.md", "shop/parts.py"]
        assert here.diff.why_not("judge") == ""


async def test_any_commit_is_typed_and_completed(studio: Studio, run: str) -> None:
    studio.repo.commit("docs: mine", notes_py="mine\n")
    studio.repo.git("branch", "elsewhere")
    async with reviewing(studio, run) as here:
        await here.press("b", "r")
        await here.see("Compare with a branch")
        await here.write("elsew")
        await here.see("elsewhere")  # the rest is offered
        await here.press("right", "enter")
        await here.see("b Base: elsewhere", "D notes.py")
        await here.press("R")  # read again, it stays
        await here.see("D notes.py")


async def test_a_name_that_git_does_not_know_is_refused_where_it_is_typed(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await compare_with(here, "nowhere")
        await here.see("✗ git knows no commit 'nowhere': name a branch, a tag or a commit")
        await here.write("x")
        await here.see_no_more("git knows no commit")
        await here.press("ctrl+u")
        await here.write("main~1")
        await here.press("enter")
        await here.see("b Base: main~1")


async def test_what_is_in_no_commit_is_shown_alone(studio: Studio) -> None:
    ignored = "echo '*.keep' > .gitignore; echo one > kept.keep; echo a > a.txt"  # so the work tree stays
    receipt, _ = await asyncio.to_thread(studio.run, commands("sh", "-c", ignored), says("Done."))
    (Path(receipt.worktree) / "a.txt").write_text("by hand\n")
    async with reviewing(studio, receipt.execution) as here:
        await here.press("b", "u")
        await here.see("b Base: uncommitted", "by hand")
        assert listed(here) == ["a.txt"]
        assert here.diff.steps == {}
