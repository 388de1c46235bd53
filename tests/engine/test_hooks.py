"""Hooks refuse, change and see what executions do; what they do wrong stays theirs."""

from __future__ import annotations

import pytest

from paracle.app.domain.errors import ProjectError
from paracle.app.domain.events import Kind
from paracle.app.domain.occasions import MAX_RESULT
from paracle.app.domain.states import State
from paracle.app.services import approvals
from tests.support.hooking import Hooks, changes, started, vetoes, warned
from tests.support.studio import Studio, alive, calls, commands, of_kind, reads, says, until, writes


def test_a_hook_is_told_what_is_about_to_happen_and_no_secret(
    studio: Studio, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    hooks.add("tool.before", match={"tool": "write_*", "agent": ["w*"]})
    hooks.trust()
    receipt, _ = studio.run(reads("README.md"), writes("a.txt", "one\n"), says())
    (told,) = hooks.told()
    assert receipt.state is State.COMPLETED
    assert (told["kind"], told["agent"], told["workflow"]) == ("tool.before", "worker", "")
    assert (told["name"], told["key"], told["execution"]) == ("write_file", "turn-2/1", receipt.execution)
    assert told["arguments"] == {"path": "a.txt", "text": "one\n"}
    assert told["folder"] == str(studio.repo.folder)
    assert receipt.execution in told["environment"]["PARACLE_WORKTREE"]
    assert "OPENAI_API_KEY" not in told["environment"]


@pytest.mark.parametrize(
    "how", ["print('not here', file=sys.stderr); sys.exit(2)", vetoes("not here")], ids=["exit 2", "JSON"]
)
def test_a_veto_is_recorded_and_told_to_the_agent_which_goes_on(
    studio: Studio, hooks: Hooks, how: str
) -> None:
    hooks.add("tool.before", how, match={"tool": "write_file"})
    hooks.add("tool.before")
    hooks.add("tool.after")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), reads("README.md"), says("Well then."))
    assert (receipt.state, receipt.refused, receipt.files) == (State.COMPLETED, 1, ())
    (failed,) = of_kind(events, Kind.STEP_FAILED)
    assert failed.payload["error"]["code"] == "tool_refused"
    assert failed.payload["error"]["title"] == "The hook 'hook 0' said no"
    assert failed.payload["error"]["detail"] == "not here"
    assert started(events, "tool")[0]["hooks"] == {"by": ["hook 0"], "veto": "not here"}
    # Nobody else is asked about it, nor told: it did not happen.
    assert [(told["kind"], told["name"]) for told in hooks.told()] == [
        ("tool.before", "write_file"), ("tool.before", "read_file"), ("tool.after", "read_file"),
    ]  # fmt: skip


