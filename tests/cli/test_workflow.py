"""`workflow list|show|validate|plan`."""

import json
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json

WORKFLOW = """\
name: tidy
description: Look, then write
inputs: {paths: {type: list[path], default: ["."]}}
steps:
  - {id: look, agent: reviewer, inputs: {paths: "{{ inputs.paths }}"}}
  - {id: write, agent: worker, depends_on: look, when: "{{ steps.look.outputs.answer }}"}
outputs: {answer: "{{ steps.look.outputs.answer }}"}
"""


@pytest.fixture
def tidy(project: Path) -> Path:
    """A project with the workflow ``tidy``."""
    (project / ".parac" / "workflows").mkdir()
    (project / ".parac" / "workflows" / "tidy.yaml").write_text(WORKFLOW)
    return project


def break_it(project: Path) -> Path:
    path = project / ".parac" / "workflows" / "tidy.yaml"
    path.write_text(WORKFLOW.replace("steps.look.outputs", "steps.lok.outputs"))
    return path


def test_list_names_each_workflow_and_the_next_command(tidy: Path) -> None:
    listed = paracle(tidy, "workflow", "list")
    assert listed.stdout.split() == ["tidy", "2", "steps", "Look,", "then", "write"]
    assert "next: paracle workflow plan tidy" in listed.stderr
    assert paracle_json(tidy, "workflow", "list")["workflows"][0]["broken"] is False


def test_list_without_workflows_says_how_to_begin(project: Path) -> None:
    listed = paracle(project, "workflow", "list")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert ".parac/workflows/NAME.yaml" in listed.stderr


def test_show_has_inputs_steps_and_outputs(tidy: Path) -> None:
    shown = paracle(tidy, "workflow", "show", "tidy").stdout
    assert "paths  list[path]  default ['.']" in shown
    assert "write  agent worker    after look; when {{ steps.look.outputs.answer }}" in shown
    assert paracle_json(tidy, "workflow", "show", "tidy")["spec"]["concurrency"] == 5


def test_validate_names_place_cause_and_mend_and_fails(tidy: Path) -> None:
    assert paracle(tidy, "workflow", "validate").returncode == 0
    path = break_it(tidy)
    checked = paracle(tidy, "workflow", "validate", "tidy")
    assert checked.returncode == 1
    assert f"{path}:6:56: error: there is no step 'lok'" in checked.stdout
    assert "did you mean 'look'?" in checked.stdout
    assert "2 errors, 0 warnings" in checked.stderr
    assert json.loads(paracle(tidy, "workflow", "validate", "--json").stdout)["valid"] is False


def test_the_check_of_the_whole_project_covers_workflows(tidy: Path) -> None:
    break_it(tidy)
    checked = paracle(tidy, "validate")
    assert checked.returncode == 1
    assert "there is no step 'lok'" in checked.stdout


def test_plan_prints_levels_and_costs_and_runs_nothing(tidy: Path) -> None:
    planned = paracle(tidy, "workflow", "plan", "tidy", "--input", "paths=src")
    lines = planned.stdout.splitlines()
    assert [line for line in lines if line.startswith("level")] == ["level 1", "level 2"]
    assert "offline" in lines[1] and "writes REVIEW.md" in lines[1] and "costs nothing" in lines[1]
    assert "may be skipped (when: {{ steps.look.outputs.answer }})" in lines[3]
    assert "Nothing has run." in planned.stderr
    assert not (tidy / ".parac" / ".local").exists()
    data = paracle_json(tidy, "workflow", "plan", "tidy", "--input", "paths=src")
    assert (data["inputs"]["paths"], data["levels"]) == (["src"], [["look"], ["write"]])


def test_plan_refuses_what_does_not_fit_with_the_way_out(tidy: Path) -> None:
    unknown = paracle(tidy, "workflow", "plan", "tidy", "--input", "path=src")
    assert unknown.returncode == 2
    assert "did you mean 'paths'?" in unknown.stderr
    missing = paracle(tidy, "workflow", "plan", "tiddy", "--json")
    assert missing.returncode == 4
    assert json.loads(missing.stdout)["error"]["hint"] == "did you mean 'tidy'?"
    break_it(tidy)
    broken = paracle(tidy, "workflow", "plan", "tidy")
    assert broken.returncode == 1
    assert "Workflow 'tidy' cannot run" in broken.stderr


def test_plan_says_whose_commands_a_run_would_be_refused_for(tidy: Path) -> None:
    workflows = tidy / ".parac" / "workflows"
    (workflows / "inner.yaml").write_text(
        "permissions: {shell: allow}\nsteps: [{id: build, run: make all}]\n"
    )
    (workflows / "outer.yaml").write_text(
        "steps: [{id: call, workflow: inner}, {id: look, agent: reviewer}]\n"
    )
    planned = paracle(tidy, "workflow", "plan", "outer")
    assert "refused until you trust the commands of step build: 'paracle trust'" in planned.stderr
    assert paracle_json(tidy, "workflow", "plan", "outer")["untrusted"] == ["step build"]
    assert not (tidy / ".parac" / ".local").exists()
    assert paracle(tidy, "trust", "--yes").returncode == 0
    assert paracle_json(tidy, "workflow", "plan", "outer")["untrusted"] == []
    # What cannot be read is not trusted, and hinders no plan.
    (tidy / ".parac" / "hooks.yaml").write_text("hooks: [{on: nothing.before, run: make}]\n")
    assert paracle_json(tidy, "workflow", "plan", "outer")["untrusted"] == ["step build"]
