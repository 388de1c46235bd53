"""The picture in the README: two agents done and one at work on the example shop, for real."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.services import demo, runs
from paracle.app.services.workspace import Workspace
from paracle.widgets.receipt_view import ReceiptView
from tests.cli.command import call, write_script
from tests.tui.driving import workbench
from tests.tui.hosting import MIDDLE

EXPLANATION = (
    "The shop in three sentences:\n",
    "A cart holds lines: a product of the catalogue and how many of it.\n",
    "Pricing adds up what the lines cost and takes off the discount that applies.\n",
    "Orders keep a cart as it was; money is whole pennies, so that sums are exact.\n",
)


async def test_the_picture_shows_two_agents_done_and_one_at_work(
    tmp_path: Path, checkout: Path, request: pytest.FixtureRequest
) -> None:
    folder = await asyncio.to_thread(demo.prepare, tmp_path)
    for agent in demo.AGENTS:
        assert (await asyncio.to_thread(run_to_the_end, folder, agent)).state is State.COMPLETED
    write_script(
        tmp_path / "explain.json",
        {"tool_calls": [call("python_outline", paths=["shop"])]},
        {"tool_calls": [call("read_file", path="shop/cart.py"), call("read_file", path="shop/pricing.py")]},
        # Its last line comes at once and the next one never: it is at work as long as the picture takes.
        {"text": EXPLANATION, "flood": {"lines": 9, "per_second": 0.001, "text": "Where to begin reading:"}},
    )
    async with workbench(folder, MIDDLE) as bench:
        bench.app.animation_level = "none"
        await bench.run("explainer", model="script:../explain.json")
        await bench.see("Where to begin reading:", "● running", "✓")
        bench.list.focus()
        await bench.press("j", "j")
        await bench.until(lambda: bench.pane_title("content-pane").endswith("reviewer"), "switched")
        await bench.see("could write  REVIEW.md", "added    REVIEW.md", "● 1 running")
        bench.app.screen.query_one(ReceiptView).focus()
        await bench.pilot.pause()
        picture = bench.app.export_screenshot(title="paracle")
    assert picture.startswith("<svg")
    # `make snapshots` accepts it, as it does the others; ids and times differ each time.
    if request.config.getoption("update_snapshots"):
        target = checkout / "tutorials" / "images" / "workbench.svg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(picture, encoding="utf-8")


def run_to_the_end(folder: Path, agent: str) -> Receipt:
    """Run a built-in agent as the demonstration does."""
    with Workspace.open(folder) as workspace:
        return runs.start(workspace, agent).wait()
