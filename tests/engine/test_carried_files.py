"""What a command of the project names is trusted with it: files of the project, scripts of its models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paracle.app.domain.errors import PolicyRefused, ProjectError
from paracle.app.domain.events import Kind
from paracle.app.domain.jobs import Stays
from paracle.app.domain.states import State
from paracle.app.domain.trust import CommandKind, Standing
from paracle.app.services import control, jobs, retrying, runs, trust, workflow_runs
from tests.engine.killing import kill_once
from tests.support.studio import Studio, commands, of_kind, says, until

SHELL = "permissions: {shell: allow}\n"


def project(studio: Studio, text: str) -> None:
    studio.files.write("project.yaml", f"name: shop\n{text}\n")


def flow(studio: Studio, step: str, more: str = "") -> None:
    studio.files.write("workflows/flow.yaml", f"{SHELL}{more}steps: [{{id: only, {step}}}]\n")


def player(studio: Studio, argv: str) -> None:
    book = f"playbook: [{{tool: run_command, with: {{argv: {argv}}}}}]"
    studio.files.spec("player", f"tools: [run_command]\n{SHELL}{book}")


WAYS: dict[str, Callable[[Studio], None]] = {
    "setup": lambda studio: project(studio, "worktree: {setup: [sh build.sh]}"),
    "check": lambda studio: project(studio, "checks: ['true && ./build.sh']"),
    "script": lambda studio: flow(studio, 'run: "sh build.sh"'),
    "a script in a script": lambda studio: flow(studio, """run: "sh -c 'cd . && sh build.sh' # isn't it" """),
    "a variable": lambda studio: flow(studio, 'run: "sh $FILE", env: {FILE: build.sh}'),
    "a word with =": lambda studio: flow(studio, 'run: "env --file=build.sh true"'),
    "behind a #": lambda studio: flow(studio, 'run: "true a#b; sh build.sh"'),
    "the folder's own variable": lambda studio: flow(studio, 'run: "sh \\"$PARACLE_PROJECT/build.sh\\""'),
    "a call": lambda studio: flow(studio, "tool: run_command, with: {argv: [sh, build.sh]}"),
    "an input": lambda studio: flow(
        studio,
        'tool: run_command, with: {argv: [sh, "{{ inputs.file }}"]}',
        "inputs: {file: {default: build.sh}}\n",
    ),
    "a list": lambda studio: flow(
        studio, 'tool: run_command, for_each: [build.sh], with: {argv: [sh, "{{ item }}"]}'
    ),
    "a playbook": lambda studio: player(studio, "[sh, -c, 'sh ./build.sh']"),
}


@pytest.fixture
def script(studio: Studio) -> Path:
    """A script in the project's folder."""
    path = studio.files.root / "build.sh"
    path.write_text("exit 0\n")
    return path


def standing(studio: Studio) -> Standing:
    with studio.open() as here:
        return trust.look(here).standing


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_a_command_names_is_trusted_with_it(studio: Studio, script: Path, way: str) -> None:
    WAYS[way](studio)
    studio.trust()
    assert standing(studio) is Standing.TRUSTED
    script.write_text("exit 1\n")
    assert standing(studio) is Standing.CHANGED
    studio.trust()
    script.unlink()
    assert standing(studio) is Standing.CHANGED


def test_what_a_person_adds_to_themselves_needs_no_files(studio: Studio, script: Path) -> None:
    project(studio, "worktree: {commands: [sh build.sh]}")
    studio.trust()
    script.write_text("exit 1\n")
    assert standing(studio) is Standing.TRUSTED


def test_a_script_that_was_changed_is_not_run(studio: Studio, script: Path, tmp_path: Path) -> None:
    flow(studio, 'run: "sh build.sh"')
    studio.repo.commit("a script")
    studio.trust()
    with studio.open() as here:
        assert workflow_runs.start(here, "flow").wait().state is State.COMPLETED
        script.write_text(f"touch {tmp_path}/mark\n")
        studio.repo.commit("another script")
        with pytest.raises(PolicyRefused, match="step only"):
            workflow_runs.start(here, "flow")
    assert not (tmp_path / "mark").exists()


def test_a_worker_does_not_run_a_script_that_was_changed_since_it_was_queued(
    studio: Studio, script: Path, tmp_path: Path
) -> None:
    flow(studio, 'run: "sh build.sh"')
    studio.trust()
    with studio.open() as here:
        row = jobs.enqueue(here, workflow_runs.request_of(here, "flow", {})).execution
        script.write_text(f"touch {tmp_path}/mark\n")
        studio.repo.commit("another script")
        with jobs.work(here, slots=1, stays=Stays.WHILE_DUE) as working:
            until(lambda: working.is_done(0.01))
        assert here.store.execution(row.id).state is State.FAILED
    assert not (tmp_path / "mark").exists()


def test_checks_run_as_they_are_written_though_their_files_are_shown(studio: Studio, script: Path) -> None:
    WAYS["check"](studio)
    with studio.open() as here:
        seen = trust.look(here)
        trust.accept(here, seen)
        (carried,) = seen.commands
        assert carried.text == "true && ./build.sh"
        assert carried.shown.splitlines()[1].startswith("# ./build.sh sha256:")
        assert trust.preparation(here).checks == ("true && ./build.sh",)
        assert trust.require(here).texts(CommandKind.CHECK) == ("true && ./build.sh",)


