"""Conflicts: foretold by a preview, left waiting beside the checkout, resolved or given up."""

import json
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json
from tests.cli.standing import standing
from tests.support.history import Past, lines


@pytest.fixture
def run(past: Past) -> str:
    """An execution that has changed the same line as the user since."""
    found = past.execution({"app.py": lines("one", "TWO", "three"), "new.py": "n = 1\n"})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    return found


def test_a_preview_names_the_paths_in_conflict_and_touches_nothing(past: Past, run: str) -> None:
    before = past.mine()
    seen = paracle(past.repo.folder, "git", "merge", run, "--dry-run")
    assert (seen.returncode, past.mine(), past.leftovers()) == (5, before, [])
    assert "conflicts with main in 1 file\n  app.py\n" in seen.stdout
    assert paracle(past.repo.folder, "git", "merge", "--show").stderr.startswith("No merge waits.")


def test_a_side_is_taken_and_the_merge_goes_on(past: Past, run: str) -> None:
    before = standing(past)
    waits = paracle(past.repo.folder, "git", "merge", run)
    assert (waits.returncode, "app.py" in waits.stderr) == (5, True)
    assert standing(past) == before
    listed = paracle(past.repo.folder, "git", "branches")
    assert f"◐ waits  fixer {run[:4]} into main: conflicts in app.py, 0 of 1 resolved" in listed.stderr
    assert "next: paracle git conflicts\nthen: paracle git continue" in listed.stderr
    early = paracle(past.repo.folder, "git", "merge", "--continue")
    assert (early.returncode, "app.py" in early.stderr) == (5, True)

    taken = paracle(past.repo.folder, "git", "take", "app.py", "both")
    assert (taken.returncode, "next: paracle git continue" in taken.stderr) == (0, True)
    done = paracle(past.repo.folder, "git", "merge", "--continue")

    assert done.returncode == 0, done.stderr
    assert (past.repo.folder / "app.py").read_text() == "one\n\n\n\nzwei\nTWO\n\n\n\nthree\n\n\n\n"
    assert (past.repo.folder / "new.py").exists()
    assert past.leftovers() == []
    paracle_json(past.repo.folder, "git", "undo")
    assert standing(past) == before


def test_a_conflict_is_resolved_by_hand_where_the_refusal_says(past: Past, run: str) -> None:
    refused = paracle(past.repo.folder, "git", "merge", run, "--mode", "squash", "--json")
    error = json.loads(refused.stdout)["error"]
    (waiting,) = paracle_json(past.repo.folder, "git", "merge", "--show")["waiting"]
    assert waiting["folder"] in error["hint"]
    (Path(waiting["folder"]) / "app.py").write_text("by hand\n")
    done = paracle_json(past.repo.folder, "git", "continue", run[:5])
    assert done["kind"] == "merge"
    assert (past.repo.folder / "app.py").read_text() == "by hand\n"


def test_giving_up_restores_everything(past: Past, run: str) -> None:
    before = past.mine()
    paracle(past.repo.folder, "git", "merge", run)
    paracle_json(past.repo.folder, "git", "take", "app.py", "theirs", "--of", past.branch(run))
    given_up = paracle(past.repo.folder, "git", "merge", "--abort")
    assert (given_up.returncode, "next: paracle git branches" in given_up.stderr) == (0, True)
    assert past.mine() == before
    assert past.leftovers() == []
    assert paracle(past.repo.folder, "git", "abort").returncode == 4


def test_a_path_of_any_bytes_is_named_in_every_answer(past: Past) -> None:
    name = "caf\udce9 \x1b[31m.txt"
    run = past.execution({name: "theirs\n"})
    past.repo.write(name, "mine\n")
    past.repo.git("add", "--all")
    past.repo.git("commit", "--quiet", "--message", "mine")
    seen = paracle_json(past.repo.folder, "git", "show", run)
    assert seen["files"][0]["path"] == "caf\\xe9 \x1b[31m.txt"
    refused = paracle(past.repo.folder, "git", "merge", run, "--json")
    assert refused.returncode == 5, refused.stderr
    assert json.loads(refused.stdout)["error"]["detail"] == "caf\\xe9 \x1b[31m.txt"
    waiting = paracle(past.repo.folder, "git", "merge", "--show").stderr
    assert ("caf\\xe9" in waiting, "\x1b" in waiting) == (True, False)
    assert paracle(past.repo.folder, "git", "abort").returncode == 0


def test_a_merge_that_waits_is_not_begun_anew_with_options(past: Past, run: str) -> None:
    for wrong in (["--abort", "--continue"], [run, "--show"]):
        assert paracle(past.repo.folder, "git", "merge", *wrong).returncode == 2
    for wrong in (["app.py", "mine"], ["app.py"], [], ["app.py", "ours", "--edit"], ["app.py", "--undo"]):
        assert paracle(past.repo.folder, "git", "take", *wrong).returncode == 2
    assert paracle(past.repo.folder, "git", "take", "app.py", "ours").returncode == 4


