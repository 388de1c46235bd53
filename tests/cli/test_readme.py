"""What the README shows works as it is written there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repo import RepoBuilder


def block(checkout: Path, language: str, containing: str) -> str:
    """The one fenced block of a language that holds some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (checkout / "README.md").read_text("utf-8"), re.DOTALL)
    (found,) = (text for text in blocks if containing in text)
    return str(found)


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A small repository with something left to do."""
    made = RepoBuilder(tmp_path / "mine")
    made.write("src/app.py", '"""An app."""\n\n\ndef main(found=[]):\n    pass  # TODO: begin\n')
    made.commit("begin")
    return made


def run(repo: RepoBuilder, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=repo.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_agent_collects_what_is_left_to_do(checkout: Path, repo: RepoBuilder) -> None:
    run(repo, "-m", "paracle", "init", "--lite")
    spec = repo.folder / ".parac" / "agents" / "specs" / "notes.md"
    spec.write_text(block(checkout, "markdown", "name: notes"), "utf-8")
    assert run(repo, "-m", "paracle", "run", "notes").strip() == "1 left to do"
    (branch,) = repo.run_branches()
    assert "- `src/app.py:5` begin" in repo.show(branch, "NOTES.md")


def test_the_program_runs_an_agent_and_reads_its_receipt(checkout: Path, repo: RepoBuilder) -> None:
    program = block(checkout, "python", "from paracle import")
    assert len(program.strip().splitlines()) <= 15
    said = run(repo, "-c", program)
    assert "execution.completed" in said
    assert "A REVIEW.md +" in said
