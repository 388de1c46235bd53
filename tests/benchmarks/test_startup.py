"""What it costs to start the command, as processor time beyond that of a bare Python."""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 15


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one finished child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


@pytest.mark.parametrize(("option", "limit"), [("--version", 0.08), ("--help", 0.25)])
def test_starting_the_command_to_ask_for(option: str, limit: float) -> None:
    paracle = [str(Path(sys.executable).with_name("paracle")), option]
    bare = [sys.executable, "-c", "pass"]
    cpu_seconds(paracle)
    beyond = statistics.median(cpu_seconds(paracle) - cpu_seconds(bare) for _ in range(ROUNDS))
    print(f"\nparacle {option}: {beyond:.3f} s CPU beyond bare Python (limit {limit} s)")
    assert beyond <= limit
