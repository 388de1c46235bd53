"""The detail of an agent shows where each value comes from, and what to mend where it cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.agents import AgentEntry, Origin, ResolvedAgent
from paracle.app.domain.problems import Problem, Severity
from paracle.app.domain.specs import Action, AgentSpec, Budget, Input, Permissions
from paracle.widgets.agent_detail import AgentDetail
from tests.tui.hosting import MIDDLE, SIZES, SMALL, Host, shown

PATH = Path("/p/.parac/agents/specs/reviewer.md")
BASE = Path("/p/.parac/agents/specs/base.md")
SPEC = AgentSpec(
    name="reviewer",
    description="Reviews a [bold]change[/bold]",
    extends="base",
    model="offline",
    tools=("read_file", "search"),
    permissions=Permissions(write=("REVIEW.md",)),
    budget=Budget(usd=0.5, minutes=5),
    inputs={"paths": Input(type="list[path]", default=["."])},
    playbook=(Action(tool="search", save="found"), Action(say="done")),
)
ORIGINS = {
    "model": Origin(Path("/p/.parac/project.yaml"), 6),
    "tools": Origin(BASE, 5),
    "permissions.write": Origin(PATH, 11),
    "budget.usd": Origin(PATH, 12),
    "inputs.paths": Origin(PATH, 7),
}
AGENT = ResolvedAgent(SPEC, "# Reviewing\n\nBe *brief*.", PATH, ORIGINS, (PATH, BASE))
SOURCE = "---\nname: reviewer\n---\nBe *brief*.\n"


def entry(*problems: Problem) -> AgentEntry:
    return AgentEntry("reviewer", PATH, "Reviews", problems=problems)


def line_with(app: Host, word: str) -> list[str]:
    return next(line.split() for line in shown(app).splitlines() if line.strip().startswith(word))


@pytest.mark.parametrize("size", SIZES)
async def test_the_overview_names_the_origin_of_each_value(size: tuple[int, int]) -> None:
    app = Host(AgentDetail())
    async with app.run_test(size=size) as pilot:
        app.query_one(AgentDetail).show(entry(), AGENT, SOURCE)
        await pilot.pause()
        assert "Reviews a [bold]change[/bold]" in shown(app)
        assert line_with(app, "model") == ["model", "offline", "project.yaml:6"]
        assert line_with(app, "tools") == ["tools", "read_file", "search", "base.md:5"]
        assert line_with(app, "may write") == ["may", "write", "REVIEW.md", "reviewer.md:11"]
        assert line_with(app, "budget") == ["budget", "$0.50", "·", "5", "min", "reviewer.md:12"]
        assert line_with(app, "network") == ["network", "deny", "default"]


async def test_the_instructions_are_drawn_as_a_page() -> None:
    app = Host(AgentDetail())
    async with app.run_test(size=MIDDLE) as pilot:
        app.query_one(AgentDetail).show(entry(), AGENT, SOURCE)
        await pilot.pause()
        text = shown(app)
    assert "Reviewing" in text
    assert "# Reviewing" not in text
    assert "Be brief." in "".join(text)


async def test_brackets_go_round_the_tabs() -> None:
    app = Host(AgentDetail())
    async with app.run_test(size=MIDDLE) as pilot:
        detail = app.query_one(AgentDetail)
        detail.show(entry(), AGENT, SOURCE)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert detail.active_tab == "resolved"
        assert line_with(app, "fallback_models") == ["fallback_models", "not", "set", "default"]
        assert line_with(app, "playbook.2") == ["playbook.2", "say", "done", "default"]
        assert "reviewer.md ← base.md" in shown(app)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert line_with(app, "2") == ["2", "name:", "reviewer"]
        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.pause()
        assert detail.active_tab == "overview"


async def test_an_agent_that_cannot_be_resolved_opens_on_its_problems() -> None:
    found = (
        Problem(PATH, 9, 0, Severity.WARNING, "Old form"),
        Problem(PATH, 4, 8, Severity.ERROR, "Unknown key 'tool'", "did you mean 'tools'?"),
    )
    app = Host(AgentDetail())
    async with app.run_test(size=SMALL) as pilot:
        app.query_one(AgentDetail).show(entry(*found), None, SOURCE)
        await pilot.pause()
        text = shown(app)
        assert app.query_one(AgentDetail).active_tab == "problems"
    assert "Problems ✗1" in text
    assert "1 error · 1 warning" in text
    assert "✗ error  reviewer.md:4:8" in text
    assert "→ did you mean 'tools'?" in text
    assert text.index("Unknown key") < text.index("Old form"), "errors come first"


async def test_after_a_broken_agent_the_next_one_is_shown_on_the_tab_left_for_it() -> None:
    broken = entry(Problem(PATH, 4, 8, Severity.ERROR, "Unknown key 'tool'"))
    app = Host(AgentDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(AgentDetail)
        detail.active_tab = "source"
        detail.show(broken)
        detail.show(broken)
        await pilot.pause()
        assert detail.active_tab == "problems"
        detail.show(entry(), AGENT, SOURCE)
        await pilot.pause()
        assert detail.active_tab == "source"


async def test_showing_another_agent_forgets_the_first() -> None:
    app = Host(AgentDetail())
    other = ResolvedAgent(AgentSpec(name="plain"), "Only this.", Path("/p/plain.md"))
    async with app.run_test(size=MIDDLE) as pilot:
        detail = app.query_one(AgentDetail)
        detail.show(entry(), AGENT, SOURCE)
        await pilot.pause()
        detail.show(AgentEntry("plain", Path("/p/plain.md")), other, "Only this.\n")
        await pilot.pause()
        text = shown(app)
    assert "Only this." in text
    assert "Reviewing" not in text
    assert "No description yet" in text


async def test_escape_sequences_in_a_file_do_not_reach_the_terminal() -> None:
    app = Host(AgentDetail())
    async with app.run_test(size=MIDDLE) as pilot:
        detail = app.query_one(AgentDetail)
        detail.show(entry(), AGENT, "\x1b]0;owned\x07 name\n")
        detail.active_tab = "source"
        await pilot.pause()
        text = shown(app)
    assert "\x1b" not in text
    assert "␛]0;owned␇ name" in text
