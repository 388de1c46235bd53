"""Getting about in the workbench: panes, small terminals, help, zoom, palette, themes and keys."""

from pathlib import Path

import pytest

from paracle.app.tui.themes import LIGHT
from paracle.screens.main_panes import PANES
from tests.cli.command import make_project
from tests.tui.driving import Driver, workbench
from tests.tui.hosting import MIDDLE, SMALL

EATEN = {"ctrl+enter", "ctrl+h", "ctrl+j", "f1", *(f"alt+{digit}" for digit in range(10))}
"""Keys that terminals and their multiplexers keep for themselves."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A lite project with a finished run to look at."""
    return make_project(tmp_path / "shop")


def shown_panes(bench: Driver) -> list[str]:
    """The panes that can be seen."""
    return [pane for pane in PANES if bench.app.screen.query_one(f"#{pane}").region.area]


async def test_a_small_terminal_shows_one_pane_at_a_time_and_tab_goes_round(project: Path) -> None:
    async with workbench(project, SMALL) as bench:
        await bench.choose_agent("tour")
        seen = []
        for _ in range(len(PANES) + 1):
            await bench.until(lambda: len(shown_panes(bench)) == 1, "one pane shown")
            (pane,) = shown_panes(bench)
            seen.append(pane)
            width = bench.app.screen.query_one(f"#{pane}").region.width
            assert width == SMALL[0], "it has the whole width"
            await bench.press("tab")
            await bench.until(lambda before=pane: shown_panes(bench) != [before], "gone on")  # type: ignore[misc]
        assert seen == [*PANES, PANES[0]]


async def test_a_run_at_80x24_from_the_form_to_the_list(project: Path) -> None:
    async with workbench(project, SMALL) as bench:
        row = await bench.run("tour")
        await bench.ended(row.id)
        assert shown_panes(bench) == ["content-pane"]
        await bench.see("✓ done", "I listed", "TOUR.md")
        await bench.press("escape")
        await bench.until(lambda: shown_panes(bench) == ["runs-pane"], "back in the list")
        await bench.see(f"✓ {row.short} done")


async def test_a_terminal_that_grows_shows_all_panes(project: Path) -> None:
    async with workbench(project, SMALL) as bench:
        await bench.see("worker")
        await bench.pilot.resize_terminal(*MIDDLE)
        await bench.until(lambda: shown_panes(bench) == list(PANES), "all shown")


async def test_escape_takes_back_one_step_at_a_time(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.ended((await bench.run("tour")).id)
        screen = bench.app.screen
        await bench.press("z")
        await bench.until(lambda: shown_panes(bench) == ["content-pane"], "zoomed")
        await bench.press("question_mark")
        await bench.until(lambda: bool(screen.query("#help")), "helped")
        await bench.press("escape")
        await bench.until(lambda: not screen.query("#help"), "help closed")
        assert shown_panes(bench) == ["content-pane"], "still zoomed"
        await bench.press("escape")
        await bench.until(lambda: shown_panes(bench) == list(PANES), "unzoomed")
        await bench.see("could write  TOUR.md")
        await bench.press("escape")
        await bench.until(lambda: bench.list.has_focus, "in the list")
        assert bench.pane_title("content-pane") == "tour", "the agent is back in the middle"
        await bench.press("escape")
        await bench.until(lambda: bench.explorer.has_focus, "in the explorer")
        await bench.press("escape")
        assert bench.app.is_running, "and never further"
        assert bench.explorer.has_focus


async def test_a_form_is_left_by_escape_and_forgotten(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.choose_agent("tour")
        await bench.press("r")
        await bench.see("Run tour")
        await bench.fill("path", "nonsense")
        await bench.press("escape")
        await bench.until(lambda: bench.pane_title("content-pane") == "tour", "left")
        await bench.press("r")
        await bench.see("Run tour", "The folder to look at")
        assert "nonsense" not in bench.screen


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
async def test_help_speaks_of_the_pane_that_has_the_focus(project: Path, size: tuple[int, int]) -> None:
    async with workbench(project, size) as bench:
        await bench.see("worker")
        await bench.press("question_mark")
        await bench.see("What this project holds", "Narrow as you type")
        await bench.press("tab", "tab")
        await bench.until(lambda: bench.list.has_focus, "in the list")
        await bench.see("Every run of this project", "Everything about the run")
        await bench.press("question_mark")
        await bench.see_no_more("Every run of this project")


async def test_every_key_that_acts_is_in_the_palette_with_its_key(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.choose_agent("tour")
        for pane in range(len(PANES)):
            commands = {
                (command.title, command.help) for command in bench.app.get_system_commands(bench.app.screen)
            }
            acting = [
                active
                for active in bench.app.screen.active_bindings.values()
                if active.enabled and active.binding.show and not active.binding.system
            ]
            assert acting, PANES[pane]
            for active in acting:
                key = bench.app.get_key_display(active.binding)
                wanted = (active.binding.description, f"{active.binding.tooltip} ({key})")
                assert wanted in commands
            await bench.press("tab")


async def test_the_palette_runs_what_it_names(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.choose_agent("tour")
        await bench.press("ctrl+p")
        await bench.write("zoom")
        await bench.see("Give the middle pane the whole width")
        await bench.press("enter")
        await bench.until(lambda: shown_panes(bench) == ["content-pane"], "zoomed")


async def test_there_is_a_light_theme_beside_the_dark_one(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.see("worker")
        dark = bench.app.screen.styles.background
        await bench.press("ctrl+p")
        await bench.write("theme")
        await bench.see("Change the current theme")
        await bench.press("enter")
        await bench.write("paracle-light")
        await bench.press("enter")
        await bench.until(lambda: bench.app.theme == LIGHT.name, "light")
        await bench.until(lambda: bench.app.screen.styles.background != dark, "drawn light")
        assert bench.app.screen.styles.background.brightness > 0.9


async def test_nothing_needs_a_key_that_terminals_eat(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.ended((await bench.run("tour")).id)
        for _ in PANES:
            keys: dict[str, set[str]] = {}
            for key, active in bench.app.screen.active_bindings.items():
                keys.setdefault(active.binding.action, set()).add(key)
            assert keys
            assert [action for action, known in keys.items() if known <= EATEN] == []
            await bench.press("tab")
