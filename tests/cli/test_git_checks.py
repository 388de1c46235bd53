"""``paracle git checks``, and checks in what a run prints."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cli.command import call, make_project, paracle, paracle_json, write_script
from tests.support.repo import RepoBuilder


@pytest.fixture
def checked(tmp_path: Path) -> RepoBuilder:
    """A repository whose project has one check that passes and one that fails, both trusted."""
    repo = RepoBuilder(tmp_path / "shop")
    make_project(repo.folder)
    settings = {"checks": ["test -e a.txt", "sh -c 'echo first; echo bad luck; exit 3'"]}
    repo.write(".parac/project.yaml", yaml.safe_dump(settings))
    repo.commit("first")
    assert paracle(repo.folder, "trust", "--yes").returncode == 0
    return repo


def run(repo: RepoBuilder, tmp_path: Path) -> str:
    """Let the worker write a file; gives what the command printed."""
    model = write_script(
        tmp_path / "script.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="words")]},
        {"text": "Done."},
    )
    done = paracle(repo.folder, "run", "worker", "--model", model)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_run_tells_how_the_checks_judge_it_and_ends_well_all_the_same(
    checked: RepoBuilder, tmp_path: Path
) -> None:
    said = run(checked, tmp_path)
    assert "1 of 2 passed" in said
    assert "✓ passed  test -e a.txt" in said
    assert "✗ failed  sh -c 'echo first; echo bad luck; exit 3'  exit 3" in said


def test_the_results_are_shown_with_the_output_of_what_failed(checked: RepoBuilder, tmp_path: Path) -> None:
    run(checked, tmp_path)
    done = paracle(checked.folder, "git", "checks", "last")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == ["    first", "    bad luck"]
    found = paracle_json(checked.folder, "git", "checks", "last")
    assert (found["ok"], [check["exit_code"] for check in found["checks"]]) == (False, [0, 3])


def test_running_them_again_fails_where_one_of_them_does(checked: RepoBuilder, tmp_path: Path) -> None:
    run(checked, tmp_path)
    done = paracle(checked.folder, "git", "checks", "last", "--run")
    assert (done.returncode, "✗ failed" in done.stdout) == (1, True)
    checked.write(".parac/project.yaml", "checks: [test -e a.txt]\n")
    refused = paracle(checked.folder, "git", "checks", "last", "--run")
    assert (refused.returncode, "paracle trust" in refused.stderr) == (3, True)
    paracle(checked.folder, "trust", "--yes")
    assert paracle_json(checked.folder, "git", "checks", "last", "--run")["ok"] is True
    assert paracle_json(checked.folder, "git", "checks", "last")["ok"] is True
