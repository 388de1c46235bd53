"""Workflows of the earlier Paracle load, with a warning that names today's form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.workflows import WorkflowFiles

NIGHTLY = """\
name: Nightly check
version: 1.0.0
description: Looks at the changes of a day
metadata: {category: quality, tags: [nightly]}
inputs:
  changed_files: {type: array, description: What changed, required: true}
  depth: {type: string, enum: [quick, deep], default: quick, example: deep}
steps:
  - id: lint-pass
    name: lint_pass
    agent: checker
    config: {model: gpt-4, temperature: 0.1, system_prompt: "You lint."}
    inputs:
      changed_files: "{{ inputs.changed_files }}"
    outputs:
      - errors
    tools:
      - name: run_lint
    validation: {must_approve: true}
  - id: verdict
    agent_name: checker
    condition: "{{ inputs.depth == 'deep' }}"
    config: {provider: ollama, model: llama2}
    inputs:
      lint: "{{ steps.lint-pass.errors }}"
      all: "${{ steps.lint-pass.output }} ${inputs.depth} {lint-pass.output}"
outputs:
  verdict: {description: The word, value: "{{ steps.verdict.output }}"}
  errors: {source: steps.lint-pass.outputs.errors}
config:
  timeout: 900
  retry: {max_attempts: 2, backoff: exponential}
"""


@pytest.fixture
def files(tmp_path: Path) -> WorkflowFiles:
    """A project with an agent in its older form too."""
    found = WorkflowFiles(tmp_path)
    found.raw_spec("checker", "# Checker\n\n## Role\n\nChecks.\n")
    return found


def test_a_file_in_the_older_place_and_form_loads_with_warnings_only(files: WorkflowFiles) -> None:
    files.write("workflows/definitions/nightly_check.yaml", NIGHTLY)
    lines = files.findings("nightly-check")
    assert all("warning" in line for line in lines)
    assert any(
        "it is a workflow of an earlier Paracle; not used of it: temperature, tools" in line for line in lines
    )
    assert any("rename it to nightly-check.yaml" in line for line in lines)


def test_its_steps_become_todays(files: WorkflowFiles) -> None:
    files.write("workflows/definitions/nightly_check.yaml", NIGHTLY)
    workflow = files.resolved("nightly-check")
    spec = workflow.spec
    assert workflow.is_legacy
    assert [step.id for step in spec.steps] == ["approve_lint_pass", "lint_pass", "verdict"]
    approve, lint, verdict = spec.steps
    assert (approve.kind, lint.depends_on, spec.timeout) == ("approval", ("approve_lint_pass",), 900)
    assert (lint.model, verdict.model, lint.attempts) == (None, "ollama:llama2", 2)
    assert lint.inputs == {"task": "You lint.\nchanged_files: {{ inputs.changed_files }}"}
    assert verdict.when == "{{ inputs.depth == 'deep' }}"
    assert spec.inputs["depth"].type == "quick|deep"
    assert spec.inputs["changed_files"].type == "list[text]"


def test_its_templates_become_todays_and_what_a_step_uses_comes_before_it(files: WorkflowFiles) -> None:
    files.write("workflows/definitions/nightly_check.yaml", NIGHTLY)
    spec = files.resolved("nightly-check").spec
    verdict = spec.step("verdict")
    assert verdict.depends_on == ("lint_pass",)
    assert verdict.inputs["task"].splitlines() == [
        "lint: {{ steps.lint_pass.outputs.errors }}",
        "all: {{ steps.lint_pass.outputs.answer }} {{ inputs.depth }} {{ steps.lint_pass.outputs.answer }}",
    ]
    assert spec.outputs == {
        "verdict": "{{ steps.verdict.outputs.answer }}",
        "errors": "{{ steps.lint_pass.outputs.errors }}",
    }


def test_steps_may_be_a_mapping_below_spec(files: WorkflowFiles) -> None:
    files.workflow(
        "pipeline",
        """
        metadata: {name: Pipeline, description: Moves data}
        spec:
          steps:
            fetch-data: {agent_name: checker, prompt: "Get {{ input.task }}", timeout_seconds: 30}
            store: {agent: checker, dependencies: [fetch-data], input: {data: "{fetch-data.output}"}}
        """,
    )
    spec = files.resolved("pipeline").spec
    fetch, store = spec.steps
    assert (spec.description, fetch.timeout, store.depends_on) == ("Moves data", 30, ("fetch_data",))
    assert fetch.inputs == {"task": "Get {{ inputs.task }}"}
    assert store.inputs == {"task": "data: {{ steps.fetch_data.outputs.answer }}"}


def test_a_mistake_in_an_older_file_is_told_at_its_line_there(files: WorkflowFiles) -> None:
    files.write("workflows/definitions/w.yaml", NIGHTLY.replace("inputs.depth == 'deep'", "inputs.dept"))
    (line,) = [line for line in files.findings("w") if "error" in line]
    assert line == "w.yaml:22:16 error: the workflow has no input 'dept' (did you mean 'depth'?)"


def test_a_file_in_todays_place_hides_one_in_the_older_place_and_a_catalog_is_none(
    files: WorkflowFiles,
) -> None:
    files.write("workflows/definitions/w.yaml", NIGHTLY)
    files.write("workflows/catalog.yaml", "workflows: [{name: w}]")
    files.workflow("w", "steps: [{id: a, agent: checker}]")
    assert len(files.resolved("w").spec.steps) == 1
    lines = files.findings()
    assert any("a catalog is not used" in line for line in lines)
    assert any("it is not used: w.yaml is the same workflow" in line for line in lines)
