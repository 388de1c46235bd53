"""A review is kept by content: it survives moved lines and reruns, and becomes a selection and a message."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.diffs import ADDED, CONTEXT, REMOVED, FileDiff, Place, Selection
from paracle.app.domain.errors import Conflict
from paracle.app.domain.feedback import feedback, with_sent
from paracle.app.domain.review import Part, Review, Verdict
from tests.support.diffing import file_diff

OLD = "".join(f"line {number}\n" for number in range(60))
NEW = OLD.replace("line 10\n", "line ten\n").replace("line 40\n", "line forty\nand more\n")
FILE = file_diff(OLD, NEW, "src/code.py")
FIRST, SECOND = (frozenset(hunk.changes) for hunk in FILE.hunks)
PICTURE = FileDiff("logo.png", "logo.png", "M", "100644", "100644", is_binary=True, old_id="1", new_id="2")


def test_a_verdict_on_a_hunk_is_on_its_lines() -> None:
    review = Review().judged(FILE, Part("src/code.py", FIRST), Verdict.ACCEPTED)
    marks = review.marks([FILE])
    assert marks.of("src/code.py", FIRST) is Verdict.ACCEPTED
    assert marks.of("src/code.py", SECOND) is None
    assert marks.progress(FILE) == (1, 2)
    assert review.selection([FILE]) == Selection({"src/code.py": FIRST})


def test_a_verdict_on_a_file_is_on_all_of_it_and_can_be_taken_back() -> None:
    review = Review().judged(FILE, Part("src/code.py"), Verdict.ACCEPTED)
    assert review.selection([FILE]).of(FILE) is None
    assert review.judged(FILE, Part("src/code.py"), None) == Review()


def test_lines_can_be_rejected_while_their_hunk_is_accepted() -> None:
    review = Review().judged(FILE, Part("src/code.py", SECOND), Verdict.ACCEPTED)
    line = frozenset({Place(ADDED, 42)})
    review = review.judged(FILE, Part("src/code.py", line), Verdict.REJECTED)
    assert review.marks([FILE]).of("src/code.py", SECOND) is None
    assert review.selection([FILE]).of(FILE) == SECOND - line


@given(st.sets(st.sampled_from(sorted(FILE.changes))), st.sets(st.sampled_from(sorted(FILE.changes))))
def test_what_was_said_last_of_a_line_holds(accepted: set[Place], rejected: set[Place]) -> None:
    review = Review()
    for places, verdict in ((accepted, Verdict.ACCEPTED), (rejected, Verdict.REJECTED)):
        if places:
            review = review.judged(FILE, Part("src/code.py", frozenset(places)), verdict)
    given = review.marks([FILE]).verdicts.get("src/code.py", {})
    assert {place for place, verdict in given.items() if verdict is Verdict.REJECTED} == rejected
    assert {place for place, verdict in given.items() if verdict is Verdict.ACCEPTED} == accepted - rejected
    assert Review.from_dict(json.loads(json.dumps(review.to_dict()))) == review


def test_marks_follow_a_hunk_that_moves_and_forget_one_that_changes() -> None:
    review = Review().judged(FILE, Part("src/code.py"), Verdict.ACCEPTED)
    review = review.looked_at(FILE, Part("src/code.py")).noted(FILE, Place(ADDED, 42), "good")
    moved = file_diff("top\n" + OLD, "top\n" + NEW.replace("ten", "10!"), "src/code.py")
    marks = review.marks([moved])
    first, second = moved.hunks
    assert marks.of("src/code.py", first.changes) is None
    assert marks.of("src/code.py", second.changes) is Verdict.ACCEPTED
    assert marks.is_reviewed("src/code.py", second.changes)
    assert not marks.is_reviewed("src/code.py", first.changes)
    assert marks.notes == {"src/code.py": {Place(ADDED, 43): ("good",)}}


def test_a_rerun_begins_with_what_was_looked_at_and_nothing_else() -> None:
    review = Review().looked_at(FILE, Part("src/code.py", FIRST))
    review = review.judged(FILE, Part("src/code.py"), Verdict.ACCEPTED).noted(FILE, None, "hm")
    marks = review.for_rerun().marks([FILE])
    assert marks.is_reviewed("src/code.py", FIRST)
    assert not marks.verdicts
    assert not marks.notes
    assert not marks.is_reviewed("src/code.py", SECOND)


@pytest.mark.parametrize(
    "place",
    [Place(ADDED, 42), Place(REMOVED, 41), Place(CONTEXT, 8), Place(CONTEXT, 38), Place(CONTEXT, 45), None],
)
def test_a_note_stands_at_any_line_and_an_empty_one_takes_it_away(place: Place | None) -> None:
    review = Review().noted(FILE, place, " a note ")
    assert review.marks([FILE]).notes == {"src/code.py": {place: ("a note",)}}
    assert review.noted(FILE, place, "another").marks([FILE]).notes["src/code.py"][place] == ("another",)
    assert review.noted(FILE, place, " ") == Review()


def test_a_note_on_a_line_that_does_not_differ_any_more_is_refused() -> None:
    with pytest.raises(Conflict):
        Review().noted(FILE, Place(ADDED, 5), "?")


def test_a_note_where_only_lines_went_keeps_its_line() -> None:
    gone = file_diff(OLD, OLD.replace("line 3\n", ""), "src/code.py", context=0)
    for place in (Place(REMOVED, 4), Place(CONTEXT, 3), Place(CONTEXT, 4)):
        assert Review().noted(gone, place, "x").marks([gone]).notes == {"src/code.py": {place: ("x",)}}


def test_a_binary_file_is_judged_whole_and_by_its_content() -> None:
    review = Review().judged(PICTURE, Part("logo.png"), Verdict.ACCEPTED)
    assert review.selection([PICTURE]).of(PICTURE) is None
    assert review.marks([PICTURE]).progress(PICTURE) == (1, 1)
    other = replace(PICTURE, new_id="3")
    assert review.selection([other]) == Selection()
    assert (
        review.looked_at(PICTURE, Part("logo.png")).for_rerun().marks([PICTURE]).is_reviewed("logo.png", ())
    )


def test_a_part_of_another_diff_is_refused() -> None:
    with pytest.raises(Conflict):
        Review().judged(FILE, Part("src/code.py", frozenset({Place(ADDED, 1)})), Verdict.ACCEPTED)


# The message


def test_nothing_rejected_and_nothing_noted_is_no_message() -> None:
    review = Review().judged(FILE, Part("src/code.py"), Verdict.ACCEPTED)
    assert feedback(review, [FILE]) == ""


def test_the_message_quotes_what_was_rejected_and_where_the_notes_are() -> None:
    review = Review().judged(FILE, Part("src/code.py", frozenset({Place(ADDED, 42)})), Verdict.REJECTED)
    review = review.noted(FILE, Place(ADDED, 11), "spell numbers").noted(FILE, None, "too much at once")
    review = review.judged(PICTURE, Part("logo.png"), Verdict.REJECTED)
    said = feedback(review, [FILE, PICTURE])
    assert "Rejected in `src/code.py`, at line 38:\n```diff\n line 37\n" in said
    assert "\n line forty\n+and more\n line 41\n" in said
    assert "-line 40" not in said
    assert "Note on `src/code.py`, line 11 (`line ten`): spell numbers" in said
    assert "Note on `src/code.py`: too much at once" in said
    assert "Rejected: the change of `logo.png`" in said


def test_a_fence_in_the_code_does_not_end_the_quotation() -> None:
    file = file_diff("", "```\n" + "x\n" * 200, "a.md")
    said = feedback(Review().judged(file, Part("a.md"), Verdict.REJECTED), [file])
    assert "````diff\n+```\n" in said
    assert said.rstrip().endswith("more lines\n````")


def test_what_was_sent_is_not_sent_again_and_says_so() -> None:
    review = Review().judged(FILE, Part("src/code.py", SECOND), Verdict.REJECTED)
    review = review.judged(PICTURE, Part("logo.png"), Verdict.REJECTED)
    review = review.noted(FILE, Place(ADDED, 11), "spell numbers").noted(FILE, None, "too much")
    sent = with_sent(review, review, [FILE, PICTURE])
    assert feedback(sent, [FILE, PICTURE]) == ""
    marks = sent.marks([FILE, PICTURE])
    assert marks.sent == {"src/code.py": {Place(ADDED, 11), None}}
    assert (marks.verdicts, marks.files) == (
        review.marks([FILE]).verdicts,
        {"logo.png": Verdict.REJECTED},
    )
    assert Review.from_dict(json.loads(json.dumps(sent.to_dict()))) == sent


def test_what_is_said_anew_is_sent_once_more() -> None:
    review = Review().judged(FILE, Part("src/code.py", SECOND), Verdict.REJECTED)
    review = review.noted(FILE, Place(ADDED, 11), "spell numbers")
    sent = with_sent(review, review, [FILE])
    noted = sent.noted(FILE, Place(ADDED, 11), "spell numbers")
    assert "spell numbers" in feedback(noted, [FILE])
    assert "Rejected" not in feedback(noted, [FILE])
    line = Part("src/code.py", frozenset({Place(ADDED, 42)}))
    rejected = feedback(sent.judged(FILE, line, Verdict.REJECTED), [FILE])
    assert "+and more" in rejected
    assert "spell numbers" not in rejected


def test_only_what_was_in_the_message_counts_as_sent() -> None:
    told = (
        Review()
        .noted(FILE, Place(ADDED, 11), "first")
        .judged(FILE, Part("src/code.py", FIRST), Verdict.ACCEPTED)
    )
    # Meanwhile, in another terminal.
    now = told.noted(FILE, Place(ADDED, 42), "second").judged(
        FILE, Part("src/code.py", FIRST), Verdict.REJECTED
    )
    said = feedback(with_sent(now, told, [FILE]), [FILE])
    assert "second" in said
    assert "Rejected" in said
    assert "first" not in said
    assert "first" in feedback(with_sent(now, told, []), [FILE])


def test_a_review_that_was_kept_before_notes_could_be_sent_is_read() -> None:
    review = Review().noted(FILE, Place(ADDED, 11), "old")
    data = review.to_dict()
    for marks in data.values():
        for mark in marks.values():
            mark["notes"] = [note[:2] for note in mark["notes"]]
    assert Review.from_dict(data) == review
