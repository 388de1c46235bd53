"""A fresh work tree is made ready for its agent: ignored files brought in, trusted commands run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.domain.trust import Preparation
from paracle.app.engine.request import read_request
from paracle.app.services import trust
from tests.support.studio import Studio, Turn, alive, calls, commands, of_kind, reads, says, until, writes


def settle(
    studio: Studio,
    *,
    copy: Sequence[str] = (),
    setup: Sequence[str] = (),
    checks: Sequence[str] = (),
    trusted: bool = True,
) -> None:
    """Write what the project asks for, commit it, and trust it where it is to be trusted."""
    text = yaml.safe_dump({"worktree": {"copy": [*copy], "setup": [*setup]}, "checks": [*checks]})
    studio.files.write("project.yaml", text)
    studio.repo.commit("settings")
    if trusted and (setup or checks):
        with studio.open() as here:
            trust.accept(here, trust.look(here))


def ignore(studio: Studio, *patterns: str) -> None:
    studio.repo.write(".gitignore", "".join(f"{pattern}\n" for pattern in patterns))
    studio.repo.commit("ignore")


def logged(events: Sequence[Event]) -> str:
    return "\n".join(event.payload["text"] for event in of_kind(events, Kind.LOG))


def steps_of(events: Sequence[Event], action: str) -> list[str]:
    """The commands of the steps of one kind, in the order in which they began."""
    started = of_kind(events, Kind.STEP_STARTED)
    return [e.payload["arguments"]["command"] for e in started if e.payload["action"] == action]


def test_an_untrusted_project_runs_its_agent_without_its_commands(studio: Studio, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    settle(studio, setup=[f"touch {ran}"], checks=[f"touch {ran}"], trusted=False)
    receipt, events = studio.run(writes("a.txt"), says())
    assert (receipt.state, receipt.checks, ran.exists()) == (State.COMPLETED, (), False)
    assert "1 setup command and 1 check not run: the project is not trusted yet" in logged(events)
    assert "'paracle trust' shows them and asks" in logged(events)


def test_what_was_trusted_and_has_changed_is_not_run(studio: Studio, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    settle(studio, setup=["true"])
    settle(studio, setup=[f"touch {ran}"], trusted=False)
    _, events = studio.run(says())
    assert not ran.exists()
    assert "the project's commands have changed since they were trusted" in logged(events)


def test_setup_commands_run_as_steps_before_the_agent_does_anything(studio: Studio) -> None:
    ignore(studio, "deps/")
    settle(
        studio,
        setup=[
            "mkdir deps",
            'echo "$PARACLE_PROJECT" > deps/project',
            'echo "$PARACLE_WORKTREE" > deps/here',
        ],
    )
    receipt, events = studio.run(commands("cat", "deps/project", "deps/here"), says())
    assert steps_of(events, "setup")[0] == "mkdir deps"
    kinds = [event.payload["action"] for event in of_kind(events, Kind.STEP_STARTED)]
    assert kinds[:3] == ["setup"] * 3 and "setup" not in kinds[3:]
    ran = [event for event in of_kind(events, Kind.STEP_COMPLETED) if event.payload["action"] == "tool"]
    project, here = ran[0].payload["result"]["stdout"].splitlines()
    assert Path(project) == studio.repo.folder
    assert Path(here).parent.parent.name == "worktrees"
    assert receipt.commits == ()


def test_what_setup_leaves_ignored_keeps_no_work_tree(studio: Studio) -> None:
    ignore(studio, "deps/", "*.db")
    settle(studio, setup=["sh -c 'mkdir -p deps/a; echo 1 > deps/a/b; echo 2 > cache.db'"])
    receipt, _ = studio.run(writes("a.txt"), says())
    assert (receipt.state, receipt.worktree, studio.worktrees()) == (State.COMPLETED, "", [])


def test_an_ignored_file_that_changed_after_setup_keeps_the_work_tree(studio: Studio) -> None:
    ignore(studio, "*.db")
    settle(studio, setup=["sh -c 'echo 1 > cache.db; echo 1 > other.db'"])
    receipt, _ = studio.run(commands("sh", "-c", "echo longer > cache.db"), says())
    assert receipt.worktree
    assert (Path(receipt.worktree) / "cache.db").read_text() == "longer\n"


def test_what_setup_changes_in_the_open_is_a_commit_of_its_own(studio: Studio) -> None:
    settle(studio, setup=["sh -c 'echo 1 > generated.txt'"])
    receipt, _ = studio.run(writes("a.txt"), says())
    first, second = receipt.commits
    assert studio.repo.message(first).startswith("chore(setup): sh -c")
    assert studio.repo.git("show", "--name-only", "--format=", first) == "generated.txt"
    assert studio.repo.git("show", "--name-only", "--format=", second) == "a.txt"


def test_the_first_setup_command_that_fails_ends_the_run_before_the_agent(studio: Studio) -> None:
    settle(studio, setup=["sh -c 'echo no such package >&2; exit 3'", "touch never"])
    receipt, events = studio.run(writes("a.txt"), says())
    assert receipt.state is State.FAILED and receipt.error is not None
    assert receipt.error["code"] == "setup_failed"
    assert "no such package" in receipt.error["detail"] and "exit 3" in receipt.error["detail"]
    assert "exit 3" in receipt.error["title"]
    assert steps_of(events, "setup") == ["sh -c 'echo no such package >&2; exit 3'"]
    assert receipt.tool_calls == {} and studio.worktrees() == []


def test_a_setup_program_that_is_missing_is_named(studio: Studio) -> None:
    settle(studio, setup=["no-such-program --now"])
    receipt, _ = studio.run(says())
    assert receipt.error is not None
    assert "There is no program 'no-such-program'" in receipt.error["detail"]


def test_a_stop_ends_all_that_setup_has_started(studio: Studio, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    settle(studio, setup=[f"sleep 300 & echo $! $$ > {pids}.part; mv {pids}.part {pids}; wait"])
    with studio.open() as here:
        handle = studio.start(here, says())
        until(pids.exists)
        handle.stop()
        receipt = handle.wait()
    assert receipt.state is State.TERMINATED
    for pid in map(int, pids.read_text().split()):
        until(lambda pid=pid: not alive(pid))  # type: ignore[misc]


def test_ignored_files_are_copied_and_secrets_are_links_that_tools_refuse(studio: Studio) -> None:
    ignore(studio, ".env", "local.yaml")
    secret = studio.repo.write(".env", "KEY=secret\n")
    studio.repo.write("local.yaml", "port: 1\n")
    settle(studio, copy=[".env", "local.yaml"])
    before = studio.fingerprint()
    receipt, events = studio.run(
        reads("local.yaml"),
        reads(".env"),
        writes(".env", "KEY=mine\n"),
        calls(("edit_file", {"path": ".env", "old": "secret", "new": "mine"})),
        calls(("search", {"pattern": "secret", "path": ".env"})),
        commands("readlink", ".env"),
        says(),
    )
    results = [
        (event.kind, event.payload)
        for event in of_kind(events, Kind.STEP_COMPLETED, Kind.STEP_FAILED)
        if event.payload["action"] == "tool"
    ]
    assert [kind for kind, _ in results] == [
        Kind.STEP_COMPLETED,
        *[Kind.STEP_FAILED] * 4,
        Kind.STEP_COMPLETED,
    ]
    assert "port: 1" in str(results[0][1]["result"])
    assert {payload["error"]["code"] for _, payload in results[1:5]} == {"outside_root"}
    assert results[5][1]["result"]["stdout"].strip() == str(secret)
    assert studio.fingerprint() == before
    assert (receipt.worktree, studio.worktrees(), receipt.files) == ("", [], ())


def test_copies_and_links_stay_out_of_commits_even_when_the_agent_stops_ignoring_them(
    studio: Studio,
) -> None:
    ignore(studio, ".env", "local.yaml")
    studio.repo.write(".env", "KEY=secret\n")
    studio.repo.write("local.yaml", "port: 1\n")
    settle(studio, copy=[".env", "local.yaml"])
    receipt, _ = studio.run(
        writes(".gitignore", "nothing\n"),
        commands("sh", "-c", "git add --force .env local.yaml; echo more > work.txt"),
        says(),
    )
    assert {change.path for change in receipt.files} == {".gitignore", "work.txt"}
    names = {name for commit in receipt.commits for name in studio.repo.names(commit)}
    assert not names & {".env", "local.yaml"}
    assert studio.worktrees() == []
    assert (studio.repo.folder / ".env").read_text() == "KEY=secret\n"


def test_a_copy_that_the_agent_has_changed_is_not_lost(studio: Studio) -> None:
    ignore(studio, "local.yaml")
    studio.repo.write("local.yaml", "port: 1\n")
    settle(studio, copy=["local.yaml"])
    receipt, _ = studio.run(writes(".gitignore", "x\n"), writes("local.yaml", "port: 2\n"), says())
    assert (Path(receipt.worktree) / "local.yaml").read_text() == "port: 2\n"
    assert [change.path for change in receipt.files] == [".gitignore"]
    assert (studio.repo.folder / "local.yaml").read_text() == "port: 1\n"


# Checks


def run_with_checks(studio: Studio, *checks: str, turns: Sequence[Turn] = ()) -> tuple[Receipt, list[Event]]:
    settle(studio, checks=checks)
    return studio.run(*(turns or (writes("a.txt", "good\n"),)), says())


def test_checks_judge_what_was_committed_and_stop_nothing(studio: Studio) -> None:
    receipt, events = run_with_checks(
        studio, "grep -q good a.txt", "sh -c 'echo first; echo bad luck >&2; exit 2'"
    )
    good, bad = receipt.checks
    assert (good.command, good.ok, good.exit_code, good.glyph, good.word) == (
        "grep -q good a.txt",
        True,
        0,
        "✓",
        "passed",
    )
    assert (bad.ok, bad.exit_code, bad.output_tail, bad.word) == (False, 2, "first\nbad luck", "failed")
    assert receipt.state is State.COMPLETED
    assert Receipt.from_dict(receipt.to_dict()) == receipt
    (failed,) = of_kind(events, Kind.STEP_FAILED)
    assert failed.payload["error"]["check"]["exit_code"] == 2
    assert steps_of(events, "check") == [good.command, bad.command]
    assert studio.worktrees() == []


def test_a_check_whose_program_is_missing_has_failed(studio: Studio) -> None:
    receipt, _ = run_with_checks(studio, "no-such-program")
    (check,) = receipt.checks
    assert (check.ok, check.exit_code) == (False, 127)
    assert "There is no program 'no-such-program'" in check.output_tail


def test_a_run_that_commits_nothing_is_not_checked(studio: Studio) -> None:
    receipt, _ = run_with_checks(studio, "true", turns=(reads("README.md"),))
    assert receipt.checks == ()


def test_work_that_was_left_uncommitted_is_committed_before_it_is_checked(studio: Studio) -> None:
    receipt, _ = run_with_checks(studio, "sh -c 'git status --porcelain | grep . && exit 1 || true'")
    assert [check.ok for check in receipt.checks] == [True]


def test_what_checks_write_is_committed_by_nobody_and_said(studio: Studio) -> None:
    receipt, events = run_with_checks(studio, "sh -c 'echo x >> a.txt; echo y > report.txt'")
    assert [change.path for change in receipt.files] == ["a.txt"]
    assert studio.repo.show(receipt.tip, "a.txt") == "good"
    assert "Checks have changed files that git tracks (a.txt)" in logged(events)
    assert "Checks have left files that git does not ignore (report.txt)" in logged(events)
    assert (Path(receipt.worktree) / "report.txt").read_text() == "y\n"


def test_ignored_files_that_checks_make_keep_no_work_tree(studio: Studio) -> None:
    ignore(studio, "build/")
    receipt, _ = run_with_checks(studio, "sh -c 'mkdir build; echo 1 > build/report'")
    assert (receipt.worktree, studio.worktrees()) == ("", [])


def test_an_ignored_file_of_the_agents_stays_the_agents_though_a_check_touches_it(studio: Studio) -> None:
    ignore(studio, "notes.db")
    receipt, _ = run_with_checks(
        studio,
        "sh -c 'echo checked >> notes.db'",
        turns=(writes("notes.db", "precious\n"), writes("a.txt")),
    )
    assert (Path(receipt.worktree) / "notes.db").read_text() == "precious\nchecked\n"


def test_a_stop_during_the_checks_keeps_the_answer_and_the_results_so_far(
    studio: Studio, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    settle(studio, checks=["true", f"echo $$ > {pid}.part; mv {pid}.part {pid}; sleep 300"])
    with studio.open() as here:
        handle = studio.start(here, writes("a.txt"), says("Done."))
        until(pid.exists)
        handle.stop()
        receipt = handle.wait()
    assert receipt.state is State.TERMINATED
    assert (receipt.answer.strip(), [check.ok for check in receipt.checks]) == ("Done.", [True])
    until(lambda: not alive(int(pid.read_text())))


def test_a_process_that_a_check_leaves_behind_is_ended(studio: Studio, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    receipt, _ = run_with_checks(studio, f"sleep 300 & echo $! > {pid}")
    assert receipt.checks[0].ok
    assert not alive(int(pid.read_text()))


def test_the_commands_that_run_are_those_of_the_users_folder_not_those_the_agent_writes(
    studio: Studio, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    settle(studio, checks=["true"])
    receipt, _ = studio.run(writes(".parac/project.yaml", f"checks: [touch {ran}]\n"), says())
    assert [check.command for check in receipt.checks] == ["true"]
    assert not ran.exists()


def test_the_record_of_a_run_holds_no_command_that_going_on_with_it_would_run(studio: Studio) -> None:
    settle(studio, setup=["true"], checks=["true"])
    _, events = studio.run(says())
    (queued,) = of_kind(events, Kind.QUEUED)
    assert read_request(queued.payload["request"]).preparation == Preparation()
