"""Many processes that are the first to open a project, all at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPEN = """
import sys
from pathlib import Path
from paracle.app.store.store import Store

print("ready", flush=True)
sys.stdin.read(1)
with Store(Path(sys.argv[1])) as store:
    assert store.count() == 0
"""


def test_a_new_store_is_opened_by_sixteen_processes_at_once(tmp_path: Path) -> None:
    for attempt in range(4):
        command = [sys.executable, "-c", OPEN, str(tmp_path / str(attempt))]
        openers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(16)
        ]
        for opener in openers:
            assert opener.stdout is not None
            assert opener.stdout.readline() == b"ready\n"
        for opener in openers:
            assert opener.stdin is not None
            opener.stdin.close()
        for opener in openers:
            with opener:
                assert opener.wait(60) == 0
