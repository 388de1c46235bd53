"""What steering, asking and workflows look like. `make snapshots` accepts it, after one has looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.workflows import ResolvedWorkflow, WorkflowSpec
from paracle.app.services.projects import make_lite
from paracle.screens.approvals import ApprovalsScreen
from paracle.screens.review_bar import QuestionLine
from paracle.widgets.run_log import RunLog
from paracle.widgets.step_timeline import StepTimeline
from paracle.widgets.workflow_graph import WorkflowGraph
from tests.snapshots import story
from tests.snapshots.test_pictures import open_run, picture
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver
from tests.tui.hosting import MIDDLE, SMALL

Compare = Callable[..., bool]

ASKS, FLOW = "7f3ja0b1c2", "7f3nd4e5f6"
SPEC = """\
name: release
description: Looks the shop over and makes a release of it
inputs: {version: {type: text, required: true, description: "Its number, such as 1.4"}}
permissions: {shell: ask}
steps:
  - {id: review, agent: reviewer}
  - {id: docs, agent: documenter, depends_on: review}
  - {id: tests, run: "pytest -q", depends_on: review}
  - {id: shall, approval: "Release {{ inputs.version }}?", depends_on: [docs, tests]}
  - {id: tag, run: "git tag", depends_on: shall}
  - {id: notes, agent: documenter, depends_on: review, when: "{{ inputs.version == '2.0' }}"}
outputs: {review: "{{ steps.review.outputs.answer }}"}
"""

sizes = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git with a workflow, at one moment that does not pass."""
    repo = RepoBuilder(tmp_path / "shop")
    repo.write("shop/cart.py", '"""The cart."""\n')
    make_lite(repo.folder, "shop")
    repo.write(".parac/workflows/release.yaml", SPEC)
    repo.commit("feat: a small tea shop")
    monkeypatch.setattr("time.time", lambda: story.NOW)
    return repo.folder


class FlowRun(story.Run):
    """A workflow's run."""

    def __init__(self, repository: Path, begun: float) -> None:
        super().__init__(repository, "release", begun)
        from yaml import safe_load

        workflow = ResolvedWorkflow(WorkflowSpec.model_validate(safe_load(SPEC)), Path("release.yaml"))
        queued = self.drafts[0]
        recorded = {**queued.payload, "kind": "workflow", "request": {"workflow": workflow.to_dict()}}
        self.drafts[0] = type(queued)(queued.kind, recorded, queued.time)
        self._numbers: dict[str, int] = {}
        self._begun: dict[str, float] = {}

    def wait(self, seconds: float) -> None:
        """Let some time pass."""
        self._time += seconds

    def open(self, key: str, kind: str, target: str = "") -> None:
        """A step of the workflow begins."""
        self._begin(key, "step", key, {"kind": kind, "target": target} if target else {"kind": kind})

    def inner(self, key: str, name: str, **arguments: Any) -> None:
        """A tool call within a step, done at once."""
        self._begin(key, "tool", name, arguments)
        self.close(key, "8 files", action="tool", name=name)

    def close(
        self, key: str, summary: str, *, action: str = "step", name: str = "", status: str = "done"
    ) -> None:
        """A step ends."""
        self.tell(
            Kind.STEP_COMPLETED,
            step=self._numbers[key],
            action=action,
            name=name or key,
            seconds=round(self._time - self._begun[key], 2),
            result={"status": status, "outputs": {}},
            usage=None,
            summary=summary,
        )

    def _begin(self, key: str, action: str, name: str, arguments: dict[str, Any]) -> None:
        self._step += 1
        self._numbers[key] = self._step
        self._begun[key] = self._time
        self.tell(
            Kind.STEP_STARTED,
            step=self._step,
            key=key,
            action=action,
            name=name,
            arguments=arguments,
            idempotent=True,
        )


def releasing(repository: Path) -> FlowRun:
    """A release that waits for its person."""
    run = FlowRun(repository, story.NOW - 90)
    run.open("review", "agent", "reviewer")
    run.inner("review/turn-1/call-1", "list_files", path=".", glob="*.py")
    run.wait(20)
    run.inner("review/turn-2/call-1", "python_outline", paths=["shop"])
    run.close("review", "2 findings in 8 modules")
    run.open("docs", "agent", "documenter")
    run.open("tests", "script")
    run.open("notes", "agent", "documenter")
    run.close("notes", "left out: its condition is false", status="skipped")
    run.inner("docs/turn-1/call-1", "write_file", path="docs/api.md")
    run.wait(12)
    run.close("docs", "docs/api.md is written")
    run.wait(15)
    run.close("tests", "212 passed")
    run.open("shall", "approval")
    run.tell(
        Kind.ASKED,
        approval="shall",
        question="Release 1.4?",
        detail="",
        options=["approve", "reject"],
        default="reject",
        expires=story.NOW + 600,
        step=None,
    )
    return run


