"""The real program in a real terminal, from nothing to a result that was read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import AGENT, make_project, trusted, write_script
from tests.e2e.terminal import Terminal
from tests.support.repo import RepoBuilder

SitAt = Callable[[Path, tuple[int, int]], Terminal]
SMALL, MIDDLE = (80, 24), (120, 40)
CODE = (
    '"""Sums."""\n\n\ndef add(a, b=[]):\n    try:\n        return a + b\n    except:\n        return None\n'
)


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A person's own repository with Python code."""
    built = RepoBuilder(tmp_path / "sums")
    built.write("pkg/sums.py", CODE)
    built.commit("feat: sums")
    return built


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
def test_make_a_project_run_an_agent_read_the_result_and_leave(
    repo: RepoBuilder, sit_at: SitAt, size: tuple[int, int]
) -> None:
    before = repo.fingerprint()
    terminal = sit_at(repo.folder, size)
    terminal.type("paracle")  # alone on a terminal it is the workbench
    terminal.see("Explorer", "reviewer", "documenter")
    terminal.press("i")
    terminal.see("tour", "Project made")
    terminal.press("/")
    terminal.type("reviewer")
    terminal.see_no_more("explainer")
    terminal.press("r")
    terminal.see("Run reviewer", "complexity")
    terminal.press("Enter")
    terminal.see("✓ done", "could write  REVIEW.md" if size == MIDDLE else "Receipt")
    terminal.press("]")
    terminal.see("diff --git a/REVIEW.md b/REVIEW.md")
    terminal.press("Escape")
    terminal.see_no_more("Receipt")
    terminal.see("Executions", "✓")
    terminal.press("q")
    terminal.see_no_more("Executions")
    terminal.type("echo left with $?; git status --short; git branch")
    screen = terminal.see("left with 0", "exec/", "* main")
    assert "Traceback" not in screen
    after = repo.fingerprint()
    assert (after.index, after.head, after.refs) == (before.index, before.head, before.refs)
    kept = {name: entry for name, entry in after.files.items() if not name.startswith(".parac")}
    assert {*kept} == {*before.files}


def test_the_five_minutes_of_the_readme(repo: RepoBuilder, checkout: Path, sit_at: SitAt) -> None:
    repo.write("src/sums.py", CODE)
    repo.commit("feat: more sums")
    terminal = sit_at(repo.folder, MIDDLE)
    terminal.type("export EDITOR=true")
    *commands, last = five_minutes(checkout / "README.md")
    assert len(commands) > 5
    for command in commands:
        # The mark is quoted in two parts: only what the shell prints reads like it.
        terminal.type(f"clear; {command}; echo 'exit'' code' $?")
        terminal.see("exit code 0")
    assert last == "paracle"
    terminal.type(last)
    terminal.see("Executions", "my-reviewer", "✓")
    terminal.press("q")
    terminal.see_no_more("Executions")


def five_minutes(readme: Path) -> list[str]:
    """The commands of the README's section about the first minutes, without their comments."""
    section = readme.read_text(encoding="utf-8").partition("## Five minutes")[2].partition("\n## ")[0]
    blocks = section.split("```sh\n")[1:]
    lines = "".join(block.partition("```")[0] for block in blocks).splitlines()
    return [command for line in lines if (command := line.partition("#")[0].strip())]


def test_quitting_with_a_run_at_work_asks_and_keeps_its_account(tmp_path: Path, sit_at: SitAt) -> None:
    project = make_project(tmp_path / "shop")
    model = write_script(tmp_path / "slow.json", {"text": ["begun\n", "never"], "chunk_delay": 3600})
    slow = AGENT.replace("name: worker", "name: slow").replace("model: offline", f"model: {model}")
    (project / ".parac" / "agents" / "specs" / "slow.md").write_text(slow)
    terminal = sit_at(trusted(project), SMALL)
    terminal.type("paracle ui")
    terminal.see("explainer", "slow")
    terminal.press("/")
    terminal.type("slow")
    terminal.see_no_more("explainer")
    terminal.press("r")
    terminal.see("Run slow", "model")
    terminal.press("Enter")
    terminal.see("● running", "begun")
    terminal.press("q")
    terminal.see("1 run is at work")
    terminal.press("q")
    terminal.see_no_more("Content")
    terminal.type("clear; paracle runs list")
    terminal.see("slow", "stopped")
