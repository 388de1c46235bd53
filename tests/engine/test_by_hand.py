"""Commands of people in the worktree of a run: between the agent's work, and never in its commits."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from paracle.app.domain.by_hand import is_allowed
from paracle.app.domain.errors import Conflict, UsageError
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services import by_hand, control, retrying, runs, trust
from paracle.app.services.workspace import Workspace
from tests.engine.killing import at_work, kill_once, newest_events
from tests.support.studio import Studio, Turn, alive, commands, of_kind, says, until, writes

SLOW = says("slow", delay=60)


@pytest.fixture
def allowing(studio: Studio) -> Studio:
    """A studio whose project allows everything to a shell, trusted."""
    allow(studio, "sh -c")
    return studio


def allow(studio: Studio, *texts: str) -> None:
    studio.files.write("project.yaml", f"name: shop\nworktree: {{commands: {list(texts)}}}\n")
    with studio.open() as here:
        trust.accept(here, trust.look(here))


@contextmanager
def elsewhere(studio: Studio, *turns: Turn) -> Iterator[tuple[Workspace, Execution]]:
    """A run of another process that has made a commit, and this process's view of it."""
    model = studio.script(*turns)
    with at_work(studio, "run", "worker", "--model", model), studio.open() as here:
        until(lambda: of_kind(newest_events(here.store), Kind.COMMIT))
        yield here, here.store.executions(1)[0]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def log_of(studio: Studio, row: Execution, form: str = "%s") -> list[str]:
    """What git says of the commits on the execution's branch, oldest first."""
    argv = ["git", "log", "--reverse", f"--format={form}", f"HEAD..{row.branch}"]
    said = subprocess.run(argv, cwd=studio.repo.folder, capture_output=True, text=True, check=True)
    return said.stdout.splitlines()


def files_of(events: list[Event]) -> list[tuple[bool, list[str]]]:
    """The files of each commit, and whether it is a person's."""
    return [
        ("command" in one.payload, [file["path"] for file in one.payload["files"]])
        for one in of_kind(events, Kind.COMMIT)
    ]


@pytest.mark.parametrize(
    ("argv", "fits"),
    [
        (["pytest"], True),
        (["pytest", "-q"], True),
        (["git", "status", "--short"], True),
        (["git"], False),
        (["git", "statusx"], False),
        (["git status"], False),
        (["pytest;ls"], False),
        (["", "pytest"], False),
        ([], False),
    ],
)
def test_a_command_is_allowed_word_for_word(argv: list[str], fits: bool) -> None:
    assert is_allowed(argv, ["pytest", "git status"]) is fits


def test_what_a_command_changes_is_a_commit_of_its_own_on_the_branch(allowing: Studio) -> None:
    with elsewhere(allowing, writes("a.txt"), SLOW) as (here, row):
        begun = by_hand.begin(here, row.id, shell("cat a.txt; echo mine > mine.txt"))
        lines: list[str] = []
        ended = begun.follow(lines.append)
        assert (lines, ended.exit, ended.files) == (["words"], 0, 1)
        control.stop(here, row.id)
        row = here.store.execution(row.id)
        events = list(runs.telling_events(here, row.id))
        assert files_of(events) == [(False, ["a.txt"]), (True, ["mine.txt"])]
        assert runs.receipt_of(here, row).tip == ended.commit
    assert log_of(allowing, row)[-1] == "chore(exec): run sh -c 'cat a.txt; echo mine > mine.txt'"
    last = log_of(allowing, row, "%(trailers:only,separator=%x2C)")[-1]
    assert last == f"Paracle-Execution: {row.id}"


def test_a_command_waits_until_the_agent_s_own_has_ended(allowing: Studio, tmp_path: Path) -> None:
    go = tmp_path / "go"
    slow = f"echo 1 > agent-1.txt; while ! test -e {go}; do sleep 0.02; done; echo 2 > agent-2.txt"
    with elsewhere(allowing, writes("a.txt"), commands("sh", "-c", slow), SLOW) as (here, row):
        worktree = Path(here.store.execution(row.id).worktree)
        until((worktree / "agent-1.txt").exists)
        begun = by_hand.begin(here, row.id, shell("echo mine > mine.txt"))
        go.touch()
        assert begun.follow().files == 1
        events = list(runs.telling_events(here, row.id))
        told = [(False, ["a.txt"]), (False, ["agent-1.txt", "agent-2.txt"]), (True, ["mine.txt"])]
        assert files_of(events) == told
        control.stop(here, row.id)