def asking(repository: Path) -> story.Run:
    """A run that wants to use a command."""
    run = story.Run(repository, "release-notes", story.NOW - 120)
    run.do("list_files", "8 files", path=".", glob="*.py")
    run.tell(
        Kind.ASKED,
        approval="turn-2/call-1/permission",
        question="release-notes asks to use run_command",
        detail="argv=['git', 'log', '--oneline', 'v1.3..HEAD']",
        options=["once", "run", "no"],
        default="no",
        expires=None,
        step=2,
    )
    return run


def paused(repository: Path) -> story.Run:
    """A run that stands still."""
    run = story.running(repository)
    run.tell(Kind.PAUSED, by="mo", reason="lunch")
    return run


@sizes
def test_a_run_that_asks(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.see("◐ 1 needs you")
        await bench.press("n")
        await bench.see("release-notes asks to use", "y once")
        await bench.until(lambda: "n to answer" not in bench.screen, "gone to")

    assert picture(snap_compare, shop, size, [(ASKS, asking(shop))], act)


@sizes
def test_everything_that_waits(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.see("◐ 2 need you")
        await bench.press("a")
        await bench.until(lambda: isinstance(bench.app.screen, ApprovalsScreen), "listed")
        await bench.press("down")
        await bench.see("2 questions in 2 runs", "by itself in")

    runs = [(ASKS, asking(shop)), (FLOW, releasing(shop))]
    assert picture(snap_compare, shop, size, runs, act)


@sizes
def test_a_paused_run(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, story.RUNNING)
        await bench.see("⏸ paused", "p goes on", "read shop/pricing.py")
        await bench.until(lambda: isinstance(bench.app.focused, RunLog), "at the log")

    assert picture(snap_compare, shop, size, [(story.RUNNING, paused(shop))], act)


@sizes
def test_the_choice_of_a_model(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, story.RUNNING)
        await bench.see("read shop/pricing.py")
        await bench.press("m")
        await bench.see("Who answers", "another one", "read shop/pricing.py")
        await bench.until(lambda: isinstance(bench.app.focused, QuestionLine), "asked")

    assert picture(snap_compare, shop, size, [(story.RUNNING, story.running(shop))], act)


@sizes
def test_a_workflow(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.until(lambda: bench.explorer.select_workflow("release"), "listed")
        await bench.until(lambda: bench.pane_title("content-pane") == "release", "shown")
        if size == SMALL:
            await bench.press("enter")
        await bench.see("input version", "agent reviewer")

    assert picture(snap_compare, shop, size, [], act)


@sizes
def test_the_graph_of_a_run(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, FLOW)
        await bench.see("Release 1.4?", "waiting", "left out")
        await bench.until(lambda: isinstance(bench.app.focused, WorkflowGraph), "at the graph")

    assert picture(snap_compare, shop, size, [(FLOW, releasing(shop))], act)


def test_the_graph_with_the_whole_width(shop: Path, snap_compare: Compare) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, FLOW)
        await bench.press("z")
        await bench.see("─▸ ○ tag")
        await bench.until(lambda: isinstance(bench.app.focused, WorkflowGraph), "at the graph")

    assert picture(snap_compare, shop, MIDDLE, [(FLOW, releasing(shop))], act)


@sizes
def test_runs_open_beside_each_other(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, story.DONE)
        await open_run(bench, FLOW)
        await open_run(bench, story.RUNNING)
        await bench.see("✓ 7f3h reviewer", "◐ 7f3n release", "● 7f3k reviewer", "read shop/pricing.py")
        await bench.until(lambda: isinstance(bench.app.focused, RunLog), "at the log")

    runs = [
        (story.DONE, story.finished(shop)),
        (FLOW, releasing(shop)),
        (story.RUNNING, story.running(shop)),
    ]
    assert picture(snap_compare, shop, size, runs, act)


@sizes
def test_the_timeline_of_a_run(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, FLOW)
        await bench.press("t")
        await bench.until(lambda: bench.app.screen.query_one(StepTimeline).has_focus, "shown")
        await bench.see("Release 1.4?", "█")

    assert picture(snap_compare, shop, size, [(FLOW, releasing(shop))], act)
