"""A project as a whole: found, named, described, and left in whatever state it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import NotFound, ParacleError, ProjectError
from paracle.app.project import Project
from tests.support.projects import ProjectFiles, brief


def test_the_nearest_project_at_or_above_a_folder_is_opened(files: ProjectFiles) -> None:
    deep = files.root / "src" / "deep"
    deep.mkdir(parents=True)
    for start in (files.root, deep, files.specs):
        project = Project.open(start)
        assert (project.root, project.parac) == (files.root, files.parac)


def test_a_folder_without_a_project_still_has_the_built_in_agents(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    assert (project.root, project.parac, project.name) == (tmp_path, None, tmp_path.name)
    assert (project.problems(), project.current_state(), project.guidance()) == ((), {}, "")
    assert project.agent_names() == tuple(entry.name for entry in project.agents() if entry.builtin)
    assert list(tmp_path.iterdir()) == []


def test_a_parac_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".parac").write_text("x")
    (tmp_path / "src").mkdir()
    with pytest.raises(ProjectError) as caught:
        Project.open(tmp_path / "src")
    assert brief(caught.value.problems) == [
        ".parac error: it is a file where a folder is expected (move it away, then: paracle init --lite)"
    ]


def test_a_parac_that_links_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".parac").symlink_to("nothing")
    with pytest.raises(ProjectError):
        Project.open(tmp_path)


@pytest.mark.parametrize("start", ["missing", "file", "file/below", "n" * 5000, "a\0b"])
def test_what_is_no_folder_is_not_found(tmp_path: Path, start: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFound):
        Project.open(tmp_path / start)


def test_settings_and_variables_come_from_project_yaml(files: ProjectFiles) -> None:
    files.write(
        "project.yaml", "name: My shop\ndescription: Sells things\nversion: 1.10\nmodel: ollama:qwen3\n"
    )
    project = files.open()
    assert (project.name, project.settings.model) == ("My shop", "ollama:qwen3")
    assert project.variables() == {
        "project": {"name": "My shop", "description": "Sells things", "version": "1.10"}
    }
    assert project.problems() == ()


def test_a_project_without_a_name_has_that_of_its_folder(files: ProjectFiles) -> None:
    files.write("project.yaml", "version: 2\n")
    assert files.open().name == files.root.name
    assert files.open().problems() == ()
    (files.parac / "project.yaml").unlink()
    assert files.open().name == files.root.name
    assert files.problems() == [
        "project.yaml warning: there is no project.yaml (write a line such as 'name: my-project' into it)"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nmae: x\n", "project.yaml:1:1 error: 'nmae' is not a known key (did you mean 'name'?)"),
        ("name: [x]\n", "project.yaml:1:7 error: 'name' must be text, not a list"),
        ("name: x\nname: y\n", "project.yaml:2:1 error: the key 'name' is there twice (first on line 1)"),
        ("", "project.yaml error: the file is empty"),
        ("- a\n", "project.yaml:1:1 error: the file holds a list where 'key: value' lines are expected"),
        (b"\xff\xfea\x00", "project.yaml:1:1 error: it is UTF-16"),
        ("[" * 100_000, "project.yaml:1:51 error: values are nested more than 50 deep"),
        ("a: &a [*a]\n", "project.yaml:1:8 error: '*a' repeats a value inside itself"),
    ],
)
def test_a_bad_project_yaml_is_explained_and_hides_no_agent(
    files: ProjectFiles, content: str | bytes, expected: str
) -> None:
    files.spec("a", "model: offline")
    files.spec("b")
    files.write("project.yaml", content)
    (line,) = [line for line in files.problems() if line.startswith(expected)]
    assert line
    project = files.open()
    assert project.agent("a").spec.model == "offline"
    with pytest.raises(ProjectError):
        project.agent("b")


def test_guidance_is_the_roots_and_then_the_nearer_one(files: ProjectFiles) -> None:
    assert files.open().guidance() == ""
    (files.root / "AGENTS.md").write_text("Use tabs.\n")
    assert files.open().guidance() == "Use tabs."
    files.write("AGENTS.md", "Use spaces.\n")
    assert files.open().guidance() == "Use tabs.\n\nUse spaces."


def test_guidance_that_cannot_be_read_is_a_problem(files: ProjectFiles) -> None:
    files.write("AGENTS.md", b"caf\xe9")
    assert files.problems() == ["AGENTS.md:1:4 error: byte 0xe9 is not UTF-8 (save the file as UTF-8)"]
    with pytest.raises(ProjectError):
        files.open().guidance()


def test_the_state_is_a_mapping_of_the_projects_own(files: ProjectFiles) -> None:
    assert files.open().current_state() == {}
    files.write("memory/current_state.yaml", "phase: build\nopen: [a, b]\n")
    assert files.open().current_state() == {"phase": "build", "open": ["a", "b"]}
    files.write("memory/current_state.yaml", "# nothing yet\n")
    assert files.open().current_state() == {}
    files.write("memory/current_state.yaml", "a: b: c\n")
    assert files.problems()[0].startswith("current_state.yaml:1:5 error: there is a ':' where none can be")
    with pytest.raises(ProjectError):
        files.open().current_state()


def test_skills_are_the_folders_with_a_skill_file(files: ProjectFiles) -> None:
    files.write("agents/skills/reviewing/SKILL.md", "---\nname: reviewing\n---\n")
    files.spec("a", "skills: [reviewing, revewing]")
    assert files.check("a") == ["a.md:2:21 error: there is no skill 'revewing' (did you mean 'reviewing'?)"]


def test_files_that_may_not_be_read_are_told_and_the_rest_works(files: ProjectFiles) -> None:
    files.spec("good", "description: fine")
    loop = files.specs / "loop.md"
    loop.symlink_to("loop.md")
    entries = {entry.name: entry.is_broken for entry in files.open().agents() if not entry.builtin}
    assert entries == {"good": False, "loop": True}


def test_a_specs_folder_that_is_a_file_is_a_problem(files: ProjectFiles) -> None:
    files.specs.rmdir()
    files.specs.write_text("x")
    assert files.problems() == ["specs error: the folder cannot be listed: not a directory"]
    with pytest.raises(ProjectError):
        files.open().agents()
    with pytest.raises(ProjectError):
        files.open().agent_names()


def survives(files: ProjectFiles) -> None:
    """Use a project in every way; only typed errors may come of it."""
    project = files.open()
    project.problems()
    for entry in project.agents():
        for use in (project.agent, project.check):
            try:
                use(entry.name)
            except ParacleError as error:
                assert error.title
    assert isinstance(project.name, str)
    project.variables()


_FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_PARTS = st.sampled_from(
    [
        "---",
        "name: a",
        "tools:",
        " [",
        "]",
        "",
        "playbook:",
        "  - say: x",
        "  - write: {{ a }}",
        "&a ",
        "*a",
        "<<: ",
        "extends: a",
        "null",
        "- ",
        "'",
        '"',
        "\t",
        "é",
        "\u2028",
        "inputs: {x: {type: list[path]}}",
        "permissions:",
        "  write: ",
        "budget: {usd: 1e309}",
        "temperature: .inf",
        "## Role",
        "{% if %}",
        "template: ../x",
        "when: ",
        "tokens: 99999999999999999999",
    ]
)
_LINES = st.lists(st.tuples(_PARTS, st.sampled_from(["", "\n", "\r\n"])), max_size=30).map(
    lambda parts: "".join(part + end for part, end in parts).encode()
)


@_FUZZ
@given(st.binary(max_size=200) | _LINES)
def test_no_bytes_in_a_spec_raise_anything_but_typed_errors(files: ProjectFiles, content: bytes) -> None:
    files.raw_spec("a", content)
    survives(files)
    files.raw_spec("a", b"---\n" + content + b"\n---\nWords.\n")
    survives(files)


@_FUZZ
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_in_the_other_files_raise_anything_but_typed_errors(
    files: ProjectFiles, content: bytes
) -> None:
    for path in ("project.yaml", "AGENTS.md", "memory/current_state.yaml", "agents/manifest.yaml"):
        files.write(path, content)
    survives(files)


_WORDS = st.sampled_from(
    [
        "name",
        "description",
        "project",
        "metadata",
        "spec",
        "schema_version",
        "defaults",
        "model",
        "default_model",
        "model_provider",
        "governance",
        "agents",
        "spec_file",
        "x",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "", "offline", "x:y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=10,
)


@_FUZZ
@given(st.dictionaries(_WORDS, _VALUES, max_size=5))
def test_no_shape_of_an_older_file_raises_anything_but_typed_errors(
    files: ProjectFiles, value: object
) -> None:
    for path in ("project.yaml", "agents/manifest.yaml"):
        files.write(path, json.dumps(value))
    survives(files)


def test_a_project_on_a_relative_path_is_absolute(
    files: ProjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.specs)
    project = Project.open(Path())
    assert project.root == Path(os.path.realpath(files.root))
