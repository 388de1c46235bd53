"""Reviews over real runs: kept, shared between terminals, carried to reruns, merged and sent back."""

from __future__ import annotations

import threading

import pytest

from paracle.app.domain.diffs import ADDED, Place
from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.executions import Receipt
from paracle.app.domain.history import Mode
from paracle.app.domain.review import Part, Review, Verdict
from paracle.app.services import history, review
from paracle.app.services.review import Reviewed
from paracle.app.services.review_bases import LAST_STEP
from paracle.app.services.why import why
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, calls, says, writes

TURNS = (
    calls(("edit_file", {"path": "shop/cart.py", "old": "total = 0", "new": "total = 1\nmore = 2"})),
    writes("notes.md", "# notes\n"),
    says("Done."),
)


@pytest.fixture
def receipt(studio: Studio) -> Receipt:
    return studio.run(*TURNS)[0]


def accept(here: Workspace, reviewed: Reviewed, path: str, *places: Place) -> Review:
    file = review.find_file(review.files(reviewed), path)
    part = Part(path, frozenset(places) if places else None)
    return review.judge(here, reviewed.execution, file, part, Verdict.ACCEPTED)


def test_verdicts_and_notes_are_kept_until_another_day(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        files = review.files(reviewed)
        assert [file.path for file in files] == ["notes.md", "shop/cart.py"]
        review.judge(here, reviewed.execution, files[0], Part("notes.md"), Verdict.REJECTED)
        kept = review.note(here, reviewed.execution, files[1], Place(ADDED, 2), "why two?")
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        assert review.load(here, reviewed.execution) == kept
        said = review.message(here, reviewed)
    assert "Rejected in `notes.md`" in said
    assert "line 2 (`more = 2`): why two?" in said


def test_what_is_accepted_can_be_merged_without_the_rest(studio: Studio, receipt: Receipt) -> None:
    before = studio.fingerprint()
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution, LAST_STEP)
        fork = review.open_review(here, receipt.execution)
        accept(here, fork, "shop/cart.py", Place(ADDED, 2))
        chosen = review.accepted(here, reviewed)
        assert studio.fingerprint() == before
        history.merge(here, receipt.execution, mode=Mode.SQUASH, selection=chosen)
    assert studio.repo.show("HEAD", "shop/cart.py") == "total = 0\nmore = 2"
    assert "notes.md" not in studio.repo.names("HEAD")


def test_hunks_that_are_named_can_be_merged_and_know_where_they_come_from(
    studio: Studio, receipt: Receipt
) -> None:
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        chosen = review.named(reviewed, hunks=["shop/cart.py#1"])
        history.merge(here, receipt.execution, mode=Mode.SQUASH, selection=chosen)
        assert why(here, "shop/cart.py", 2).tool == "edit_file"
    assert studio.repo.show("HEAD", "shop/cart.py") == "total = 1\nmore = 2"


def test_without_verdicts_there_is_neither_selection_nor_message(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        with pytest.raises(Conflict, match="Nothing is accepted"):
            review.accepted(here, reviewed)
        with pytest.raises(Conflict, match="nothing to send"):
            review.message(here, reviewed)


def test_a_rerun_keeps_what_was_looked_at_and_no_verdict(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        file = review.find_file(review.files(reviewed), "shop/cart.py")
        review.look_at(here, reviewed.execution, file, Part("shop/cart.py"))
        accept(here, reviewed, "shop/cart.py")
    again, _ = studio.run(*TURNS)
    with studio.open() as here:
        reviewed = review.open_review(here, again.execution)
        files = review.files(reviewed)
        marks = review.load(here, reviewed.execution).marks(files)
        assert marks.is_reviewed("shop/cart.py", files[1].changes)
        assert marks.verdicts == {}
        marks = accept(here, reviewed, "notes.md").marks(files)
        assert marks.is_reviewed("shop/cart.py", files[1].changes)


def test_two_terminals_do_not_undo_each_others_work(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here, studio.open() as there:
        reviewed = review.open_review(here, receipt.execution)
        work = [
            threading.Thread(target=accept, args=(where, reviewed, path))
            for where, path in ((here, "notes.md"), (there, "shop/cart.py"))
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        found = review.load(here, reviewed.execution).selection(review.files(reviewed))
        assert sorted(found.parts) == ["notes.md", "shop/cart.py"]


def test_a_part_of_another_diff_is_refused_and_nothing_is_kept(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here:
        reviewed = review.open_review(here, receipt.execution)
        with pytest.raises(Conflict):
            accept(here, reviewed, "shop/cart.py", Place(ADDED, 77))
        with pytest.raises(NotFound):
            accept(here, reviewed, "nowhere")
        assert review.load(here, reviewed.execution) == Review()


def test_the_last_step_and_any_commit_can_be_compared_with(studio: Studio, receipt: Receipt) -> None:
    with studio.open() as here:
        last = review.open_review(here, receipt.execution, LAST_STEP)
        assert [file.path for file in review.files(last)] == ["notes.md"]
        tip = review.open_review(here, receipt.execution, receipt.branch)
        assert review.files(tip) == ()
        with pytest.raises(NotFound, match="no-such-branch"):
            review.open_review(here, receipt.execution, "no-such-branch")


def test_a_branch_that_is_gone_can_still_be_reviewed(studio: Studio, receipt: Receipt) -> None:
    studio.repo.git("branch", "--quiet", "-D", receipt.branch)
    with studio.open() as here:
        assert len(review.files(review.open_review(here, receipt.execution))) == 2
