"""``paracle hooks``, and what of hooks and scripts ``paracle trust`` shows and decides."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json

HOOKS = """\
hooks:
  - {on: tool.before, match: {tool: write_file}, run: sh .parac/guard.sh, on_failure: veto, timeout: 2s}
  - {on: execution.after, run: no-such-program}
"""
WORKFLOW = """\
permissions: {shell: allow}
steps:
  - id: build
    env: {NAME: "{{ inputs.task }}"}
    run: |
      echo one
      echo two
  - {id: test, run: "true"}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository whose project has two hooks and a workflow with two scripts."""
    parac = tmp_path / "shop" / ".parac"
    (parac / "workflows").mkdir(parents=True)
    (parac / "project.yaml").write_text("name: shop\n")
    (parac / ".gitignore").write_text(".local/\n")
    (parac / "hooks.yaml").write_text(HOOKS)
    (parac / "guard.sh").write_text("exit 2\n")
    (parac / "workflows" / "ship.yaml").write_text(WORKFLOW)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=parac.parent, check=True)
    return parac.parent


def test_hooks_are_listed_with_what_they_are_about(shop: Path) -> None:
    done = paracle(shop, "hooks", "list")
    first, second = done.stdout.splitlines()
    assert first.split() == [
        "tool.before", "tool=write_file", "sh", ".parac/guard.sh",
        "at", "most", "2.0", "s,", "its", "failure", "is", "a", "veto",
    ]  # fmt: skip
    assert second.startswith("execution.after  everything       no-such-program")
    assert "None of them runs: not trusted yet" in done.stderr
    found = paracle_json(shop, "hooks", "list")
    assert [hook["line"] for hook in found["hooks"]] == [2, 3]
    assert (found["trusted"], found["standing"]) == (False, "not trusted yet")


def test_hooks_that_are_trusted_need_no_word(shop: Path) -> None:
    paracle(shop, "trust", "--yes")
    assert "None of them runs" not in paracle(shop, "hooks", "list").stderr
    assert paracle_json(shop, "hooks", "list")["trusted"] is True


def test_a_check_names_programs_that_are_not_there(shop: Path) -> None:
    done = paracle(shop, "hooks", "check")
    assert done.returncode == 0
    assert "hooks.yaml:3: warning: there is no program 'no-such-program'" in done.stdout
    assert "'sh'" not in done.stdout
    assert "2 hooks: 0 errors, 1 warning; not trusted yet" in done.stderr


def test_a_check_of_a_file_with_errors_fails(shop: Path) -> None:
    (shop / ".parac" / "hooks.yaml").write_text("hooks: [{on: tool.befor, run: a}]\n")
    done = paracle(shop, "hooks", "check")
    assert (done.returncode, "'hooks[1].on' cannot be 'tool.befor'" in done.stdout) == (1, True)
    assert paracle(shop, "validate").returncode == 1
    listed = paracle(shop, "hooks", "list")
    assert (listed.returncode, "hooks.yaml has 1 problem" in listed.stderr) == (0, True)
    trusting = paracle(shop, "trust", "--yes")
    assert (trusting.returncode, "hooks.yaml has errors" in trusting.stderr) == (3, True)


def test_a_project_without_hooks_is_told_where_they_are_written(shop: Path) -> None:
    (shop / ".parac" / "hooks.yaml").unlink()
    assert ".parac/hooks.yaml" in paracle(shop, "hooks", "list").stderr
    assert paracle_json(shop, "hooks", "check")["valid"] is True


def test_what_is_trusted_holds_hooks_and_scripts_whole(shop: Path) -> None:
    lines = paracle(shop, "trust").stdout.splitlines()
    assert "  hook   tool.before: sh .parac/guard.sh  hooks.yaml:2" in lines
    assert "  script env 'NAME={{ inputs.task }}' sh -c 'echo one  ship.yaml:5" in lines
    assert "         echo two" in lines
    assert "  script true  ship.yaml:8" in lines


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("hooks.yaml", "guard.sh", "other.sh"),
        ("hooks.yaml", "execution.after", "model.before"),
        ("guard.sh", "exit 2", "exit 0"),
        ("workflows/ship.yaml", "echo two", "echo three"),
        ("workflows/ship.yaml", "NAME", "PATH"),
        ("workflows/ship.yaml", "{{ inputs.task }}", "x"),
    ],
)
def test_a_change_of_a_hook_or_a_script_asks_again(shop: Path, file: str, before: str, after: str) -> None:
    paracle(shop, "trust", "--yes")
    path = shop / ".parac" / file
    path.write_text(path.read_text().replace(before, after))
    assert paracle_json(shop, "trust")["standing"] == "changed since it was trusted"


def test_a_workflow_runs_its_scripts_once_they_are_trusted_and_not_before(shop: Path) -> None:
    refused = paracle(shop, "workflow", "run", "ship")
    assert (refused.returncode, "step build, step test" in refused.stderr) == (3, True)
    assert "paracle trust" in refused.stderr
    paracle(shop, "trust", "--yes")
    assert paracle(shop, "workflow", "run", "ship").returncode == 0
    path = shop / ".parac" / "workflows" / "ship.yaml"
    path.write_text(path.read_text().replace("echo two", "echo three"))
    assert paracle(shop, "workflow", "run", "ship").returncode == 3


def test_a_script_of_another_workflow_keeps_an_agent_s_run_from_nothing(shop: Path) -> None:
    (shop / ".parac" / "hooks.yaml").unlink()
    done = paracle(shop, "run", "reviewer")
    assert (done.returncode, "not run" in done.stdout + done.stderr) == (0, False)
