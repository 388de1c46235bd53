"""What cannot be: each a typed error with a way out, and nothing changed by it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import paracle
from tests.support.history import Past, lines
from tests.support.repo import stand_in

BAD_NAMES: list[tuple[list[str], int]] = [
    (["show", "--", "-rf"], 4),
    (["show", "exec/a\nb"], 4),
    (["diff", "last", "--file", "-rf"], 4),
    (["merge"], 2),
    (["merge", "last", "--files", "-rf"], 4),
    (["merge", "last", "--target", "nowhere"], 4),
    (["merge", "last", "--target", "a\nb"], 2),
    (["merge", "last", "--target", "-D"], 2),
    (["take", "--", "-rf", "ours"], 4),
    (["continue"], 4),
    (["undo"], 4),
    (["archive", "restore", ""], 2),
]


def test_bad_names_are_refused_with_a_way_out(past: Past) -> None:
    past.execution({"a": "1\n"})
    before = past.mine()
    for arguments, code in BAD_NAMES:
        refused = paracle(past.repo.folder, "git", *arguments)
        assert (arguments, refused.returncode, refused.stdout) == (arguments, code, "")
        assert refused.stderr.startswith("error: "), arguments
        assert "\nhint: " in refused.stderr, arguments
        assert "Something went wrong" not in refused.stderr, arguments
    assert past.mine() == before


def test_a_path_that_looks_like_an_option_is_a_path(past: Past) -> None:
    run = past.execution({"-rf": "mine\n", "other": "2\n"})
    assert "+mine" in paracle(past.repo.folder, "git", "diff", run, "--file", "-rf").stdout
    done = paracle(past.repo.folder, "git", "merge", run, "--files", "-rf")
    assert done.returncode == 0, done.stderr
    assert past.repo.names("HEAD") == ["-rf", "app.py", "notes.md"]


def test_a_repository_in_the_middle_of_a_merge_is_left_alone(past: Past) -> None:
    past.repo.git("checkout", "--quiet", "-b", "side")
    past.repo.commit("side", app_py=lines("one", "zwei", "three"))
    past.repo.git("checkout", "--quiet", "main")
    past.repo.commit("main", app_py=lines("one", "deux", "three"))
    run = past.execution({"new.py": "n = 1\n"})
    past.repo.git("merge", "side", check=False)
    before = past.mine()
    for command in ("merge", "apply"):
        refused = paracle(past.repo.folder, "git", command, run)
        assert (refused.returncode, "a merge is under way" in refused.stderr) == (5, True)
    assert past.mine() == before


def test_a_hook_that_refuses_is_quoted(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    hook = past.repo.git_folder / "hooks" / "pre-merge-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'the linter found 3 problems' >&2; exit 1\n")
    hook.chmod(0o755)
    before = past.mine()
    refused = paracle(past.repo.folder, "git", "merge", run)
    assert refused.returncode != 0
    assert "the linter found 3 problems" in refused.stderr
    assert (past.mine(), past.leftovers()) == (before, [])


def test_a_git_that_is_too_old_is_named_with_the_version_that_is_needed(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"})
    script = 'test "$1" = version && echo git version 2.37.9 && exit\nexec "$REAL" "$@"'
    with monkeypatch.context() as patch:
        patch.setenv("PATH", stand_in(tmp_path / "bin", script))
        refused = paracle(past.repo.folder, "git", "merge", run, "--json")
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, error["code"]) == (1, "git_too_old")
    assert "2.37.9" in error["detail"]
    assert "2.38" in error["detail"]


def test_in_a_folder_without_git_only_merges_that_wait_make_no_sense(plain: Path) -> None:
    for arguments in (["branches"], ["cleanup"]):
        assert (arguments, paracle(plain, "git", *arguments).returncode) == (arguments, 0)
    refused = paracle(plain, "git", "continue")
    assert (refused.returncode, "git init" in refused.stderr) == (5, True)


def test_a_detached_head_needs_a_target(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("checkout", "--quiet", "--detach")
    refused = paracle(past.repo.folder, "git", "merge", run)
    assert (refused.returncode, "--target" in refused.stderr) == (5, True)
    listed = paracle(past.repo.folder, "git", "branches")
    assert (listed.returncode, "no target" in listed.stdout) == (0, True)
    assert paracle(past.repo.folder, "git", "merge", run, "--target", "main").returncode == 0


def test_another_folder_can_be_named(past: Past, tmp_path: Path) -> None:
    run = past.execution({"a": "1\n"})
    assert paracle(tmp_path, "-C", past.repo.folder, "git", "merge", run).returncode == 0
    assert (past.repo.folder / "a").exists()
