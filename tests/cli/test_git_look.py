"""`git branches`, `show`, `diff`: what executions left, for people, programs and other programs' input."""

import subprocess
import sys
from pathlib import Path

from tests.cli.command import paracle, paracle_json, running
from tests.support.history import Past, lines
from tests.support.repo import RepoBuilder

TWO = lines("one", "TWO", "three")


def test_without_branches_the_list_says_what_to_run(repo: RepoBuilder) -> None:
    listed = paracle(repo.folder, "git", "branches")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "next: paracle run reviewer" in listed.stderr
    assert paracle_json(repo.folder, "git", "branches")["branches"] == []


def test_branches_are_listed_with_what_they_would_bring(past: Past) -> None:
    clean = past.execution({"new.py": "n = 1\n"})
    clash = past.execution({"app.py": TWO})
    dirty = past.execution({"a": "1\n"}, leaves={"loose.txt": "x\n"})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    before = past.mine()

    listed = paracle(past.repo.folder, "git", "branches")

    assert (listed.returncode, past.mine()) == (0, before)
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert list(rows) == [dirty[:4], clash[:4], clean[:4]]
    assert "✓ done  fixer" in rows[clean[:4]]
    assert "↑1 ↓1  1 file  +1 −0  merges cleanly" in rows[clean[:4]]
    assert "conflicts in 1 file" in rows[clash[:4]]
    assert f"1 uncommitted file  {past.worktree(dirty)}" in rows[dirty[:4]]
    assert f"next: paracle git show {dirty[:4]}" in listed.stderr
    found = paracle_json(past.repo.folder, "git", "branches", "--target", "main")["branches"]
    assert [row["execution"] for row in found] == [dirty, clash, clean]
    assert found[1]["figures"]["conflicts"] == ["app.py"]


def test_show_tells_files_conflicts_and_clashes_with_other_branches(past: Past) -> None:
    first, second = past.execution({"app.py": TWO}), past.execution({"app.py": lines("one", "zwei", "three")})
    shown = paracle(past.repo.folder, "git", "show", past.branch(first), "--clashes")
    assert shown.returncode == 0
    assert past.branch(first) in shown.stdout
    assert f"with {second[:4]} in app.py" in shown.stdout
    assert "M  +1  −1  app.py" in shown.stdout
    assert f"next: paracle git diff {first[:4]}\nthen: paracle git merge {first[:4]}\n" in shown.stderr
    document = paracle_json(past.repo.folder, "git", "show", first, "--clashes")
    assert document["clashes"] == [{"execution": second, "paths": ["app.py"]}]
    assert document["files"] == [{"path": "app.py", "status": "M", "added": 1, "removed": 1}]


def test_the_list_tells_which_branches_would_conflict_with_each_other(past: Past) -> None:
    first, second = past.execution({"app.py": TWO}), past.execution({"app.py": lines("one", "zwei", "three")})
    apart = past.execution({"new.py": "n = 1\n"})
    listed = paracle(past.repo.folder, "git", "branches", "--clashes")
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert f"merges cleanly  clashes with {second[:4]}" in rows[first[:4]]
    assert f"clashes with {first[:4]}" in rows[second[:4]]
    assert "clashes" not in rows[apart[:4]]
    (pair,) = paracle_json(past.repo.folder, "git", "branches", "--clashes")["clashes"]
    assert (set(pair["executions"]), pair["paths"]) == ({first, second}, ["app.py"])


def test_a_diff_that_is_piped_can_be_applied_byte_for_byte(past: Past, tmp_path: Path) -> None:
    odd = b"caf\xe9\r\n\x1b[31mred\x0c\n"
    run = past.execution({"odd.txt": odd, "app.py": TWO, "notes.md": None})
    clone = RepoBuilder.clone(past.repo, tmp_path / "clone")
    command = f"set -o pipefail; '{sys.executable}' -m paracle git diff {run} | git -C '{clone.folder}' apply"
    subprocess.run(["bash", "-c", command], cwd=past.repo.folder, check=True)
    assert (clone.folder / "odd.txt").read_bytes() == odd
    assert (clone.folder / "app.py").read_text() == TWO
    assert not (clone.folder / "notes.md").exists()


def test_a_diff_can_be_of_one_file_and_as_figures(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "THREE"), "new.py": "n = 1\n"})
    one = paracle(past.repo.folder, "git", "diff", run, "--file", "new.py")
    assert "+n = 1" in one.stdout
    assert "app.py" not in one.stdout
    stat = paracle(past.repo.folder, "git", "diff", run, "--stat")
    assert stat.stdout.splitlines() == ["M  +2  −2  2 hunks  app.py", "A  +1  −0   1 hunk  new.py"]
    assert f"next: paracle git merge {run}" in stat.stderr
    document = paracle_json(past.repo.folder, "git", "diff", run, "--stat")
    assert [(file["path"], len(file["hunks"])) for file in document["files"]] == [
        ("app.py", 2),
        ("new.py", 1),
    ]
    assert "diff" not in document
    whole = paracle_json(past.repo.folder, "git", "diff", run)
    assert "+++ b/new.py" in whole["diff"]
    missing = paracle(past.repo.folder, "git", "diff", run, "--file", "nowhere.py")
    assert (missing.returncode, "--stat" in missing.stderr) == (4, True)


def test_on_a_terminal_each_hunk_has_its_number_and_nothing_moves_the_cursor(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "\x1b[2JTHREE")})
    with running(past.repo.folder, "git", "diff", run, on_terminal=True) as diff:
        assert diff.end() == 0
    assert "hunk 2 of 2" in diff.text
    assert "THREE" in diff.text
    assert "\x1b[2J" not in diff.text


def test_a_diff_can_be_of_one_step(repo: RepoBuilder) -> None:
    paracle_json(repo.folder, "run", "reviewer")
    events = paracle(repo.folder, "runs", "log", "last", "--kind", "commit.created", "--json").stdout
    step = events.partition('"step": ')[2].partition(",")[0].partition("}")[0]
    assert "+++ b/REVIEW.md" in paracle(repo.folder, "git", "diff", "last", "--step", step).stdout
    nothing = paracle(repo.folder, "git", "diff", "last", "--step", "999")
    assert (nothing.returncode, "runs log" in nothing.stderr) == (4, True)
