"""`paracle git` in a folder without git: a run is reviewed, brought in, taken back and cleaned up there."""

import json
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json
from tests.support.folders import Plain
from tests.support.history import Past, lines
from tests.support.repo import tree_fingerprint


def test_a_run_is_looked_at_brought_in_taken_back_and_cleaned_up(plain: Path) -> None:
    before = tree_fingerprint(plain)
    run = paracle_json(plain, "run", "reviewer")["execution"]
    listed = paracle(plain, "git", "branches")
    assert (listed.returncode, "merges cleanly" in listed.stdout) == (0, True)
    assert paracle_json(plain, "git", "branches")["target"] is None
    shown = paracle(plain, "git", "show", "last")
    assert "REVIEW.md" in shown.stdout
    assert f"next: paracle git diff {run[:4]}" in shown.stderr
    assert "+++ b/REVIEW.md" in paracle(plain, "git", "diff", "last").stdout

    seen = paracle(plain, "git", "merge", "last", "--dry-run")
    assert (seen.returncode, f"merges cleanly into {plain}" in seen.stdout) == (0, True)
    assert tree_fingerprint(plain) == before
    done = paracle(plain, "git", "merge", "last")
    assert done.returncode == 0, done.stderr
    assert f"to {plain}" in done.stdout
    assert (plain / "REVIEW.md").is_file()
    assert not (plain / ".git").exists()
    assert "same content" in paracle(plain, "git", "branches").stdout

    assert paracle_json(plain, "git", "undo")["kind"] == "undo"
    assert {path for path in tree_fingerprint(plain)} == set(before)
    applied = paracle(plain, "git", "apply", "last", "--files", "REVIEW.md")
    assert (applied.returncode, "next: paracle git branches" in applied.stderr) == (0, True)
    cleaned = paracle(plain, "git", "cleanup")
    assert cleaned.stdout.startswith("removed  exec/")
    assert "brings them back" in cleaned.stderr
    restored = paracle(plain, "git", "archive", "restore", run[:5])
    assert (restored.returncode, f"paracle git show {run[:4]}" in restored.stderr) == (0, True)
    assert len(paracle_json(plain, "git", "branches")["branches"]) == 1


def test_conflicts_there_name_the_files_and_the_way_round_them(tmp_path: Path) -> None:
    with Plain(tmp_path) as here:
        run = here.execution({"app.py": lines("one", "TWO", "three"), "new": "1\n"})
        here.write({"app.py": lines("one", "zwei", "three")})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PARACLE_STATE_DIR", str(here.state))
            seen = paracle(here.folder, "git", "merge", run, "--dry-run")
            assert seen.returncode == 5
            assert "app.py" in seen.stdout
            assert f"next: paracle git merge {run[:4]}" in seen.stderr
            assert "--files PATH" in seen.stderr
            refused = paracle(here.folder, "git", "merge", run)
            assert (refused.returncode, "--files" in refused.stderr) == (5, True)
            for words in (("--target", "main"), ("--mode", "rebase"), ("-m", "words")):
                done = paracle(here.folder, "git", "merge", run, *words, "--json")
                error = json.loads(done.stdout)["error"]
                assert done.returncode in (2, 5)
                assert "paracle git apply" in error["hint"]
            assert paracle(here.folder, "git", "merge", run, "--files", "new").returncode == 0
        assert here.read("new") == "1\n"


def test_hunks_are_applied_by_their_numbers(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "THREE")})
    done = paracle(past.repo.folder, "git", "apply", run, "--hunks", "app.py#2")
    assert (done.returncode, "next: git status" in done.stderr) == (0, True)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "two", "THREE")
    wrong = paracle(past.repo.folder, "git", "apply", run, "--hunks", "app.py#9", "--json")
    assert wrong.returncode == 4
    assert "paracle git diff" in json.loads(wrong.stdout)["error"]["hint"]


COMMANDS = (
    "branches", "log", "show X", "diff X", "checks X", "conflicts", "merge X", "continue", "abort",
    "take a ours", "apply X", "discard X", "send X", "cleanup", "prune", "undo", "archive list",
    "archive restore X", "pr-create X", "init-workflow",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_speaks_json_whatever_comes_of_it(plain: Path, command: str) -> None:
    done = paracle(plain, "git", *command.split(), "--json")
    said = json.loads(done.stdout)
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert said["error"]["title"]
        assert said["error"]["hint"], said
        assert said["error"]["code"] != "internal"


@pytest.mark.parametrize(
    "command", ["branches", "log", "cleanup", "prune", "archive list", "init-workflow --dry-run"]
)
def test_every_command_says_what_to_type_next(plain: Path, command: str) -> None:
    done = paracle(plain, "git", *command.split())
    assert (done.returncode, "next: " in done.stderr) == (0, True), done.stderr


def test_the_target_that_was_used_is_named(past: Past) -> None:
    past.execution({"a": "1\n"})
    past.repo.git("branch", "other")
    assert paracle_json(past.repo.folder, "git", "branches")["target"] == "main"
    assert paracle_json(past.repo.folder, "git", "branches", "--target", "other")["target"] == "other"
    past.repo.git("checkout", "--quiet", "--detach")
    assert paracle_json(past.repo.folder, "git", "branches")["target"] is None


def test_a_branch_is_restored_by_any_beginning_that_names_one(past: Past) -> None:
    one, other = past.execution({"a": "1\n"}), past.execution({"b": "1\n"})
    branch = past.branch(one)
    for run in (one, other):
        paracle_json(past.repo.folder, "git", "merge", run)
    operation = paracle_json(past.repo.folder, "git", "cleanup")["operation"]
    several = paracle(past.repo.folder, "git", "archive", "restore", operation[:6], "--json")
    assert several.returncode == 5
    assert branch in json.loads(several.stdout)["error"]["detail"]
    paracle_json(past.repo.folder, "git", "archive", "restore", one[:6])
    gone = paracle_json(past.repo.folder, "git", "discard", one)["id"]
    paracle_json(past.repo.folder, "git", "archive", "restore", gone[:6])
    assert past.repo.run_branches() == [branch]
    assert paracle(past.repo.folder, "git", "archive", "restore", "zzz").returncode == 4
