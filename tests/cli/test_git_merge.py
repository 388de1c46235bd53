"""`git merge` and `git undo`: from a run to its changes in the target, and exactly back."""

import json
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json
from tests.cli.standing import standing
from tests.support.history import Past, lines
from tests.support.repo import RepoBuilder

CHANGES = {"new.py": "n = 1\n", "app.py": lines("one", "TWO", "three")}


def test_from_a_run_to_its_merge_and_back(repo: RepoBuilder) -> None:
    ran = paracle(repo.folder, "run", "reviewer")
    merging = next(line for line in ran.stderr.splitlines() if line.startswith("then: paracle git merge "))
    assert f"then: {_next(paracle(repo.folder, 'runs', 'show', 'last', '--diff').stderr)}" == merging
    assert merging in paracle(repo.folder, "runs", "show", "last").stderr
    before = repo.head

    merged = paracle(repo.folder, *merging.split()[2:])

    assert (merged.returncode, "into main" in merged.stdout) == (0, True)
    assert "pkg/sums.py" in (repo.folder / "REVIEW.md").read_text()
    assert repo.git("status", "--porcelain") == ""
    assert paracle(repo.folder, "git", "undo").returncode == 0
    assert repo.head == before
    assert not (repo.folder / "REVIEW.md").exists()


def test_a_folder_without_git_is_told_to_apply_and_a_merge_does_that(plain: Path) -> None:
    ran = paracle(plain, "run", "reviewer")
    assert "next: paracle runs show" in ran.stderr
    assert "then: paracle git apply" in ran.stderr
    merged = paracle(plain, "git", "merge", "last")
    assert (merged.returncode, "apply exec/" in merged.stdout) == (0, True)
    assert (plain / "REVIEW.md").exists()


@pytest.mark.parametrize("mode", ["merge", "squash", "ff", "rebase", "cherry-pick"])
def test_each_mode_brings_the_changes_and_undo_takes_them_back_exactly(past: Past, mode: str) -> None:
    run = past.execution({"new.py": "n = 1\n"}, {"app.py": lines("one", "TWO", "three"), "notes.md": None})
    past.repo.write("mine.txt", "in no commit\n")
    if mode != "ff":
        past.repo.write("other.py", "o = 1\n")
        past.repo.git("add", "other.py")
        past.repo.git("commit", "--quiet", "--message", "mine")
    before = standing(past)

    done = paracle(past.repo.folder, "git", "merge", run[:6], "--mode", mode)

    assert done.returncode == 0, done.stderr
    assert _next(done.stderr) == "paracle git cleanup"
    after = standing(past)
    assert after.files.pop("new.py")[1] == b"n = 1\n"
    assert after.files["app.py"][1].decode() == lines("one", "TWO", "three")
    assert "notes.md" not in after.files
    assert after.files["mine.txt"] == before.files["mine.txt"]
    assert after.status == before.status == "?? mine.txt"
    assert paracle(past.repo.folder, "git", "undo").returncode == 0
    assert standing(past) == before
    assert past.repo.healthy()
    assert past.leftovers() == []


def test_a_dry_run_tells_what_would_come_and_touches_nothing(past: Past) -> None:
    run = past.execution(CHANGES)
    before = past.mine()
    seen = paracle(past.repo.folder, "git", "merge", past.branch(run), "--dry-run")
    assert (seen.returncode, past.mine()) == (0, before)
    assert "merges cleanly into main: 1 commit, 2 files" in seen.stdout
    assert "new.py" in seen.stdout
    assert _next(seen.stderr) == f"paracle git merge {run[:4]}"
    document = paracle_json(past.repo.folder, "git", "merge", run, "--dry-run", "--mode", "squash")
    assert (document["clean"], document["mode"], document["target"]) == (True, "squash", "main")


def test_a_target_elsewhere_is_merged_into_without_touching_the_checkout(past: Past) -> None:
    past.repo.git("branch", "release")
    run = past.execution(CHANGES)
    before = standing(past)
    operation = paracle_json(past.repo.folder, "git", "merge", run, "--target", "release")
    assert past.repo.show("release", "new.py") == "n = 1"
    assert standing(past).files == before.files
    assert operation["moves"][0]["name"] == "refs/heads/release"
    paracle_json(past.repo.folder, "git", "undo", operation["id"][:6])
    assert standing(past) == before


def test_a_part_is_squashed_by_files_or_by_hunks(past: Past) -> None:
    run = past.execution({**CHANGES, "app.py": lines("ONE", "two", "THREE")})
    refused = paracle(past.repo.folder, "git", "merge", run, "--files", "new.py", "--mode", "rebase")
    assert (refused.returncode, "--mode squash" in refused.stderr) == (2, True)
    paracle_json(past.repo.folder, "git", "merge", run, "--hunks", "app.py#2", "--message", "feat: three")
    assert (past.repo.folder / "app.py").read_text() == lines("one", "two", "THREE")
    assert past.repo.message("HEAD").splitlines()[0] == "feat: three"
    assert not (past.repo.folder / "new.py").exists()
    paracle_json(past.repo.folder, "git", "merge", run, "--files", "new.py")
    assert (past.repo.folder / "new.py").exists()
    row = paracle_json(past.repo.folder, "git", "show", run)["branch"]
    assert row["figures"]["merged"] == ""


def test_a_dirty_target_is_refused_with_the_reason_and_the_alternatives(past: Past) -> None:
    run = past.execution(CHANGES)
    past.repo.write("app.py", "edited\n")
    before = past.mine()
    refused = paracle(past.repo.folder, "git", "merge", run)
    assert refused.returncode == 5
    assert "app.py: uncommitted changes" in refused.stderr
    assert "commit or stash" in refused.stderr
    assert "--target" in refused.stderr
    assert "paracle git apply" in refused.stderr
    seen = paracle(past.repo.folder, "git", "merge", run, "--dry-run")
    assert (seen.returncode, "app.py" in seen.stdout, "git apply" in seen.stderr) == (5, True, True)
    assert past.mine() == before


def test_what_is_merged_already_is_said(past: Past) -> None:
    run = past.execution(CHANGES)
    paracle_json(past.repo.folder, "git", "merge", run)
    again = paracle(past.repo.folder, "git", "merge", run)
    assert (again.returncode, "paracle git cleanup" in again.stderr) == (5, True)
    seen = paracle(past.repo.folder, "git", "merge", run, "--dry-run")
    assert (seen.returncode, "has it all" in seen.stdout) == (5, True)


def test_undo_that_would_lose_later_commits_is_refused(past: Past) -> None:
    run = past.execution(CHANGES)
    paracle_json(past.repo.folder, "git", "merge", run)
    past.repo.commit("mine", later_py="l = 1\n")
    before = past.mine()
    refused = paracle(past.repo.folder, "git", "undo", "--json")
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, error["code"]) == (5, "git_ref_moved")
    assert past.mine() == before


def _next(words: str) -> str:
    (line,) = (line for line in words.splitlines() if line.startswith("next: "))
    return line.removeprefix("next: ")
