"""The review: what it shows of a run, what is decided there and kept, and what merging brings."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest

from paracle.app.services import history
from paracle.app.services import review as service
from tests.support.reviewing import BETTER, CODE, Reviewing, make_run, reviewing, run_again
from tests.support.studio import Studio, says
from tests.tui.driving import workbench
from tests.tui.hosting import SMALL


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
async def run(studio: Studio) -> str:
    return await asyncio.to_thread(make_run, studio)


def parts(studio: Studio) -> str:
    return (studio.repo.folder / "shop" / "parts.py").read_text()


async def accept_first_hunk_of_code(here: Reviewing) -> None:
    here.diff.go_to("shop/parts.py", hunk=0)
    await here.press("space")
    await here.see("◐ M parts.py", "1 of 3 accepted")


async def test_a_review_shows_whose_work_it_is_where_it_goes_and_how_that_ends(
    studio: Studio, run: str
) -> None:
    async with reviewing(studio, run) as here:
        await here.see(f"{run[:4]} worker", "→ main", "✓ merges cleanly", "A api.md", "M parts.py", "0/2")
        await here.see("return 10", "M Merge", "D Discard", "u Undo")
        await here.press("escape")
        await here.see("Explorer", "Executions")


async def test_the_branches_are_a_digit_away_and_enter_opens_one(studio: Studio, run: str) -> None:
    async with workbench(studio.repo.folder) as bench:
        await bench.see("Executions")
        await bench.press("3")
        await bench.see("1 branch", f"{run[:4]} worker", "↑2 ↓0", "2 f", "+5 −2", "open")
        await bench.press("enter")
        await bench.see("→ main", "✓ merges cleanly", "M parts.py")
        await bench.press("escape")
        await bench.see("Branches", "1 branch")
        await bench.press("1")
        await bench.see("Explorer")


async def test_the_list_says_what_is_merged_once_one_comes_back(studio: Studio, run: str) -> None:
    async with workbench(studio.repo.folder) as bench:
        await bench.press("3")
        await bench.see("1 branch")
        await bench.press("enter")
        await bench.see("✓ merges cleanly")
        await bench.press("M")
        await bench.see("✓ merges cleanly · 2 files")
        await bench.press("enter")
        await bench.see("✓ main has it all")
        await bench.press("escape")
        await bench.see("✓ merged", "↑0 ↓1")


async def test_two_branches_that_touch_the_same_lines_carry_a_badge(studio: Studio, run: str) -> None:
    other = await asyncio.to_thread(run_again, studio, CODE.replace("return 0", "return 99"))
    async with workbench(studio.repo.folder) as bench:
        await bench.press("3")
        await bench.see("⚡ 1 pair clashes", f"⚡ clashes with {run[:4]}", f"⚡ clashes with {other[:4]}")
        await bench.press("slash")
        await bench.write(f"clashes {run[:4]}")
        await bench.press("enter")
        await bench.press("enter")
        await bench.see("✓ merges cleanly", "⚡ clashes with")


async def test_a_project_without_branches_says_how_to_make_one(studio: Studio) -> None:
    async with workbench(studio.repo.folder) as bench:
        await bench.press("3")
        await bench.see("No branch to review", "goes to the workbench")
        await bench.press("1")
        await bench.see("Explorer")


async def test_what_is_accepted_and_rejected_is_marked_and_there_another_day(
    studio: Studio, run: str
) -> None:
    async with reviewing(studio, run) as here:
        await accept_first_hunk_of_code(here)
        here.diff.go_to("docs/api.md")
        await here.press("minus")
        await here.see("✗ A api.md", "1 of 3 accepted · 1 rejected")
    async with reviewing(studio, run) as here:
        await here.see("◐ M parts.py", "✗ A api.md", "1 of 3 accepted · 1 rejected")
        here.diff.go_to("docs/api.md")
        await here.press("minus")  # the same again takes it back
        await here.see_no_more("rejected")


async def test_a_decision_of_the_last_moment_is_kept(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        here.diff.go_to("docs/api.md")
        await here.press("space", "escape")
        await here.see("Explorer")
    with studio.open() as later:
        row = later.store.execution(run)
        assert service.load(later, row).files["docs/api.md"]


async def test_files_are_judged_whole_in_their_list(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await here.press("tab", "end", "space")
        await here.see("✓ M parts.py", "2/2", "2 of 3 accepted")
        await here.press("enter")
        await here.until(lambda: here.diff.has_focus, "in the diff")
        assert here.diff.file is not None
        assert here.diff.file.path == "shop/parts.py"
        assert here.app.screen.focused is here.diff


async def test_the_list_of_files_is_narrowed_by_typing(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await here.press("tab", "slash")
        await here.write("api")
        await here.until(lambda: [file.path for file in here.files.shown] == ["docs/api.md"], "narrowed")
        await here.press("enter", "escape")
        await here.until(lambda: len(here.files.shown) == 2, "widened")


async def test_only_what_is_accepted_is_merged_and_undo_takes_it_back(studio: Studio, run: str) -> None:
    before = studio.repo.head
    async with reviewing(studio, run) as here:
        await accept_first_hunk_of_code(here)
        await here.ask_to_merge()
        await here.see("Merge what is accepted", "✓ merges cleanly", "1 file", "▸squash")
        await here.press("enter")
        await here.see("squash a part of", "u takes it back")
        assert parts(studio) == CODE.replace("return 0", "return 10")
        assert not (studio.repo.folder / "docs").exists()
        await here.press("u")
        await here.see("Undo: squash a part of", "main goes back from", "y undo it")
        await here.press("u")  # the key that asked does not confirm
        assert studio.repo.head != before
        await here.press("y")
        await here.see("undo: squash a part of")
    assert studio.repo.head == before
    assert parts(studio) == CODE


@pytest.mark.parametrize(("key", "commits"), [("m", 3), ("s", 1), ("f", 2)])
async def test_a_whole_branch_is_merged_the_way_that_is_chosen(
    studio: Studio, run: str, key: str, commits: int
) -> None:
    before = studio.repo.head
    async with reviewing(studio, run) as here:
        await here.ask_to_merge()
        if key != "m":
            await here.press(key)
            await here.see({"s": "▸squash", "f": "▸fast-forward"}[key])
            await here.see_no_more("being looked at")
        await here.press("enter")
        await here.see("u takes it back", "✓ main has it all")
    assert parts(studio) == BETTER
    assert studio.repo.git("rev-list", "--count", f"{before}..HEAD") == str(commits)


async def test_with_a_rejected_hunk_the_whole_branch_says_so(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        here.diff.go_to("docs/api.md")
        await here.press("minus")
        await here.see("1 rejected")
        await here.ask_to_merge()
        await here.see("The whole branch, with the 1 rejected hunk too.")


async def test_a_dirty_target_is_said_with_what_can_be_done(studio: Studio, run: str) -> None:
    studio.repo.write("README.md", "# shop, changed\n")
    async with reviewing(studio, run) as here:
        await here.see("⚠ main cannot move now")
        await here.ask_to_merge()
        await here.see("README.md: uncommitted changes", "Commit or stash", "a apply as uncommitted changes")
        before = studio.repo.head
        await here.press("enter")  # dim: nothing happens
        await here.press("a")
        await here.see("apply exec/", "u takes it back")
        assert studio.repo.head == before
    assert parts(studio) == BETTER
    assert (studio.repo.folder / "README.md").read_text() == "# shop, changed\n"


async def test_a_target_that_moved_is_looked_at_again_before_anything_is_done(
    studio: Studio, run: str
) -> None:
    async with reviewing(studio, run) as here:
        await here.ask_to_merge()
        studio.repo.commit("docs: mine", mine_py="mine\n")
        moved = studio.repo.head
        await here.press("enter")
        await here.see("main has moved since you looked")
        assert studio.repo.head == moved
        await here.see_no_more("being looked at")
        await here.press("enter")
        await here.see("u takes it back")
    assert parts(studio) == BETTER
    assert (studio.repo.folder / "mine.py").read_text() == "mine\n"


async def test_a_discarded_branch_comes_back(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await here.press("D")
        await here.see("Discard", "2 files", "stays in the archive", "y discard it")
        await here.press("D")
        assert len(await asyncio.to_thread(history.branches, here.app.workspace)) == 1
        await here.press("y")
        await here.see("discard exec/", "u takes it back")
        assert await asyncio.to_thread(history.branches, here.app.workspace) == ()
        await here.press("u")
        await here.see("comes back at")
        await here.press("y")
        await here.see("undo: discard", "✓ merges cleanly")


async def test_escape_leaves_a_question_and_changes_nothing(studio: Studio, run: str) -> None:
    before = studio.fingerprint()
    async with reviewing(studio, run) as here:
        for key in ("M", "D"):
            await here.press(key)
            await here.see("esc leave it")
            await here.press("escape")
            await here.see_no_more("esc leave it")
        await here.until(lambda: here.diff.has_focus, "back in the diff")
    assert studio.fingerprint() == before


async def test_a_note_is_written_shown_and_taken_away(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        here.diff.go_to("docs/api.md", hunk=0)
        await here.press("j", "c")
        await here.see("Note on docs/api.md, line 1")
        await here.write("which ten?")
        await here.press("enter")
        await here.see("✎ which ten?")
        await here.press("c", "ctrl+u", "enter")
        await here.see_no_more("which ten?")


async def test_words_are_searched_and_escape_forgets_them(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await here.press("slash")
        await here.write("13")
        await here.press("enter")
        await here.until(lambda: here.diff.place is not None and here.diff.place.number == 23, "found")
        await here.press("slash", "escape")
        assert here.diff.needle == ""


async def test_more_context_and_white_space_are_read_again(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await accept_first_hunk_of_code(here)
        await here.see_no_more("def part_1")
        await here.press("z")
        await here.see("def part_1")
        assert here.diff.context == 10
        await here.see("◐ M parts.py", "1 of 3 accepted")
        await here.press("w")
        await here.until(lambda: here.diff.ignore_whitespace, "ignored")


async def test_what_was_reviewed_counts_in_a_rerun(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        here.diff.go_to("docs/api.md", hunk=0)
        await here.press("r")
        await here.see("◉")
    again = await asyncio.to_thread(run_again, studio)
    async with reviewing(studio, again) as here:
        await here.see("◉")


async def test_the_file_opens_in_the_editor_at_the_line(
    studio: Studio, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$@" > {said}\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    async with reviewing(studio, run) as here:
        here.diff.go_to("docs/api.md")
        await here.press("e")
        await here.see("No file to edit")  # only the branch has it
        here.diff.go_to("shop/parts.py", hunk=1)
        await here.press("j", "j", "j")
        monkeypatch.setattr(here.app, "suspend", nullcontext)
        await here.press("e")
        await here.until(said.exists, "opened")
        words = said.read_text().split()
    assert words[0].startswith("+2")
    assert words[1] == str(studio.repo.folder / "shop" / "parts.py")


async def test_a_pull_request_is_asked_for_and_without_a_remote_there_is_a_patch(
    studio: Studio, run: str
) -> None:
    before = studio.fingerprint()
    async with reviewing(studio, run) as here:
        await here.see("merges cleanly")
        await here.press("P")
        await here.see("Open a pull request for", "to 'origin'", "y open it")
        await here.press("P")  # the key that asked does not confirm
        await here.see("y open it")
        await here.press("y")
        await here.see("No pull request was opened", "there is no remote 'origin'", "A patch is in")
    (patch,) = studio.files.parac.glob(".local/patches/*.patch")
    assert "docs/api.md" in patch.read_text()
    assert studio.fingerprint() == before


async def test_the_palette_has_what_has_no_room_below(studio: Studio, run: str) -> None:
    async with reviewing(studio, run) as here:
        await here.press("ctrl+p")
        await here.see("Search for commands")
        await here.write("discard the branch")
        await here.see("Discard the branch (D)")


@pytest.mark.parametrize("pane", ["Files", "Changes"])
async def test_in_a_small_terminal_one_pane_is_shown_at_a_time(studio: Studio, run: str, pane: str) -> None:
    async with reviewing(studio, run, SMALL) as here:
        if pane == "Files":
            await here.press("tab")
        await here.see(f"▸ {pane}", "M Merge")
        here_is = {"Files": "0/2", "Changes": "hunk 1 of"}
        await here.see(here_is[pane])
        (other,) = {*here_is} - {pane}
        assert here_is[other] not in here.screen


async def test_a_run_without_changes_has_no_such_key(studio: Studio) -> None:
    receipt, _ = await asyncio.to_thread(studio.run, says("Nothing to do."))
    async with workbench(studio.repo.folder) as bench:
        await bench.until(lambda: bench.list.go_to(receipt.execution), "listed")
        bench.list.focus()
        await bench.pilot.pause()
        assert bench.key("review") is None