def test_changed_arguments_are_what_is_done_and_what_is_recorded(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", changes(path="safe/a.txt"))
    hooks.add("tool.before", changes(text="two\n"))
    hooks.trust()
    receipt, events = studio.run(writes("a.txt", "one\n"), says())
    assert [change.path for change in receipt.files] == ["safe/a.txt"]
    assert studio.repo.git("show", f"{receipt.branch}:safe/a.txt") == "two"
    (step,) = started(events, "tool")
    assert step["arguments"] == {"path": "safe/a.txt", "text": "two\n"}
    assert step["hooks"] == {"by": ["hook 0", "hook 1"], "asked": {"path": "a.txt", "text": "one\n"}}
    assert hooks.told()[1]["arguments"]["path"] == "safe/a.txt"


def test_permissions_hold_for_what_a_hook_has_made_of_a_call(studio: Studio, hooks: Hooks) -> None:
    studio.worker(write="docs/**")
    hooks.add("tool.before", changes(path="elsewhere.txt"))
    hooks.trust()
    receipt, _ = studio.run(writes("docs/a.txt"), says())
    assert (receipt.files, receipt.refused) == ((), 1)


def test_a_person_is_asked_about_the_call_as_a_hook_has_changed_it(studio: Studio, hooks: Hooks) -> None:
    spec = "tools: [run_command]\npermissions: {shell: ask}"
    studio.files.spec("worker", spec)
    hooks.add("tool.before", changes(argv=["echo", "tame"]))
    hooks.trust()
    with studio.open() as here:
        handle = studio.start(here, commands("echo", "wild"), says())
        until(lambda: approvals.waiting(here))
        (asked,) = approvals.waiting(here)
        assert "tame" in asked.detail and "wild" not in asked.detail
        approvals.answer(here, asked.id, "once")
        assert handle.wait().state is State.COMPLETED


def test_an_after_hook_sees_the_result_and_changes_nothing(studio: Studio, hooks: Hooks) -> None:
    studio.repo.write("long.txt", "many words\n" * 3000)
    studio.repo.commit("long")
    hooks.add("tool.after", changes(path="other.txt"))
    hooks.trust()
    receipt, events = studio.run(
        calls(("read_file", {"path": "shop/cart.py"}), ("read_file", {"path": "nowhere"})),
        reads("long.txt"),
        says(),
    )
    told = {one["arguments"]["path"]: one["result"] for one in hooks.told()}
    assert receipt.state is State.COMPLETED
    assert told["shop/cart.py"]["success"] is True
    assert "total = 0" in told["shop/cart.py"]["value"]["text"]
    assert told["shop/cart.py"]["seconds"] > 0
    assert (told["nowhere"]["success"], told["nowhere"]["error"]["code"]) == (False, "tool")
    assert (told["long.txt"]["is_cut"], len(told["long.txt"]["value"])) == (True, MAX_RESULT)
    assert all("hooks" not in step for step in started(events, "tool"))


FAILURES = {
    "a crash": ("sys.exit(7)", "exit 7"),
    "rubbish": ("print('no JSON')", "it printed what is no JSON: no JSON"),
    "a list": ("print('[1]')", "it gave list where an object is expected"),
    "an unknown word": ("print('{\"deny\": true}')", "it gave 'deny', which is not known"),
    "a task for a tool": ('print(\'{"task": "x"}\')', "it gave a task, which only an execution has"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_hook_that_fails_is_told_of_and_changes_nothing(studio: Studio, hooks: Hooks, failure: str) -> None:
    does, words = FAILURES[failure]
    hooks.add("tool.before", does)
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), says())
    assert [change.path for change in receipt.files] == ["a.txt"]
    assert f"The hook 'hook 0' (tool.before) failed, and changed nothing: {words}" in warned(events)
    assert "hooks" not in started(events, "tool")[0]


def test_a_program_that_is_not_there_is_a_failure_too(studio: Studio, hooks: Hooks) -> None:
    hooks.command("tool.before", "no-such-program-here")
    hooks.command("tool.after", "no-such-program-here")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), says())
    assert [change.path for change in receipt.files] == ["a.txt"]
    assert warned(events).count("There is no program 'no-such-program-here'") == 2


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(studio: Studio, hooks: Hooks) -> None:
    pids = studio.folder / "pids"
    hooks.command("tool.before", f"sh -c 'sleep 60 & echo $! $$ > {pids}; wait'", timeout="300ms")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), says())
    assert receipt.state is State.COMPLETED
    assert "it took longer than 0.30 s and was ended" in warned(events)
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def test_a_hook_may_want_its_failure_to_be_a_veto(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", "sys.exit(7)", on_failure="veto")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), says())
    assert (receipt.files, receipt.refused) == ((), 1)
    (failed,) = of_kind(events, Kind.STEP_FAILED)
    assert failed.payload["error"]["detail"].startswith("it failed: exit 7")


def test_a_hook_that_reads_nothing_keeps_nobody_waiting(studio: Studio, hooks: Hooks) -> None:
    hooks.command("tool.before", "true")
    hooks.trust()
    receipt, _ = studio.run(writes("a.txt", "x" * 1024 * 1024), says())
    assert [change.path for change in receipt.files] == ["a.txt"]


def test_untrusted_hooks_do_not_run_and_the_account_says_so(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", vetoes("never"))
    receipt, events = studio.run(writes("a.txt"), says())
    assert ([change.path for change in receipt.files], hooks.told()) == (["a.txt"], [])
    assert "1 hook not run: the project is not trusted yet; 'paracle trust' shows them" in warned(events)


def test_hooks_that_were_changed_since_they_were_trusted_do_not_run(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before")
    hooks.trust()
    hooks.command("tool.before", "true")
    receipt, events = studio.run(writes("a.txt"), says())
    assert (receipt.state, hooks.told()) == (State.COMPLETED, [])
    assert "2 hooks not run: the project's commands have changed since they were trusted" in warned(events)


def test_a_file_of_hooks_with_errors_lets_nothing_begin(studio: Studio) -> None:
    studio.files.write("hooks.yaml", "hooks: [{on: tool.before}]\n")
    with studio.open() as here:
        with pytest.raises(ProjectError, match=r"hooks\.yaml has errors"):
            studio.start(here, says())
        assert here.store.executions() == ()
