"""New projects and new agents: complete, working, and never over anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound, ProjectError, UsageError
from paracle.app.domain.templates import render
from paracle.app.project import Project
from paracle.app.project.scaffold import init_lite, new_agent
from tests.support.projects import TOOLS, ProjectFiles


def open_project(folder: Path) -> Project:
    return Project.open(folder, known_tools=TOOLS)


def test_a_lite_project_is_complete_and_without_a_problem(tmp_path: Path) -> None:
    written = init_lite(tmp_path)
    assert [str(path.relative_to(tmp_path / ".parac")) for path in written] == [
        ".gitignore",
        "AGENTS.md",
        "agents/specs/tour.md",
        "memory/current_state.yaml",
        "project.yaml",
    ]
    project = open_project(tmp_path)
    assert (project.name, project.problems()) == (tmp_path.name, ())
    assert project.current_state()["phase"] == "started"
    assert ".local/" in (tmp_path / ".parac" / ".gitignore").read_text().splitlines()


def test_its_agent_plays_offline_with_what_it_may_use(tmp_path: Path) -> None:
    init_lite(tmp_path)
    spec = open_project(tmp_path).agent("tour").spec
    assert spec.model == "offline"
    assert [action.verb for action in spec.playbook] == ["tool", "write", "say"]
    names = {"project": {"name": "Shop"}, "listing": {"files": ["a.py", "b.md"], "truncated": False}}
    assert (
        render(spec.playbook[1].text or "", names, name="tour") == "# A tour of Shop\n\n- `a.py`\n- `b.md`\n"
    )


@pytest.mark.parametrize(
    "name", ["My shop", 'it\'s: {a} #1 "quoted" \\ back', "Größe 店", "- dash", "null", "1.10"]
)
def test_any_one_line_can_be_the_name(tmp_path: Path, name: str) -> None:
    init_lite(tmp_path, name)
    assert (open_project(tmp_path).name, open_project(tmp_path).problems()) == (name, ())


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "esc\x1b"])
def test_what_is_not_one_line_cannot(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        init_lite(tmp_path / "new", name)
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("dist/\n")
    init_lite(tmp_path)
    assert (tmp_path / "app.py").read_text() == "x = 1\n"
    assert (tmp_path / ".gitignore").read_text() == "dist/\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", ".parac", "app.py"]


def test_a_new_folder_is_made_but_not_its_parent(tmp_path: Path) -> None:
    init_lite(tmp_path / "shop")
    assert open_project(tmp_path / "shop").name == "shop"
    with pytest.raises(NotFound):
        init_lite(tmp_path / "no" / "shop")
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "shop"):
        with pytest.raises((Conflict, ProjectError)):
            init_lite(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "shop"]


@pytest.mark.parametrize("make", ["project", "empty", "file", "link"])
def test_a_parac_of_any_kind_is_never_touched(tmp_path: Path, make: str) -> None:
    target = tmp_path / ".parac"
    if make == "project":
        init_lite(tmp_path)
        (target / "project.yaml").write_text("name: mine\n")
    elif make == "empty":
        target.mkdir()
    elif make == "file":
        target.write_text("x")
    else:
        target.symlink_to("nowhere")
    before = sorted((path, path.lstat().st_mtime_ns) for path in [target, *target.rglob("*")])
    with pytest.raises(Conflict) as caught:
        init_lite(tmp_path)
    assert str(target) in caught.value.detail
    assert sorted((path, path.lstat().st_mtime_ns) for path in [target, *target.rglob("*")]) == before
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_agent_works_as_it_stands(files: ProjectFiles) -> None:
    project = files.open()
    assert new_agent(project, "counter") == files.specs / "counter.md"
    agent = project.agent("counter")
    assert agent.spec.name == "counter" and agent.spec.playbook
    assert project.problems() == ()


def test_a_new_agent_from_ones_own_extends_it(files: ProjectFiles) -> None:
    files.spec("base", 'description: "Says: hi"\ntools: [search]')
    project = files.open()
    new_agent(project, "child", "base")
    agent = project.agent("child")
    assert (agent.spec.extends, agent.spec.description, agent.spec.tools) == ("base", "Says: hi", ("search",))
    assert project.problems() == ()


def test_a_new_agent_from_a_built_in_one_is_wholly_ones_own(files: ProjectFiles) -> None:
    project = files.open()
    original = project.agent("reviewer")
    new_agent(project, "my-reviewer", "reviewer")
    copy = project.agent("my-reviewer")
    assert (copy.name, copy.builtin, copy.spec.extends) == ("my-reviewer", False, None)
    assert copy.instructions == original.instructions
    assert sorted(copy.templates.values()) == sorted(original.templates.values())
    assert copy.chain == (files.specs / "my-reviewer.md",)
    assert project.problems() == ()
    templates = list((files.specs / "templates" / "my-reviewer").iterdir())
    assert len(templates) == len(original.templates)


def test_ones_own_agent_wins_over_the_built_in_one_of_its_name(files: ProjectFiles) -> None:
    project = files.open()
    new_agent(project, "reviewer", "reviewer")
    assert not project.agent("reviewer").builtin
    assert [entry.builtin for entry in project.agents() if entry.name == "reviewer"] == [False]


def test_ones_own_agent_may_extend_the_built_in_one_of_its_name(files: ProjectFiles) -> None:
    files.spec("reviewer", "extends: reviewer\ndescription: mine", "And be kind.")
    agent = files.open().agent("reviewer")
    assert (agent.spec.description, agent.builtin, len(agent.chain)) == ("mine", False, 2)
    assert agent.instructions.endswith("\n\nAnd be kind.")
    assert agent.spec.tools == Project.open(files.root.parent).agent("reviewer").spec.tools


def test_an_agent_that_exists_is_a_conflict_also_under_its_older_name(files: ProjectFiles) -> None:
    files.spec("coder", "description: mine")
    files.spec("Old_Coder", "description: mine")
    for name in ("coder", "old-coder"):
        with pytest.raises(Conflict):
            new_agent(files.open(), name)
    assert "description: mine" in (files.specs / "coder.md").read_text()


def test_a_template_in_the_way_is_a_conflict_and_nothing_is_left(files: ProjectFiles) -> None:
    project = files.open()
    name = next(iter(project.agent("reviewer").templates))
    blocked = files.write(f"agents/specs/templates/mine/{name}", "my own words")
    with pytest.raises(Conflict):
        new_agent(project, "mine", "reviewer")
    assert blocked.read_text() == "my own words"
    assert not (files.specs / "mine.md").exists()


@pytest.mark.parametrize(
    ("name", "hint"), [("Bad Name", "'bad-name'"), ("1st", "'st'"), ("", "a letter first"), ("../x", "'x'")]
)
def test_a_name_that_cannot_be_one_is_refused_with_one_that_can(
    files: ProjectFiles, name: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        new_agent(files.open(), name)
    assert caught.value.hint.endswith(hint)


def test_a_new_agent_needs_a_project_and_a_sound_agent_to_start_from(
    files: ProjectFiles, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(UsageError, match="is not a project yet"):
        new_agent(Project.open(tmp_path_factory.mktemp("plain")), "a")
    with pytest.raises(NotFound):
        new_agent(files.open(), "a", "nobody")
    files.spec("broken", "tolos: []")
    with pytest.raises(ProjectError):
        new_agent(files.open(), "a", "broken")
    assert not (files.specs / "a.md").exists()