def test_a_stop_ends_the_command_and_keeps_what_it_changed(allowing: Studio, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with elsewhere(allowing, writes("a.txt"), SLOW) as (here, row):
        script = f"echo 1 > mine-1.txt; echo $$ > {pid}; sleep 60; echo 2 > mine-2.txt"
        begun = by_hand.begin(here, row.id, shell(script))
        until(lambda: pid.exists() and pid.read_text().strip())
        control.stop(here, row.id, "enough")
        assert begun.follow().problem == "stopped before its end"
        events = list(runs.telling_events(here, row.id))
        assert files_of(events) == [(False, ["a.txt"]), (True, ["mine-1.txt"])]
        assert here.store.execution(row.id).state is State.TERMINATED
        assert not alive(int(pid.read_text()))


def test_a_run_ends_only_after_the_command_that_is_at_work(allowing: Studio, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with allowing.open() as here:
        handle = allowing.start(here, writes("a.txt"), says("end", delay=1.0))
        row = handle.execution
        until(lambda: of_kind(list(runs.telling_events(here, row.id)), Kind.COMMIT))
        script = f"while ! test -e {go}; do sleep 0.02; done; echo mine > mine.txt"
        begun = by_hand.begin(here, row.id, shell(script))
        until(lambda: len(of_kind(list(runs.telling_events(here, row.id)), Kind.STEP_COMPLETED)) == 3)
        # Until the run has seen that its work is done, commands still take their place in the line.
        with pytest.raises(Conflict, match="about to end"):
            until(lambda: by_hand.begin(here, row.id, shell("true")) is None)
        go.touch()
        assert begun.follow().files == 1
        receipt = handle.wait()
    assert receipt.state is State.COMPLETED
    assert [change.path for change in receipt.files] == ["a.txt", "mine.txt"]


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), 1e9])
def test_a_time_that_cannot_be_is_refused(allowing: Studio, seconds: float) -> None:
    with allowing.open() as here, pytest.raises(UsageError, match="cannot be given"):
        by_hand.begin(here, "last", shell("true"), seconds=seconds)


def test_a_word_that_is_no_utf_8_is_a_word(allowing: Studio) -> None:
    with elsewhere(allowing, writes("a.txt"), SLOW) as (here, row):
        ended = by_hand.begin(here, row.id, [*shell('echo > "$0"'), "mine-\udcff.txt"]).follow()
        assert (ended.exit, ended.files, ended.problem) == (0, 1, "")
        control.stop(here, row.id)


def test_a_list_that_nobody_trusts_is_no_concern_of_a_run(studio: Studio) -> None:
    studio.files.write("project.yaml", "name: shop\nworktree: {commands: [pytest]}\n")
    _, events = studio.run(writes("a.txt"), says())
    assert not [one for one in of_kind(events, Kind.LOG) if "trust" in one.payload["text"]]
    assert events[-1].kind is Kind.COMPLETED


def test_a_program_runs_a_command_through_its_handle(allowing: Studio) -> None:
    with allowing.open() as here:
        handle = allowing.start(here, writes("a.txt"), SLOW)
        until(lambda: of_kind(list(runs.telling_events(here, handle.id)), Kind.COMMIT))
        assert handle.run_command(shell("cat a.txt; exit 3")).words.startswith("exit 3")
        handle.stop()
    with allowing.open() as here, pytest.raises(Conflict, match="put away"):
        by_hand.begin(here, handle.id, shell("true"))


def test_a_command_runs_while_the_run_is_paused(allowing: Studio) -> None:
    with elsewhere(allowing, writes("a.txt"), SLOW) as (here, row):
        control.pause(here, row.id)
        assert by_hand.begin(here, row.id, shell("cat a.txt")).follow().output == "words"
        assert here.store.execution(row.id).state is State.PAUSED
        control.stop(here, row.id)


