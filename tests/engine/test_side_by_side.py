"""Commands of one workflow run side by side, and no commit takes what another step is in the middle of."""

from __future__ import annotations

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.services import why, workflow_runs
from tests.support.studio import Studio, of_kind

MEET = "echo here > {mine}; until [ -e {other} ]; do sleep 0.01; done"
"""Ends only if what makes the other file runs at the same time."""


def run(studio: Studio, text: str) -> tuple[Receipt, list[Event]]:
    studio.files.write("workflows/flow.yaml", f"permissions: {{shell: allow, write: ['**']}}\n{text}")
    studio.trust()
    with studio.open() as here:
        handle = workflow_runs.start(here, "flow", {})
        events = list(handle.events())
        return handle.wait(), events


def files_of_commits(events: list[Event]) -> dict[str, list[str]]:
    """The paths of each commit by the name of the step that it is of."""
    names = {event.payload["step"]: event.payload["key"] for event in of_kind(events, Kind.STEP_STARTED)}
    return {
        names[event.payload["step"]]: [file["path"] for file in event.payload["files"]]
        for event in of_kind(events, Kind.COMMIT)
    }


def test_scripts_run_side_by_side(studio: Studio) -> None:
    receipt, _ = run(
        studio,
        f"""\
steps:
  - {{id: one, run: "{MEET.format(mine="one", other="two")}", timeout: 30}}
  - {{id: two, run: "{MEET.format(mine="two", other="one")}", timeout: 30}}
""",
    )
    assert receipt.state is State.COMPLETED, receipt.error
    assert sorted(change.path for change in receipt.files) == ["one", "two"]
    messages = [studio.repo.git("show", "-s", "--format=%B", commit) for commit in receipt.commits]
    # What one had changed when the other ended is in the other's commit, which says so.
    assert all("Paracle-Step: " in message for message in messages)
    assert "Paracle-Beside: " in messages[0]
    assert "Paracle-Beside: " not in "".join(messages[1:])
    studio.repo.git("merge", "--quiet", "--ff-only", receipt.branch)
    with studio.open() as here:
        answers = [why.why(here, name, 1) for name in ("one", "two")]
    assert len({answer.step for answer in answers}) == len(receipt.commits)
    assert "" not in {answer.beside for answer in answers if answer.commit == receipt.commits[0]}


def test_each_turn_of_for_each_runs_its_script_at_once(studio: Studio) -> None:
    script = "touch at-$N; until [ -e at-a ] && [ -e at-b ] && [ -e at-c ]; do sleep 0.01; done"
    receipt, _ = run(
        studio,
        f"""\
steps:
  - {{id: each, run: "{script}", for_each: [a, b, c], env: {{N: "{{{{ item }}}}"}}, timeout: 30}}
""",
    )
    assert receipt.state is State.COMPLETED, receipt.error


def test_a_file_is_written_and_committed_alone_while_a_script_runs(studio: Studio) -> None:
    receipt, events = run(
        studio,
        """\
steps:
  - id: slow
    run: "echo half > half.txt; until [ -e note.txt ]; do sleep 0.01; done; echo whole > half.txt"
    timeout: 30
  - {id: begun, run: "until [ -e half.txt ]; do sleep 0.01; done", timeout: 30}
  - {id: quick, tool: write_file, with: {path: note.txt, text: "a note"}, depends_on: begun}
""",
    )
    assert receipt.state is State.COMPLETED, receipt.error
    commits = files_of_commits(events)
    assert commits["quick/call"] == ["note.txt"]
    assert studio.repo.git("show", f"{receipt.branch}:half.txt") == "whole"
    assert studio.repo.git("show", f"{receipt.branch}:note.txt") == "a note"


def test_a_git_that_a_script_runs_does_not_fail_the_commit_beside_it(studio: Studio) -> None:
    lock = '"$(git rev-parse --git-path index.lock)"'
    holding = f"touch {lock} held; sleep 0.5; rm {lock}"
    receipt, _ = run(
        studio,
        f"""\
steps:
  - {{id: holds, run: '{holding}', timeout: 30}}
  - {{id: begun, run: "until [ -e held ]; do sleep 0.01; done", timeout: 30}}
  - {{id: quick, tool: write_file, with: {{path: note.txt, text: "a note"}}, depends_on: begun}}
""",
    )
    assert receipt.state is State.COMPLETED, receipt.error
    assert studio.repo.git("show", f"{receipt.branch}:note.txt") == "a note"
