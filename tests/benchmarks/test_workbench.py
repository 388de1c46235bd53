"""How fast the workbench is there, beside the smallest program of the same toolkit."""

import os
import statistics
import sys
from pathlib import Path

from tests.benchmarks.conftest import Figure
from tests.support.big_project import make_big_project
from tests.support.first_paint import seconds_until_painted

ROUNDS = 9
ONE_STATIC = """
from textual.app import App
from textual.widgets import Static

class Smallest(App):
    def compose(self):
        yield Static("here it is")

Smallest().run()
"""


WHOLE_PICTURE = (
    *("agent-000", "agent-001", "203"),  # the explorer: agents, and how many there are
    *("0999", "1,000"),  # the newest execution, and how many there are
    *("today", "need you"),  # the header
    *("Nothing chosen", "Filter", "palette"),  # the middle, and the keys
)


def test_first_full_paint_on_a_large_project(tmp_path: Path, home: Path, figure: Figure) -> None:
    project = make_big_project(tmp_path / "big")
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    # Both run from compiled files, as whatever pip installed does; the first round, not counted, makes them.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path / "compiled")
    smallest = [sys.executable, "-c", ONE_STATIC]
    workbench = [sys.executable, "-m", "paracle", "-C", str(project), "ui"]
    bare, full = [], []
    for counted in range(ROUNDS + 1):
        one = seconds_until_painted(smallest, ["here it is"], environment=environment)
        whole = seconds_until_painted(workbench, WHOLE_PICTURE, environment=environment)
        if counted:
            bare.append(one)
            full.append(whole)
    clock = statistics.median(ours.clock for ours in full)
    cpu = statistics.median(ours.cpu for ours in full)
    print(f"\nfirst full paint: median {clock:.2f} s, {cpu:.2f} s of processor time")
    pairs = list(zip(full, bare, strict=True))
    by_clock = statistics.median(ours.clock / one.clock for ours, one in pairs)
    by_cpu = statistics.median(ours.cpu / one.cpu for ours, one in pairs)
    figure("first full paint / one Static", by_clock, "x", 1.5)
    figure("first full paint / one Static, processor time", by_cpu, "x", 1.5)
