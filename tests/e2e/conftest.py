"""A terminal to sit at."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

IN_TMUX = ["test_asking.py", "test_review.py", "test_tmux.py"]
collect_ignore = [] if shutil.which("tmux") or os.environ.get("CI") else IN_TMUX
"""`make test` asks for Python, git and make alone. Where tmux is missing this is said at the end of the run
(see the conftest above); in CI, which installs it, the tests fail instead."""


@pytest.fixture
def sit_at(tmp_path: Path, home: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens a terminal of some size in a folder; it is gone afterwards."""
    with ExitStack() as open_ones:

        def sit(folder: Path, size: tuple[int, int]) -> Terminal:
            terminal = Terminal(tmp_path / "tmux.sock", folder, size)
            open_ones.callback(terminal.close)
            return terminal

        yield sit
