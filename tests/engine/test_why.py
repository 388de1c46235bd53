"""The way from a line back to the tool call that wrote it, over real runs and merges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paracle.app.domain.errors import NotFound, UsageError
from paracle.app.domain.provenance import Origin
from paracle.app.services.why import parse_place, why
from tests.support.studio import Studio, calls, says

TURNS = (
    calls(("write_file", {"path": "shop/new.py", "text": "a = 1\nb = 2\n"}), text="I begin with a module."),
    calls(
        ("edit_file", {"path": "shop/new.py", "old": "b = 2", "new": "b = 3\nc = 4"}),
        text="Now the other value.",
    ),
    says("Done."),
)


def test_a_merged_line_leads_to_its_step_and_what_the_model_said(studio: Studio) -> None:
    receipt, _ = studio.run(*TURNS)
    studio.repo.git("merge", "--quiet", "--no-edit", receipt.branch)
    with studio.open() as here:
        first, second = why(here, "shop/new.py", 1), why(here, "shop/new.py", 3)
    assert (first.origin, first.execution, first.agent) == (Origin.EXECUTION, receipt.execution, "worker")
    assert first.tool == "write_file"
    assert first.said == "I begin with a module."
    assert (second.text, second.tool, second.said) == ("c = 4", "edit_file", "Now the other value.")
    assert second.arguments["new"] == "b = 3\nc = 4"
    assert second.step > first.step
    assert f"step {second.step}: edit_file" in second.sentence
    assert json.loads(json.dumps(second.to_dict()))["origin"] == "execution"


def test_a_squashed_line_still_leads_to_its_step(studio: Studio) -> None:
    receipt, _ = studio.run(*TURNS)
    studio.repo.git("merge", "--quiet", "--squash", receipt.branch)
    studio.repo.git("commit", "--quiet", "-m", f"feat: all\n\nParacle-Execution: {receipt.execution}")
    with studio.open() as here:
        answer = why(here, studio.repo.folder / "shop/new.py", 2)
    assert (answer.origin, answer.tool) == (Origin.EXECUTION, "edit_file")


def test_a_squashed_line_that_was_changed_since_names_no_step(studio: Studio) -> None:
    receipt, _ = studio.run(*TURNS)
    studio.repo.git("merge", "--quiet", "--squash", receipt.branch)
    studio.repo.write("shop/new.py", "a = 1\nb = 99\nc = 4\n")
    studio.repo.git("commit", "--quiet", "-am", f"feat: all\n\nParacle-Execution: {receipt.execution}")
    with studio.open() as here:
        answer = why(here, "shop/new.py", 2)
    assert (answer.origin, answer.step, answer.tool) == (Origin.EXECUTION, 0, "")
    assert "cannot be told" in answer.sentence


def test_a_line_of_a_person_and_one_of_nobody_yet_are_told_apart(studio: Studio) -> None:
    studio.repo.write("shop/cart.py", "total = 0\nmore = 1\n")
    with studio.open() as here:
        committed, fresh = why(here, "shop/cart.py", 1), why(here, "shop/cart.py", 2)
        assert not here.has_store
    assert (committed.origin, committed.commit) == (Origin.COMMIT, studio.repo.head)
    assert "Of no execution" in committed.sentence
    assert (fresh.origin, fresh.commit) == (Origin.UNCOMMITTED, "")


def test_a_line_of_an_execution_whose_account_is_gone_says_so(studio: Studio) -> None:
    studio.repo.write("shop/cart.py", "total = 1\n")
    studio.repo.git("commit", "--quiet", "-am", "feat: x\n\nParacle-Execution: 7f3k000000\nParacle-Step: 2")
    with studio.open() as here:
        answer = why(here, "shop/cart.py", 1)
    assert (answer.origin, answer.execution) == (Origin.PRUNED, "7f3k000000")
    assert "not here any more" in answer.sentence


def test_a_path_through_a_link_is_followed(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(studio.repo.folder)
    with studio.open() as here:
        assert why(here, tmp_path / "way" / "shop" / "cart.py", 1).commit == studio.repo.head


def test_what_is_not_there_is_refused(studio: Studio) -> None:
    with studio.open() as here:
        with pytest.raises(NotFound):
            why(here, "nowhere.py", 1)
        with pytest.raises(NotFound):
            why(here, "shop/cart.py", 7)
        with pytest.raises(UsageError):
            why(here, "shop/cart.py", 0)


@pytest.mark.parametrize(("words", "place"), [("a.py:3", ("a.py", 3)), ("c:d.py:12", ("c:d.py", 12))])
def test_a_place_is_a_file_and_a_line(words: str, place: tuple[str, int]) -> None:
    assert parse_place(words) == place


@pytest.mark.parametrize("words", ["a.py", "a.py:", ":3", "a.py:0", "a.py:-1", "a.py:x", "a.py:²"])
def test_what_is_no_place_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        parse_place(words)
