"""`git log`: the graph of the history, for people and programs."""

from tests.cli.command import paracle, paracle_json, running
from tests.support.history import Past
from tests.support.repo import RepoBuilder


def merge(past: Past, run: str) -> None:
    assert paracle(past.repo.folder, "git", "merge", run).returncode == 0


def test_the_history_is_drawn_with_what_came_of_each_execution(past: Past) -> None:
    merged, still_open = past.execution({"a": "1\n"}), past.execution({"b": "1\n2\n"})
    merge(past, merged)
    before = past.mine()
    listed = paracle(past.repo.folder, "git", "log")
    assert (listed.returncode, past.mine()) == (0, before)
    top, newer, older, first = listed.stdout.splitlines()
    assert top.startswith("•─╮") and f"Merge {past.branch(merged)} into main  Ada Tester, " in top
    assert newer.split()[:6] == ["├─┼─✓", "done", still_open[:4], "fixer", "offline", "$0.00"]
    assert newer.endswith("unreviewed")
    assert older.split()[:3] == ["├─✓", "done", merged[:4]] and older.endswith("merged")
    assert first.split()[0] == "•" and "first  Ada Tester" in first
    assert f"next: paracle git show {still_open[:4]}" in listed.stderr


def test_programs_get_the_rows_with_their_lanes(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    merge(past, run)
    past.repo.commit("mine")
    data = paracle_json(past.repo.folder, "git", "log")
    assert (data["target"], data["more"]) == ("main", False)
    mine, brought, execution, first = data["rows"]
    assert [row["kind"] for row in data["rows"]] == ["commit", "commit", "execution", "commit"]
    assert (mine["subject"], mine["joins"], brought["joins"]) == ("mine", [], [1])
    assert (execution["id"], execution["lane"], execution["verdict"]) == (run, 1, "merged")
    assert (execution["fork"], execution["merge"]) == (first["sha"], brought["sha"])


def test_the_length_and_the_branch_can_be_chosen(past: Past) -> None:
    past.repo.git("branch", "old")
    past.execution({"a": "1\n"})
    past.repo.commit("mine")
    data = paracle_json(past.repo.folder, "git", "log", "--limit", "1")
    assert ([row["subject"] for row in data["rows"]], data["more"]) == (["mine"], True)
    data = paracle_json(past.repo.folder, "git", "log", "--target", "old")
    assert ([row["kind"] for row in data["rows"]], data["target"]) == (["execution", "commit"], "old")
    missing = paracle(past.repo.folder, "git", "log", "--target", "nowhere")
    assert (missing.returncode, "There is no branch 'nowhere'" in missing.stderr) == (4, True)


def test_a_history_without_executions_says_how_to_begin(repo: RepoBuilder) -> None:
    listed = paracle(repo.folder, "git", "log")
    assert (listed.returncode, "feat: sums" in listed.stdout) == (0, True)
    assert "next: paracle run reviewer" in listed.stderr


def test_a_subject_cannot_move_the_cursor_of_a_terminal(past: Past) -> None:
    past.repo.commit("\x1b[2Jmine")
    with running(past.repo.folder, "git", "log", on_terminal=True) as log:
        assert log.end() == 0
    assert "[2Jmine" in log.text
    assert "\x1b[2J" not in log.text
