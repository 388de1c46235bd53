"""Long runs: everything is kept, in order, and memory does not grow with it."""

import json
import subprocess
import sys
from pathlib import Path

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.app.services import runs
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, Turn, calls, of_kind, says

RUN = """
import json, resource, sys
from pathlib import Path
from paracle.app.services import runs
from paracle.app.services.workspace import Workspace

def peak():
    # KiB on Linux, bytes on macOS.
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

with Workspace.open(Path(sys.argv[1])) as here:
    runs.start(here, "worker", model=sys.argv[2]).wait()
    before = peak()
    receipt = runs.start(here, "worker", model=sys.argv[3]).wait()
    print(json.dumps({"grown": peak() - before, "execution": receipt.execution, "state": receipt.state}))
"""


def run_apart(studio: Studio, *turns: Turn) -> tuple[str, float]:
    """Run in a process of its own; gives the execution's id and by how many MiB its memory peak rose."""
    short = studio.script(calls(("read_file", {"path": "README.md"})), says(), name="short")
    long = studio.script(*turns, name="long")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(studio.repo.folder), short, long],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["state"] == State.COMPLETED
    return said["execution"], said["grown"]


def test_three_thousand_tool_calls(studio: Studio) -> None:
    turns = [calls(*[("read_file", {"path": path})] * 10) for path in ("README.md", "shop/cart.py")]
    execution, grown = run_apart(studio, *turns * 150, says("done"))
    assert grown < 64
    with studio.open() as here:
        row = here.store.execution(execution)
        assert (row.totals.tool_calls, row.totals.steps) == (3000, 3301)
        events = list(runs.telling_events(here, execution))
        done = [event.payload["step"] for event in of_kind(events, Kind.STEP_COMPLETED)]
        assert sorted(done) == list(range(1, 3302))


def test_a_flood_of_two_hundred_thousand_lines(studio: Studio) -> None:
    execution, grown = run_apart(studio, {"flood": {"lines": 200_000, "text": "line {n}"}})
    # The text itself, which a conversation holds, is 2.5 MiB; its lines as events would be two hundred.
    assert grown < 96
    with studio.open() as here:
        assert every_line_once(here, execution, 200_000)
        last = here.store.last_seq(execution)
        assert here.store.events(execution, after=last - 1)[0].kind is Kind.COMPLETED


def every_line_once(here: Workspace, execution: str, count: int) -> bool:
    """Whether the store has each line of a flood once, in order, and numbers without gaps."""
    number = seq = 0
    for batch in here.store.follow(execution, batch=5000):
        for event in batch:
            seq += 1
            assert event.seq == seq
            if event.kind is Kind.TEXT:
                number += 1
                assert event.payload["text"] == f"line {number}"
    return number == count


def test_a_flooding_command_ends_and_is_shortened(studio: Studio, tmp_path: Path) -> None:
    with studio.open() as here:
        handle = studio.start(
            here, calls(("run_command", {"argv": ["seq", "1", "300000"]})), says("that was much")
        )
        assert handle.wait().answer == "that was much"
        lines = [event.payload["text"] for event in runs.pages(here, handle.execution, [Kind.LOG])]
    assert lines[:-1] == [str(number) for number in range(1, len(lines))]
    assert "not logged" in lines[-1]