def test_two_processes_run_commands_one_after_another(allowing: Studio) -> None:
    both = "test ! -e busy && echo > busy && sleep 0.2 && rm busy"
    with elsewhere(allowing, writes("a.txt"), SLOW) as (here, row), allowing.open() as there:
        begun = [by_hand.begin(one, row.id, shell(both)) for one in (here, there, here, there)]
        assert [one.follow().exit for one in begun] == [0, 0, 0, 0]
        control.stop(here, row.id)


def test_an_interrupted_run_takes_a_command_and_stays_interrupted(allowing: Studio) -> None:
    model = allowing.script(writes("a.txt"), SLOW)
    kill_once(
        allowing, ["run", "worker", "--model", model], lambda events: bool(of_kind(events, Kind.COMMIT))
    )
    with allowing.open() as here, allowing.open() as there:
        row = here.store.executions(1)[0]
        begun = by_hand.begin(here, row.id, shell("echo mine > mine.txt; echo at work; sleep 60"))
        ending: list[Future[None]] = []
        with pytest.raises(Conflict, match="not interrupted"):
            control.take_up(there, row.id)
        with pytest.raises(Conflict, match="A command runs in the worktree"):
            control.pause(there, row.id)
        # From another thread, as a signal's handler does it.
        with ThreadPoolExecutor(1) as other:
            ended = begun.follow(lambda line: ending.append(other.submit(begun.end)))
        assert (ended.exit, ended.problem, ended.files) == (None, "stopped before its end", 1)
        until(lambda: here.store.execution(row.id).state is State.INTERRUPTED)
        allowing.script(writes("a.txt"), writes("b.txt"), says("gone on"))
        receipt = control.take_up(there, row.id).wait()
        assert (receipt.answer, receipt.state) == ("gone on", State.COMPLETED)
        events = list(runs.telling_events(here, row.id))
        assert files_of(events) == [(False, ["a.txt"]), (True, ["mine.txt"]), (False, ["b.txt"])]


def test_a_run_that_is_killed_with_a_command_at_work_goes_on_with_its_own_commits(
    allowing: Studio, tmp_path: Path
) -> None:
    model = allowing.script(writes("a.txt"), SLOW)
    pid = tmp_path / "pid"
    script = f"echo mine > mine.txt; echo $$ > {pid}; sleep 60"

    with allowing.open() as here:

        def is_at_work(events: list[Event]) -> bool:
            if not of_kind(events, Kind.COMMIT):
                return False
            row = here.store.executions(1)[0]
            by_hand.begin(here, row.id, shell(script))
            until(lambda: pid.exists() and pid.read_text().strip())
            return True

        with at_work(allowing, "run", "worker", "--model", model) as process:
            until(lambda: is_at_work(newest_events(here.store)))
            process.kill()
        row = here.store.executions(1)[0]
        until(lambda: here.store.interrupt_orphans() or not here.store.is_driven(row.id))
        allowing.script(writes("a.txt"), writes("b.txt"), says("gone on"))
        receipt = control.take_up(here, row.id).wait()
        assert receipt.state is State.COMPLETED
        events = list(runs.telling_events(here, row.id))
    told = [(False, ["a.txt"]), (True, ["mine.txt"]), (False, ["b.txt"])]
    assert files_of(events) == told
    (ran,) = of_kind(events, Kind.RAN)
    assert (ran.payload["exit"], ran.payload["files"]) == (None, 1)
    assert "cut off" in ran.payload["problem"]
    assert "Assisted-by" not in log_of(allowing, row, "%(trailers:only,separator=%x2C)")[1]
    assert not alive(int(pid.read_text()))


def test_a_fork_holds_what_a_person_had_changed_by_then(allowing: Studio) -> None:
    with elsewhere(allowing, writes("a.txt"), writes("b.txt", delay=1.0), SLOW) as (here, row):
        assert by_hand.begin(here, row.id, shell("echo mine > mine.txt")).follow().files == 1
        until(lambda: any(one.payload.get("key") == "turn-3" for one in runs.telling_events(here, row.id)))
        control.stop(here, row.id)
        other = allowing.script(writes("a.txt"), writes("b.txt"), writes("c.txt"), says("end"), name="other")
        receipt = retrying.fork(here, row.id, "turn-3", model=other).wait()
        earlier = retrying.fork(here, row.id, "turn-2", model=other).wait()
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt", "c.txt", "mine.txt"]
    assert [change.path for change in earlier.files] == ["a.txt", "b.txt", "c.txt"]
