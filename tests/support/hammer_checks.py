"""What must hold of a project that several processes were at for a while: nothing lost, nothing locked."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

from paracle.app.domain.events import Kind
from paracle.app.services import runs
from tests.support.hammering import hammer
from tests.support.studio import Studio, commands, of_kind, says, writes

PROCESSES = 8

GATE = """\
steps:
  - {id: gate, approval: "Go on?"}
  - {id: look, tool: read_file, depends_on: gate, with: {path: README.md}}
"""


def hammered(studio: Studio, seconds: float) -> None:
    """Let eight processes at a project, and look at what they have left."""
    studio.files.write("workflows/gate.yaml", GATE)
    script = studio.script(
        says(["Look.\n"] * 5, chunk_delay=0.02, tool_calls=[{"tool": "list_files"}]),
        writes("made.txt"),
        commands("sh", "-c", "sleep 0.05"),
        says(),
    )
    studio.repo.commit("the project")
    before = studio.fingerprint()
    done = hammer(studio.repo.folder, script, PROCESSES, seconds)
    with studio.open() as here:
        rows = {row.id: row for row in here.store.executions(100_000)}
        assert sorted(rows) == sorted(identifier for one in done for identifier in one.begun)
        assert all(row.state.is_final for row in rows.values())
        answers = {key: word for one in done for key, word in one.answered.items()}
        for identifier, row in rows.items():
            events = list(runs.pages(here, row))
            assert [event.seq for event in events] == list(range(1, here.store.last_seq(identifier) + 1))
            for event in of_kind(events, Kind.ANSWERED):
                given = answers.pop((identifier, event.payload["approval"]), event.payload["answer"])
                assert event.payload["answer"] == given
            for one in done:
                assert one.followed.get(identifier, len(events)) == len(events)
        assert not answers
    with closing(sqlite3.connect(studio.files.parac / ".local" / "engine.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    acts = sum((Counter(one.acts) for one in done), Counter())
    assert min(acts[name] for name in ("begin", "answer", "steer", "list", "follow", "clean")) > PROCESSES
    after = studio.fingerprint()
    kept = [ref for ref in after.refs.splitlines() if not ref.startswith("refs/paracle/archive/")]
    assert replace(after, refs="\n".join(kept)) == before
    assert studio.worktrees() == []
    assert studio.repo.healthy()
