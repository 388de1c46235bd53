"""Commands that a project's files fix: none runs until its user trusts exactly it."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.errors import PolicyRefused
from paracle.app.domain.events import Kind
from paracle.app.domain.jobs import Stays
from paracle.app.domain.states import State
from paracle.app.domain.trust import CommandKind, Standing
from paracle.app.services import control, jobs, runs, trust, workflow_runs
from paracle.app.services.workspace import Workspace
from tests.engine.killing import kill_once
from tests.support.studio import Studio, commands, of_kind, says, until


def player(studio: Studio, argv: str, shell: str = "allow", rest: str = "") -> None:
    """An agent whose playbook runs a command."""
    studio.files.spec(
        "player",
        f"tools: [run_command]\npermissions: {{shell: {shell}}}\n"
        f"inputs: {{word: {{default: one}}}}\n"
        f"playbook: [{{tool: run_command, with: {{argv: {argv}}}{rest}}}, {{say: done}}]",
    )


def flow(studio: Studio, argv: str, shell: str = "allow") -> None:
    """A workflow whose step runs a command."""
    text = f"permissions: {{shell: {shell}}}\ninputs: {{word: {{default: one}}}}\n"
    steps = f"steps: [{{id: touch, tool: run_command, with: {{argv: {argv}}}}}]\n"
    studio.files.write("workflows/flow.yaml", text + steps)


def standing(studio: Studio) -> Standing:
    with studio.open() as here:
        return trust.look(here).standing


def play(here: Workspace) -> State:
    return runs.start(here, "player", model="offline").wait().state


def test_a_playbooks_command_runs_once_it_is_trusted_and_a_change_asks_again(
    studio: Studio, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    player(studio, f"[touch, {mark}]")
    with studio.open() as here:
        with pytest.raises(PolicyRefused, match="agent player") as refused:
            play(here)
        assert "paracle trust" in refused.value.hint
        assert (mark.exists(), here.store.count()) == (False, 0)
        studio.trust()
        assert play(here) is State.COMPLETED
        assert mark.exists()
        mark.unlink()
        player(studio, f"[touch, -c, {mark}]")
        with pytest.raises(PolicyRefused):
            play(here)
        (carried,) = trust.look(here).commands
    assert (carried.kind, carried.text) == (CommandKind.CALL, f"touch -c {mark}")
    assert carried.path.name == "player.md"


def test_a_workflows_command_runs_once_it_is_trusted(studio: Studio, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    flow(studio, f"[touch, {mark}]")
    with studio.open() as here:
        with pytest.raises(PolicyRefused, match="step touch"):
            workflow_runs.start(here, "flow")
        studio.trust()
        assert workflow_runs.start(here, "flow").wait().state is State.COMPLETED
    assert mark.exists()


def test_an_agent_of_a_workflow_brings_its_playbooks_commands(studio: Studio, tmp_path: Path) -> None:
    player(studio, f"[touch, {tmp_path}/mark]")
    studio.files.write("workflows/flow.yaml", "steps: [{id: first, agent: player}]\n")
    with studio.open() as here, pytest.raises(PolicyRefused, match="agent player"):
        workflow_runs.start(here, "flow")


def test_what_is_put_into_a_command_belongs_to_what_is_trusted(studio: Studio) -> None:
    argv = '["true", "{{ inputs.word }}"]'
    for write in (player, flow):
        write(studio, argv)
        studio.trust()
    assert standing(studio) is Standing.TRUSTED
    for path in ("agents/specs/player.md", "workflows/flow.yaml"):
        file = studio.files.parac / path
        before = file.read_text()
        file.write_text(before.replace("default: one", "default: two"))
        assert standing(studio) is Standing.CHANGED
        file.write_text(before)
    player(studio, '["true", "{{ item }}"]', rest=", for_each: '[1]'")
    studio.trust()
    player(studio, '["true", "{{ item }}"]', rest=", for_each: '[2]'")
    assert standing(studio) is Standing.CHANGED


def test_a_command_that_is_asked_about_or_denied_needs_no_trust(studio: Studio) -> None:
    for shell in ("ask", "deny"):
        player(studio, "['true']", shell)
        flow(studio, "['true']", shell)
        assert standing(studio) is Standing.NOTHING


def test_what_a_model_asks_for_is_in_no_file_and_needs_no_trust(studio: Studio) -> None:
    receipt, _ = studio.run(commands("true"), says("done"))
    assert (receipt.state, receipt.tool_calls) == (State.COMPLETED, {"run_command": 1})


def test_a_worker_does_not_begin_what_is_no_longer_trusted(studio: Studio, tmp_path: Path) -> None:
    player(studio, f"[touch, {tmp_path}/mark]")
    studio.trust()
    with studio.open() as here:
        row = jobs.enqueue(here, runs.request_of(here, "player", model="offline")).execution
        trust.revoke(here)
        with jobs.work(here, slots=1, stays=Stays.WHILE_DUE) as working:
            until(lambda: working.is_done(0.01))
        assert here.store.execution(row.id).state is State.FAILED
    assert not (tmp_path / "mark").exists()


def test_a_record_is_not_gone_on_with_whose_commands_are_no_longer_trusted(studio: Studio) -> None:
    player(studio, "[sleep, '60']")
    studio.trust()
    arguments = ["run", "player", "--model", "offline"]
    kill_once(studio, arguments, lambda events: bool(of_kind(events, Kind.STEP_STARTED)))
    player(studio, "[sleep, '61']")
    studio.trust()
    with studio.open() as here:
        here.store.interrupt_orphans()
        with pytest.raises(PolicyRefused, match="agent player"):
            control.take_up(here, "last")
        assert runs.find(here, "last").state is State.INTERRUPTED
