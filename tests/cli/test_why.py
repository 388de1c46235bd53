"""`why`: from a line to the execution, step and tool call behind it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import call, make_project, paracle, paracle_json, write_script
from tests.support.repo import RepoBuilder


@pytest.fixture
def merged(tmp_path: Path) -> tuple[Path, str]:
    """A repository into which an execution was merged that wrote ``pkg/new.py``; and the execution."""
    repo = RepoBuilder(tmp_path / "repo")
    make_project(repo.folder)
    repo.commit("first", pkg__old_py="a = 1\n")
    model = write_script(
        tmp_path / "s.yaml",
        {"text": "I add a constant.", "tool_calls": [call("write_file", path="pkg/new.py", text="n = 1\n")]},
        {"text": "Done."},
    )
    receipt = paracle_json(repo.folder, "run", "worker", "--model", model, "--task", "add a constant")
    paracle_json(repo.folder, "git", "merge", "last", "--mode", "squash")
    return repo.folder, receipt["execution"]


def test_a_line_of_an_execution_leads_to_its_step_task_and_call(merged: tuple[Path, str]) -> None:
    folder, execution = merged
    told = paracle(folder, "why", "pkg/new.py:1")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"worker wrote it in execution {execution[:4]}, step ")
    for words in ("write_file", "add a constant", "I add a constant.", "pkg/new.py:1  n = 1"):
        assert words in told.stdout
    assert f"next: paracle runs show {execution[:4]}" in told.stderr
    answer = paracle_json(folder, "why", "pkg/new.py:1")
    assert (answer["origin"], answer["execution"], answer["tool"]) == ("execution", execution, "write_file")
    for below in (folder / "pkg", folder):
        place = (folder / "pkg" / "new.py") if below == folder else "new.py"
        assert paracle_json(below, "why", f"{place}:1")["execution"] == execution


def test_lines_of_people_are_told_apart(merged: tuple[Path, str]) -> None:
    folder, _ = merged
    (folder / "pkg" / "old.py").write_text("a = 1\nb = 2\n")
    committed = paracle(folder, "why", "pkg/old.py:1")
    assert "Of no execution" in committed.stdout
    assert "next: git show " in committed.stderr
    fresh = paracle(folder, "why", "pkg/old.py:2")
    assert (fresh.returncode, "In no commit yet" in fresh.stdout) == (0, True)


def test_what_is_no_place_is_refused(merged: tuple[Path, str]) -> None:
    for place, code in (("pkg/new.py", 2), ("pkg/new.py:0", 2), ("pkg/new.py:9", 4), ("-rf:1", 4)):
        refused = paracle(merged[0], "why", "--json", "--", place)
        assert (place, refused.returncode, refused.stderr) == (place, code, "")
        assert json.loads(refused.stdout)["error"]["hint"], place


def test_a_folder_without_git_has_no_answer(plain: Path) -> None:
    refused = paracle(plain, "why", "pkg/sums.py:1")
    assert refused.returncode not in (0, 130)
    assert "Something went wrong" not in refused.stderr
