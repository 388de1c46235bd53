"""`demo`: the first thing anyone sees."""

import json
from pathlib import Path

from tests.cli.command import paracle, running
from tests.support.repo import RepoBuilder


def test_the_demo_shows_two_agents_at_work_and_says_where_it_is(tmp_path: Path, home: Path) -> None:
    done = paracle(tmp_path, "demo", "--keep", "here")
    assert done.returncode == 0, done.stderr
    for words in ("reviewer", "documenter", "REVIEW.md", "docs/api.md", "Offline", "findings", "exec/"):
        assert words in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    shop = tmp_path / "here" / "shop"
    assert f"paracle -C {shop} ui" in done.stderr
    assert paracle(shop, "validate").returncode == 0
    rows = paracle(shop, "runs", "list").stdout.splitlines()
    assert ["documenter" in rows[0], "reviewer" in rows[1]] == [True, True]
    assert not (home / "state").exists()


def test_the_demo_as_json_holds_receipts_and_diffs_that_fit_the_repository(tmp_path: Path) -> None:
    done = paracle(tmp_path, "demo", "--keep", tmp_path / "here", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    folder = Path(told["folder"])
    repo = RepoBuilder.__new__(RepoBuilder)
    repo.folder = folder
    assert repo.git("status", "--porcelain") == ""
    for run in told["runs"]:
        assert run["receipt"]["state"] == "completed"
        for change in run["receipt"]["files"]:
            assert f"+++ b/{change['path']}" in run["diff"]
            assert repo.git("cat-file", "-t", f"{run['receipt']['branch']}:{change['path']}") == "blob"


def test_the_demo_refuses_a_folder_that_holds_one_already(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    done = paracle(tmp_path, "demo", "--keep", tmp_path)
    assert done.returncode == 5
    assert "--keep" in done.stderr


def test_on_a_terminal_the_demo_offers_the_workbench_and_ends_when_told(tmp_path: Path) -> None:
    with running(tmp_path, "demo", "--keep", "here", on_terminal=True) as command:
        command.wait_for("Any key opens the workbench")
        command.press("q")
        assert command.end() == 0
    assert "\x1b[1mreviewer" in command.text
