"""The explorer keeps its place while the project changes under it, and tells what the cursor is on."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import on
from textual.message import Message

from paracle.app.domain.agents import AgentEntry
from paracle.app.domain.problems import Problem, Severity
from paracle.widgets.explorer import Explorer
from tests.tui.hosting import SIZES, SMALL, Host, shown

PATH = Path("agents/specs/a.md")


def agent(name: str, *problems: Problem, builtin: bool = False) -> AgentEntry:
    return AgentEntry(name, PATH, f"{name} at work", builtin, problems)


def problem(severity: Severity) -> Problem:
    return Problem(PATH, 3, 1, severity, "Unknown key")


THREE = (agent("documenter"), agent("fixer"), agent("reviewer"))
TREE = {"": (("src",), ("README.md",)), "src": ((), ("core.py", "util.py"))}


class ExplorerHost(Host):
    """Answers for a folder of three files."""

    @on(Explorer.AgentHighlighted)
    @on(Explorer.AgentChosen)
    @on(Explorer.PlaybookHighlighted)
    @on(Explorer.FileHighlighted)
    @on(Explorer.FileChosen)
    @on(Explorer.FolderOpened)
    def keep(self, message: Message) -> None:
        self.hear(message)
        if isinstance(message, Explorer.FolderOpened):
            self.query_one(Explorer).put_folder(message.path, *TREE[message.path])


def host() -> tuple[ExplorerHost, Explorer]:
    explorer = Explorer()
    explorer.agents = THREE
    return ExplorerHost(explorer), explorer


@pytest.mark.parametrize("size", SIZES)
async def test_groups_show_how_many_they_hold(size: tuple[int, int]) -> None:
    app, explorer = host()
    explorer.playbooks, explorer.memory = ("fixer",), ("memory/a.yaml", "memory/b.md")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = shown(app).splitlines()
    rows = [line.split() for line in lines[:7]]
    assert rows == [
        ["▾", "agents", "3"],
        ["documenter"],
        ["fixer"],
        ["reviewer"],
        ["▸", "playbooks", "1"],
        ["▸", "memory", "2"],
        ["▸", "files"],
    ]
    assert len(lines[0]) == size[0] - 1, "counts stand at the right edge"


async def test_agents_say_what_is_wrong_with_them_and_which_are_running() -> None:
    app, explorer = host()
    errors = (problem(Severity.ERROR), problem(Severity.WARNING))
    explorer.agents = (
        agent("broken", *errors),
        agent("odd", problem(Severity.WARNING)),
        agent("reviewer", builtin=True),
    )
    explorer.running = frozenset({"reviewer"})
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        rows = [line.split() for line in shown(app).splitlines()[1:4]]
    assert rows == [["broken", "✗", "1"], ["odd", "⚠", "1"], ["●", "reviewer", "built", "in"]]


async def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    app, explorer = host()
    explorer.agents = (agent("a[red]b[/red]"),)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "a[red]b[/red]" in shown(app)


async def test_the_cursor_stays_with_its_agent_when_others_come_and_go() -> None:
    app, explorer = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("j", "j")
        await pilot.pause()
        explorer.agents = (agent("admin"), agent("builder"), *THREE)
        await pilot.pause()
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == "fixer"
        await pilot.press("j")
        await pilot.pause()
        assert explorer.cursor_item.key == "reviewer"
    names = [message.name for message in app.heard if isinstance(message, Explorer.AgentHighlighted)]
    assert names == ["documenter", "fixer", "reviewer"], "a refresh alone tells nothing"


async def test_when_its_agent_goes_the_cursor_takes_the_next_row() -> None:
    app, explorer = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("j", "j")
        explorer.agents = (THREE[0], THREE[2])
        await pilot.pause()
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == "reviewer"


async def test_the_row_under_the_cursor_does_not_jump_when_rows_come_above_it() -> None:
    app, explorer = host()
    explorer.agents = tuple(agent(f"agent-{number:03}") for number in range(100))
    async with app.run_test(size=SMALL) as pilot:
        assert explorer.select_agent("agent-050")
        await pilot.pause()
        line = _line_of(app, "agent-050")
        explorer.agents = (*(agent(f"aaa-{number}") for number in range(7)), *explorer.agents)
        await pilot.pause()
        assert _line_of(app, "agent-050") == line


async def test_folders_load_when_they_are_opened_and_stay_open() -> None:
    app, explorer = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("G", "l", "j", "l", "j")
        await pilot.pause()
        assert [m.path for m in app.heard if isinstance(m, Explorer.FolderOpened)] == ["", "src"]
        assert explorer.opened_folders == ("", "src")
        assert app.heard[-1] == Explorer.FileHighlighted("src/core.py")
        explorer.put_folder("src", (), ("aaa.py", "core.py"))
        await pilot.pause()
        assert "aaa.py" in shown(app)
        assert "util.py" not in shown(app)
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == "src/core.py"
        await pilot.press("h", "h")
        await pilot.pause()
        assert "aaa.py" not in shown(app)


async def test_enter_chooses_agents_and_files() -> None:
    app, explorer = host()
    explorer.memory = ("memory/current_state.yaml",)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("j", "enter")
        await pilot.press("j", "j", "j", "l", "j", "enter")
        await pilot.pause()
    assert Explorer.AgentChosen("documenter") in app.heard
    assert app.heard[-1] == Explorer.FileChosen("memory/current_state.yaml")


async def test_a_click_chooses_an_agent_and_opens_or_closes_a_group() -> None:
    app, _ = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.click(Explorer, offset=(6, 2))
        await pilot.pause()
        assert app.heard == [Explorer.AgentHighlighted("fixer"), Explorer.AgentChosen("fixer")]
        await pilot.click(Explorer, offset=(3, 0))
        await pilot.pause()
        assert "fixer" not in shown(app)
        await pilot.click(Explorer, offset=(3, 0))
        await pilot.pause()
        assert "fixer" in shown(app)
        await pilot.click(Explorer, offset=(6, 20))
        assert app.heard[-1] == Explorer.AgentChosen("fixer"), "below the last row there is nothing"


async def test_a_page_is_the_height_of_the_pane_and_the_cursor_stays_in_view() -> None:
    app, explorer = host()
    explorer.agents = tuple(agent(f"agent-{number:03}") for number in range(100))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == f"agent-{2 * (SMALL[1] - 1) - 1:03}"
        assert explorer.cursor_item.key in shown(app)
        await pilot.press("pageup", "pageup", "pageup")
        await pilot.pause()
        assert explorer.cursor_item.key == "agents"


async def test_a_name_too_long_for_the_pane_is_cut_and_leaves_its_mark_to_be_seen() -> None:
    app, explorer = host()
    explorer.agents = (agent("long-" * 30, problem(Severity.ERROR)),)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        row = shown(app).splitlines()[1]
    assert row.endswith("… ✗ 1")
    assert len(row) == SMALL[0] - 1


async def test_typing_after_slash_narrows_and_escape_shows_everything_again() -> None:
    app, explorer = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"revi")
        await pilot.pause()
        text = shown(app)
        assert "1/3" in text
        assert "documenter" not in text
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == "reviewer"
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert "documenter" in shown(app)
        assert explorer.cursor_item.key == "reviewer"


async def test_a_filter_that_finds_nothing_says_so() -> None:
    app, _ = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"zzz[b]")
        await pilot.pause()
        assert "nothing matches “zzz[b]”" in shown(app)


async def test_closed_groups_are_closed_again_after_a_filter() -> None:
    app, explorer = host()
    explorer.memory = ("memory/reviews.md",)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"reviews")
        await pilot.pause()
        assert "reviews.md" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "reviews.md" not in shown(app)
        assert explorer.cursor_item is not None
        assert explorer.cursor_item.key == "memory", "the cursor goes to what hides its row"


async def test_of_a_very_large_folder_the_rest_is_counted_and_can_be_found() -> None:
    app, explorer = host()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("G", "l")
        explorer.put_folder("", (), tuple(f"file-{number:05}" for number in range(2500)))
        await pilot.press("G")
        await pilot.pause()
        assert "… 1,500 more" in shown(app)
        await pilot.press("slash", *"02499")
        await pilot.pause()
        assert "file-02499" in shown(app)


async def test_an_empty_project_says_that_nothing_is_there_yet() -> None:
    app = ExplorerHost(Explorer())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "no agents yet" in shown(app)


def _line_of(app: Host, words: str) -> int:
    return next(number for number, line in enumerate(shown(app).splitlines()) if words in line)
