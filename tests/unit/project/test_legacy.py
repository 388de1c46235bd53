"""What an earlier Paracle wrote loads, with a warning that names today's form."""

from __future__ import annotations

import pytest

from tests.support.projects import ProjectFiles

CODER = """\
# Coder Agent

## Role

Writes and maintains
the code of the project.

Second paragraph.

## Skills

- python-development
- unknown-skill

## Responsibilities

- Implement features
"""


def test_a_spec_without_front_matter_becomes_an_agent(files: ProjectFiles) -> None:
    files.write("agents/skills/python-development/SKILL.md", "x")
    files.raw_spec("coder", CODER)
    agent = files.open().agent("coder")
    assert agent.spec.description == "Writes and maintains the code of the project."
    assert agent.spec.skills == ("python-development",)
    assert agent.instructions == CODER.strip()
    assert files.problems() == [
        "coder.md:1:1 warning: it is a Markdown spec of an earlier Paracle, without front matter"
        " (put '---', 'name: coder', a 'description:', the 'tools:' it may call, and '---' at its top)"
    ]


@pytest.mark.parametrize("stem", ["Release_Manager", "RELEASE_MANAGER", "release_manager", "Release Manager"])
def test_a_file_named_in_an_older_way_has_todays_name(files: ProjectFiles, stem: str) -> None:
    files.raw_spec(stem, CODER)
    assert files.open().agent("release-manager").name == "release-manager"
    warnings = files.check("release-manager")
    assert len(warnings) == 2
    assert any(
        "its agent is 'release-manager' (rename it to release-manager.md)" in line for line in warnings
    )


def test_todays_spec_in_a_file_named_in_an_older_way_works_too(files: ProjectFiles) -> None:
    files.spec("Release_Manager", "name: release-manager\ndescription: x")
    assert files.open().agent("release-manager").spec.description == "x"
    (line,) = files.problems()
    assert "warning: the file is named in an older way" in line


def test_an_older_agent_can_be_a_parent(files: ProjectFiles) -> None:
    files.raw_spec("coder", CODER)
    files.spec("child", "extends: coder", "Be brief.")
    assert files.open().agent("child").instructions.endswith("- Implement features\n\nBe brief.")


NESTED = """
project:
  name: old-shop
  version: 0.0.1
  description: Sells things
agents: {coder: {}}
"""
FLAT = """
name: old-shop
version: 0.0.1
description: Sells things
defaults:
  model_provider: openai
  default_model: gpt-4
governance: {enabled: true}
"""
VERSIONED = """
schema_version: "1.0"
metadata:
  name: old-shop
  version: 0.0.1
  description: Sells things
spec:
  defaults: {model_provider: openai, default_model: gpt-4}
"""


@pytest.mark.parametrize(
    ("content", "model", "form"),
    [
        (NESTED, "offline", "its settings are below 'project'"),
        (FLAT, "openai:gpt-4", "it has sections of an earlier Paracle"),
        (VERSIONED, "openai:gpt-4", "it has the form with 'schema_version', 'metadata' and 'spec'"),
    ],
)
def test_the_three_older_forms_of_project_yaml_load_with_one_warning(
    files: ProjectFiles, content: str, model: str, form: str
) -> None:
    files.write("project.yaml", content)
    found = files.open().settings
    assert (found.name, found.version, found.description) == ("old-shop", "0.0.1", "Sells things")
    assert found.model == model
    (line,) = files.problems()
    assert f"warning: {form}" in line
    keys = "name, description, version, model, worktree, checks"
    assert f"(write {keys} as keys at the top of the file)" in line


def test_an_agent_shows_the_older_line_that_gave_its_model(files: ProjectFiles) -> None:
    files.write("project.yaml", FLAT)
    files.spec("a")
    assert str(files.open().agent("a").origin("model")) == "project.yaml:7"


def test_a_manifest_is_a_warning_and_so_is_each_spec_it_misses(files: ProjectFiles) -> None:
    files.raw_spec("coder", CODER)
    files.write(
        "agents/manifest.yaml",
        "agents:\n  - {id: coder, spec_file: specs/coder.md}\n  - {id: x, spec_file: gone.md}\n",
    )
    lines = [line for line in files.problems() if line.startswith("manifest")]
    assert lines[0].startswith(
        "manifest.yaml warning: the agents are the files in .parac/agents/specs/ today"
    )
    assert lines[1:] == ["manifest.yaml:3:24 warning: it names 'gone.md', which is not there"]


def test_a_broken_manifest_is_no_more_than_a_warning(files: ProjectFiles) -> None:
    files.write("agents/manifest.yaml", "a: b: c")
    assert [line.split(" ")[1] for line in files.problems()] == ["warning:", "warning:"]


def test_workflows_in_their_older_place_are_a_warning(files: ProjectFiles) -> None:
    files.write("workflows/definitions/release.yaml", "name: release")
    assert files.problems() == [
        "definitions warning: workflows are kept in 'workflows/' itself today"
        " (move each to .parac/workflows/<id>.yaml)"
    ]


def test_the_state_in_its_older_place_is_read_until_there_is_a_newer_one(files: ProjectFiles) -> None:
    files.write("memory/context/current_state.yaml", "phase: old")
    assert files.open().current_state() == {"phase": "old"}
    assert files.problems() == [
        "current_state.yaml warning: the state is kept in an older place;"
        " today's place is .parac/memory/current_state.yaml (move it to .parac/memory/current_state.yaml)"
    ]
    files.write("memory/current_state.yaml", "phase: new")
    assert files.open().current_state() == {"phase": "new"}
    assert "it is not used" in files.problems()[0]
