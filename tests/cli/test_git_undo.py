"""`git apply`, `discard`, `cleanup`, `prune`, `undo` and the archive: what goes comes back."""

from tests.cli.command import paracle, paracle_json
from tests.cli.standing import standing
from tests.support.history import Past, lines

CHANGES = {"new.py": "n = 1\n", "app.py": lines("one", "TWO", "three")}


def test_apply_brings_changes_beside_the_users_own_and_undo_takes_only_them_back(past: Past) -> None:
    run = past.execution(CHANGES)
    past.repo.write("app.py", lines("one", "two", "MINE"))
    before = standing(past)
    done = paracle(past.repo.folder, "git", "apply", run)
    assert (done.returncode, "next: git status" in done.stderr) == (0, True)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO", "MINE")
    assert (standing(past).staged, standing(past).branches) == (before.staged, before.branches)
    paracle_json(past.repo.folder, "git", "undo", "last")
    assert standing(past) == before


def test_changes_that_do_not_fit_the_users_files_are_refused(past: Past) -> None:
    run = past.execution(CHANGES)
    past.repo.write("app.py", lines("one", "zwei", "three"))
    before = past.mine()
    refused = paracle(past.repo.folder, "git", "apply", run)
    assert (refused.returncode, "app.py" in refused.stderr) == (5, True)
    assert past.mine() == before


def test_cleanup_removes_what_is_merged_and_says_why_it_keeps_the_rest(past: Past) -> None:
    merged, squashed, other = (past.execution({f"{name}.py": "1\n"}) for name in "abc")
    running = past.execution({"d.py": "1\n"}, ends=False)
    paracle_json(past.repo.folder, "git", "merge", merged)
    paracle_json(past.repo.folder, "git", "merge", squashed, "--mode", "squash")
    branches = past.repo.run_branches()

    dry = paracle(past.repo.folder, "git", "cleanup", "--dry-run")
    assert (dry.returncode, past.repo.run_branches()) == (0, branches)
    assert dry.stdout.count("would go") == 2
    assert "next: paracle git cleanup" in dry.stderr
    done = paracle(past.repo.folder, "git", "cleanup", "--target", "main")

    assert past.repo.run_branches() == sorted([past.branch(other), past.branch(running)])
    lines = done.stdout.splitlines()
    assert f"removed  {past.branch(merged)}" in lines
    assert f"removed  {past.branch(squashed)}" in lines
    kept = {line.split()[1]: line for line in lines if line.startswith("stays")}
    assert kept[past.branch(other)].endswith("not merged")
    assert "its execution is running" in kept[past.branch(running)]
    assert f"next: paracle git merge {other[:4]}" in done.stderr
    paracle_json(past.repo.folder, "git", "undo")
    assert past.repo.run_branches() == branches


def test_the_archive_lists_what_went_and_restores_it(past: Past) -> None:
    run = past.execution(CHANGES)
    branch, tip = past.branch(run), past.tip(run)
    paracle_json(past.repo.folder, "git", "merge", run)
    cleaned = paracle_json(past.repo.folder, "git", "cleanup")
    assert cleaned["removed"] == [branch]
    gone = paracle(past.repo.folder, "git", "show", run)
    assert (gone.returncode, "paracle git archive list" in gone.stderr) == (4, True)
    listed = paracle(past.repo.folder, "git", "archive", "list")
    assert listed.stdout.splitlines()[0].split() == [cleaned["operation"][:4], "cleanup", tip[:8], branch]
    assert f"next: paracle git archive restore {run[:4]}" in listed.stderr
    entries = paracle_json(past.repo.folder, "git", "archive", "list")["archived"]
    assert {"operation": cleaned["operation"], "kind": "cleanup", "name": f"refs/heads/{branch}", "commit": tip} in entries  # fmt: skip # noqa: E501

    restored = paracle(past.repo.folder, "git", "archive", "restore", run[:4])

    assert (restored.returncode, past.tip(run)) == (0, tip)
    assert f"next: paracle git show {run[:4]}" in restored.stderr
    assert paracle(past.repo.folder, "git", "archive", "restore", "last").returncode == 5


def test_a_discarded_branch_comes_back_with_what_was_in_no_commit(past: Past) -> None:
    run = past.execution(CHANGES, leaves={"loose.txt": "hours of work\n"})
    done = paracle(past.repo.folder, "git", "discard", run)
    assert (done.returncode, past.repo.run_branches(), past.worktree(run).exists()) == (0, [], False)
    assert "takes it back" in done.stderr
    paracle_json(past.repo.folder, "git", "undo")
    assert (past.worktree(run) / "loose.txt").read_text() == "hours of work\n"
    assert past.repo.run_branches() == [past.branch(run)]


def test_a_running_execution_is_neither_discarded_nor_merged(past: Past) -> None:
    run = past.execution(CHANGES, ends=False)
    before = past.mine()
    for command in ("discard", "merge"):
        refused = paracle(past.repo.folder, "git", command, run)
        assert (refused.returncode, "running" in refused.stderr) == (5, True)
    assert past.mine() == before
    assert past.repo.run_branches() == [past.branch(run)]


def test_what_was_done_is_listed_and_undone_once(past: Past) -> None:
    assert "Nothing was done yet." in paracle(past.repo.folder, "git", "undo", "--list").stderr
    run = past.execution(CHANGES)
    merged = paracle_json(past.repo.folder, "git", "merge", run)
    undone = paracle_json(past.repo.folder, "git", "undo")
    listed = paracle(past.repo.folder, "git", "undo", "--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [undone["id"][:4], merged["id"][:4]]
    assert listed[1].endswith(f"(undone by {undone['id'][:4]})")
    assert any("update-ref" in line for line in merged["commands"])
    again = paracle(past.repo.folder, "git", "undo", merged["id"])
    assert (again.returncode, "undone already" in again.stderr) == (5, True)
    assert paracle(past.repo.folder, "git", "undo", "--list", merged["id"]).returncode == 2


def test_prune_removes_work_trees_that_hold_nothing_and_keeps_the_others(past: Past) -> None:
    loose = past.execution(CHANGES, leaves={"loose.txt": "x\n"})
    empty = past.execution({"a": "1\n"}, leaves={"loose.txt": "x\n"})
    (past.worktree(empty) / "loose.txt").unlink()
    dry = paracle_json(past.repo.folder, "git", "prune", "--dry-run")
    assert (dry["removed"], dry["dry_run"]) == ([str(past.worktree(empty))], True)
    assert past.worktree(empty).exists()
    done = paracle(past.repo.folder, "git", "prune")
    assert f"removed  {past.worktree(empty)}" in done.stdout
    assert "loose.txt" in done.stdout
    assert (past.worktree(empty).exists(), past.worktree(loose).exists()) == (False, True)