def test_of_several_merges_that_wait_one_is_named(past: Past, run: str) -> None:
    past.repo.git("branch", "release")
    other = past.execution({"app.py": lines("one", "deux", "three")})
    past.repo.commit("mine again", app_py=lines("one", "drei", "three"))
    paracle(past.repo.folder, "git", "merge", run, "--target", "release")
    paracle(past.repo.folder, "git", "merge", other)
    shown = paracle(past.repo.folder, "git", "merge", "--show")
    assert f"next: paracle git conflicts {run[:4]}\nthen: paracle git continue {run[:4]}\n" in shown.stderr
    unnamed = paracle(past.repo.folder, "git", "continue")
    assert (unnamed.returncode, other in unnamed.stderr) == (2, True)
    taken = paracle(past.repo.folder, "git", "take", "app.py", "theirs", "--of", other[:4])
    assert f"next: paracle git continue {other[:4]}" in taken.stderr
    assert paracle(past.repo.folder, "git", "continue", other[:4]).returncode == 0
    assert (past.repo.folder / "app.py").read_text() == lines("one", "deux", "three")


@pytest.fixture
def twice(past: Past) -> str:
    """An execution that has changed the same two lines as the user since; the merge waits."""
    found = past.execution({"app.py": lines("one", "TWO", "THREE")})
    past.repo.commit("mine", app_py=lines("one", "zwei", "drei"))
    assert paracle(past.repo.folder, "git", "merge", found).returncode == 5
    return found


def test_blocks_are_listed_taken_one_by_one_and_taken_back(past: Past, twice: str) -> None:
    listed = paracle(past.repo.folder, "git", "conflicts")
    assert "✗ app.py  2 blocks left\n  ✗ block 1  lines 5-11" in listed.stdout
    assert f"main 1 | before 1 | fixer {twice[:4]} 1" in listed.stdout
    assert "0 of 2 resolved\nnext: paracle git take app.py ours|theirs|base|both --block 1" in listed.stderr
    seen = paracle_json(past.repo.folder, "git", "conflicts", twice[:4])
    (file,) = seen["files"]
    assert (seen["done"], seen["total"], seen["ours"]) == (0, 2, "main")
    assert [(block["ours"], block["theirs"]) for block in file["blocks"]] == [
        (["zwei"], ["TWO"]),
        (["drei"], ["THREE"]),
    ]

    taken = paracle_json(past.repo.folder, "git", "take", "app.py", "theirs", "--block", "2")
    assert taken == {"path": "app.py", "side": "theirs", "block": 2, "left": ["app.py"]}
    again = paracle(past.repo.folder, "git", "take", "app.py", "ours", "--block", "2", "--json")
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (5, "conflict")
    undone = paracle(past.repo.folder, "git", "take", "--undo")
    assert undone.stdout == "taken back: app.py, block 2: theirs\n"
    assert paracle(past.repo.folder, "git", "take", "--undo").returncode == 4

    paracle_json(past.repo.folder, "git", "take", "app.py", "both", "--block", "1")
    last = paracle(past.repo.folder, "git", "take", "app.py", "base", "--block", "2")
    assert last.stdout == "app.py, block 2: base\n"
    assert "2 of 2 resolved; --undo takes back the last\nnext: paracle git continue" in last.stderr
    assert "✓ app.py  both, before" in paracle(past.repo.folder, "git", "conflicts").stdout
    assert paracle(past.repo.folder, "git", "continue").returncode == 0
    expected = lines("one", "zwei", "three").replace("zwei\n", "zwei\nTWO\n")
    assert (past.repo.folder / "app.py").read_text() == expected


def test_a_file_is_opened_in_the_editor_and_the_edit_taken_back(
    past: Past, twice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "edit.sh"
    editor.write_text('#!/bin/sh\necho "$1" by hand > "$2"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = paracle(past.repo.folder, "git", "take", "app.py", "--edit")
    assert (done.returncode, done.stdout) == (0, "app.py: by hand\n")
    folder = Path(paracle_json(past.repo.folder, "git", "conflicts")["folder"])
    assert (folder / "app.py").read_text() == "+5 by hand\n"
    assert paracle_json(past.repo.folder, "git", "take", "--undo")["undone"] == "app.py: edited by hand"
    assert paracle_json(past.repo.folder, "git", "conflicts")["files"][0]["why"] == "2 blocks left"
    monkeypatch.setenv("VISUAL", str(tmp_path / "missing"))
    refused = paracle(past.repo.folder, "git", "take", "app.py", "--edit")
    assert (refused.returncode, "cannot be started" in refused.stderr) == (1, True)