def test_a_link_is_what_it_leads_to_and_out_of_the_project_it_is_not_followed(
    studio: Studio, script: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.sh"
    outside.write_text("exit 0\n")
    link = studio.files.root / "link.sh"
    link.symlink_to("build.sh")
    flow(studio, 'run: "sh link.sh"')
    studio.trust()
    script.write_text("exit 1\n")
    assert standing(studio) is Standing.CHANGED
    link.unlink()
    link.symlink_to(outside)
    studio.trust()
    with studio.open() as here:
        (carried,) = trust.look(here).commands
    assert carried.files == (f"link.sh is a link that leads out of the project, to {outside}",)
    flow(studio, f'run: "sh {outside}; sh ../outside.sh; cat /dev/zero | head -1"')
    with studio.open() as here:
        assert trust.look(here).commands[0].files == ()


def test_while_one_file_has_errors_the_rest_is_shown_and_nothing_can_be_trusted(studio: Studio) -> None:
    flow(studio, 'run: "true"')
    studio.files.write("hooks.yaml", "hooks: [{on: never}]\n")
    with studio.open() as here:
        seen = trust.look(here)
        assert (seen.standing, seen.withheld) == (Standing.WITHHELD, "hooks.yaml has errors")
        assert [command.text for command in seen.commands] == ["true"]
        with pytest.raises(PolicyRefused, match=r"hooks\.yaml has errors"):
            trust.accept(here, seen)
        with pytest.raises(ProjectError, match=r"hooks\.yaml"):
            workflow_runs.start(here, "flow")


def scripted(studio: Studio, name: str = "worker", shell: str = "allow", model: str = "") -> str:
    """An agent whose file names a script as its model; gives the model."""
    model = model or studio.script(commands("true"), says("done"))
    studio.files.spec(
        name, f"model: {model}\ntools: [run_command]\npermissions: {{shell: {shell}}}\nfallback_models: []"
    )
    return model


def test_the_script_of_a_model_that_a_file_names_is_trusted_with_what_it_holds(studio: Studio) -> None:
    model = scripted(studio)
    with studio.open() as here:
        with pytest.raises(PolicyRefused, match="model script:") as refused:
            runs.start(here, "worker")
        assert "paracle trust" in refused.value.hint and "--model" in refused.value.hint
        (carried,) = trust.look(here).commands
        assert (carried.kind, carried.text) == (CommandKind.MODEL, model)
        studio.trust()
        assert runs.start(here, "worker").wait().state is State.COMPLETED
        studio.script(commands("false"), says("done"))
        with pytest.raises(PolicyRefused):
            runs.start(here, "worker")


def test_a_script_whose_agent_asks_before_commands_needs_no_trust(studio: Studio) -> None:
    for shell in ("ask", "deny"):
        scripted(studio, shell=shell)
        assert standing(studio) is Standing.NOTHING


def test_a_script_that_the_project_or_a_step_or_a_fallback_names_needs_trust(studio: Studio) -> None:
    model = studio.script(says("done"))
    project(studio, f"model: '{model}'")
    flow(studio, "agent: worker")
    with studio.open() as here:
        with pytest.raises(PolicyRefused, match="model script:"):
            runs.start(here, "worker")
        with pytest.raises(PolicyRefused, match="model script:"):
            workflow_runs.start(here, "flow")
        project(studio, "model: offline")
        flow(studio, f"agent: worker, model: '{model}'")
        with pytest.raises(PolicyRefused, match="model script:"):
            workflow_runs.start(here, "flow")
        studio.worker(extra=f"fallback_models: ['{model}']")
        with pytest.raises(PolicyRefused, match="model script:"):
            runs.start(here, "worker", model=studio.script(says(), name="own"))
        studio.trust()
        assert workflow_runs.start(here, "flow").wait().state is State.COMPLETED


def test_a_script_that_a_person_names_needs_no_trust_in_the_queue_or_for_a_retry(studio: Studio) -> None:
    with studio.open() as here:
        model = studio.script(commands("true"), {"error": "no"})
        row = jobs.enqueue(here, runs.request_of(here, "worker", model=model)).execution
        with jobs.work(here, slots=1, stays=Stays.WHILE_DUE) as working:
            until(lambda: working.is_done(0.01))
        assert here.store.execution(row.id).state is State.FAILED
        studio.script(commands("true"), says("mended"))
        assert retrying.retry(here, row.id).wait().answer == "mended"


def test_a_script_that_only_a_record_names_is_not_gone_on_with(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the record came with the project: this user has never named the script."""
    arguments = ["run", "worker", "--model", studio.script(commands("sleep", "60"))]
    kill_once(studio, arguments, lambda events: len(of_kind(events, Kind.STEP_STARTED)) > 1)
    with studio.open() as here:
        here.store.interrupt_orphans()
    monkeypatch.setenv("PARACLE_STATE_DIR", str(studio.folder / "another-user"))
    with studio.open() as here:
        with pytest.raises(PolicyRefused, match="model script:"):
            control.take_up(here, "last")
        with pytest.raises(PolicyRefused, match="model script:"):
            retrying.retry(here, "last", "turn-1")
        assert runs.find(here, "last").state is State.INTERRUPTED
