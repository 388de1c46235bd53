"""Files made to hurt: many, large, deep. What they cost stays small."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paracle.app.project.validate import MAX_PROBLEMS
from tests.support.projects import ProjectFiles


def test_ten_thousand_wrong_keys_are_told_a_hundred_times(files: ProjectFiles) -> None:
    files.spec("a", "\n".join(f"key{number}: 1" for number in range(4000)))
    lines = files.check("a")
    assert len(lines) == MAX_PROBLEMS + 1
    assert "a.md error: there are 3,900 more problems like these" in lines


def test_unknown_tools_and_bad_templates_are_told_a_hundred_times(files: ProjectFiles) -> None:
    tools = ", ".join(f"tool{number}" for number in range(3000))
    files.spec("a", f"tools: [{tools}]")
    assert len(files.check("a")) == MAX_PROBLEMS


def test_a_front_matter_of_endless_lists_is_refused(files: ProjectFiles) -> None:
    files.spec("a", f"tools: [{'a,' * 20_000}]")
    (line,) = files.check("a")
    assert "the file stands for more than 10,000 values" in line


def test_a_message_that_quotes_a_file_is_one_short_printable_line(files: ProjectFiles) -> None:
    files.spec("a", '"\\e[2J\\n' + "x" * 900 + '": 1')
    (line,) = files.check("a")
    assert line.isprintable() and len(line) < 700


def test_a_heading_of_a_million_blanks_is_no_trouble(files: ProjectFiles) -> None:
    files.raw_spec("a", "## Role\n## " + " " * 1_000_000 + "x\n## x" + " " * 500_000 + "y\nwords\n")
    assert files.open().agent("a").instructions.startswith("## Role")


def test_a_hundred_thousand_brackets_do_not_end_the_process(files: ProjectFiles) -> None:
    """In a process of its own: a stack that overflows in C would take this one with it."""
    for name, opening in (("a", "["), ("b", "{a: "), ("c", "- "), ("d", "? ")):
        files.spec(name, "x:\n  " + opening * 100_000)
        files.spec(f"{name}-text", "playbook:\n  - say: '" + "{{ " + "(" * 100_000 + " }}'")
    script = (
        "import sys; from pathlib import Path; from paracle.app.project import Project;"
        "print(len(Project.open(Path(sys.argv[1])).problems()))"
    )
    command = [sys.executable, "-c", script, str(files.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "8", "")


AS_NOBODY = """
import os, sys
from pathlib import Path
from paracle.app.domain.errors import ParacleError
from paracle.app.project import Project
from paracle.app.project.scaffold import init_lite, new_agent
if os.getuid() == 0:
    # Everything is loaded: the package itself may lie where only root can read.
    import paracle.app.project.catalogue, paracle.app.project.legacy, paracle.app.domain.templates
    import paracle.app.domain.template_environment, jinja2.sandbox, yaml.cyaml
    list(Project.open(Path(sys.argv[1])).problems())
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
def attempt(words, act):
    try:
        print(words, act())
    except ParacleError as error:
        title = error.title.replace(sys.argv[1], "")
        print(words, type(error).__name__, title, "|", error.detail.splitlines()[0])
folder = Path(sys.argv[1])
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may look into; pytest keeps its own temporary folders to one user."""
    folder = Path(os.path.realpath(tempfile.mkdtemp()))
    folder.chmod(0o755)
    yield folder
    for path in (folder, folder / ".parac", *(folder / ".parac").rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def as_nobody(folder: Path, script: str) -> list[str]:
    """Run a script without root's powers, which no file permission binds; its lines."""
    command = [sys.executable, "-c", AS_NOBODY + script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_read_only_folder_gives_typed_errors_and_keeps_nothing_half_made(shared: Path) -> None:
    shared.chmod(0o555)
    script = """
attempt("init", lambda: init_lite(folder))
attempt("sub", lambda: init_lite(folder / "new"))
"""
    assert as_nobody(shared, script) == [
        "init ProjectError  cannot be written to | permission denied",
        "sub ProjectError  cannot be written to | permission denied",
    ]
    assert list(shared.iterdir()) == []


def test_a_read_only_project_can_be_read_and_says_why_it_cannot_be_written(shared: Path) -> None:
    files = ProjectFiles(shared)
    files.spec("a", "description: fine")
    for path in (files.specs, files.specs.parent, files.parac, files.root):
        path.chmod(0o555)
    script = """
project = Project.open(folder)
attempt("agent", lambda: project.agent("a").spec.description)
attempt("new", lambda: new_agent(project, "b"))
"""
    assert as_nobody(files.root, script) == [
        "agent fine",
        "new ProjectError /.parac/agents/specs cannot be written to | permission denied",
    ]
    assert [path.name for path in files.specs.iterdir()] == ["a.md"]


@pytest.mark.parametrize(
    "locked", ["agents/specs/a.md", "agents/specs", "agents/skills", "project.yaml", "memory", "."]
)
def test_what_may_not_be_looked_at_is_a_problem_and_not_a_crash(shared: Path, locked: str) -> None:
    files = ProjectFiles(shared)
    files.spec("a")
    files.write("agents/skills/x/SKILL.md", "x")
    files.write("memory/current_state.yaml", "a: 1")
    (files.parac / locked).chmod(0)
    script = """
project = Project.open(folder)
attempt("problems", lambda: len(project.problems()))
attempt("agents", lambda: len(project.agents()) > 0)
attempt("agent", lambda: project.agent("a").name)
attempt("name", lambda: bool(project.name))
attempt("state", lambda: project.current_state() is not None)
"""
    lines = as_nobody(files.root, script)
    assert [line.split()[0] for line in lines] == ["problems", "agents", "agent", "name", "state"]
