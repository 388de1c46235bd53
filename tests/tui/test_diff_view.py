"""The diff view: what it shows of a diff, what stays under the cursor, and what it says a person decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.message import Message
from textual.pilot import Pilot

from paracle.app.domain.diffs import ADDED, CONTEXT, REMOVED, FileDiff, Place
from paracle.app.domain.review import Part, Review, Verdict
from paracle.widgets.diff_view import DiffView
from tests.support.diffing import file_diff
from tests.tui.hosting import MIDDLE, SIZES, SMALL, Host, shown

OLD = "".join(f"line {number}\n" for number in range(60))
NEW = OLD.replace("line 10\n", "line ten\n").replace("line 40\n", "line forty\nand more\n")
CODE = file_diff(OLD, NEW, "src/code.py")
NOTES = file_diff("a\nb\n", "a\nc\n", "NOTES.md")
PICTURE = FileDiff("logo.png", "logo.png", "M", "100644", "100644", is_binary=True)
FILES = (CODE, NOTES, PICTURE)


class Listening(Host):
    """Keeps what the view says."""

    def on_diff_view_accepted(self, message: DiffView.Accepted) -> None:
        self.hear(message)

    def on_diff_view_rejected(self, message: DiffView.Rejected) -> None:
        self.hear(message)

    def on_diff_view_reviewed(self, message: DiffView.Reviewed) -> None:
        self.hear(message)

    def on_diff_view_note_wanted(self, message: DiffView.NoteWanted) -> None:
        self.hear(message)

    def on_diff_view_look_wanted(self, message: DiffView.LookWanted) -> None:
        self.hear(message)

    def on_diff_view_search_wanted(self, message: DiffView.SearchWanted) -> None:
        self.hear(message)

    def on_diff_view_edit_wanted(self, message: DiffView.EditWanted) -> None:
        self.hear(message)

    @property
    def view(self) -> DiffView:
        return self.query_one(DiffView)

    def last(self) -> Message:
        return self.heard[-1]


@asynccontextmanager
async def opened(
    *files: FileDiff, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[Listening, Pilot[None]]]:
    app = Listening(DiffView())
    async with app.run_test(size=size) as pilot:
        app.view.focus()
        app.view.show(files or FILES)
        await pilot.pause()
        yield app, pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def line(app: Listening, words: str) -> str:
    """The first line on the screen with some words."""
    return next(found for found in shown(app).splitlines() if words in found)


# What is shown


@pytest.mark.parametrize("size", SIZES)
async def test_old_and_new_lines_are_shown_with_their_numbers(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, _):
        assert "src/code.py" in line(app, "M src")
        assert "+3 −2" in line(app, "M src")
        assert "hunk 1 of 2" in line(app, "@@ -8 +8 @@")
        if app.view.is_split:
            assert line(app, "line ten").split() == ["11", "-", "line", "10", "│", "11", "+", "line", "ten"]
        else:
            assert line(app, "line 10").split() == ["11", "-", "line", "10"]
            assert line(app, "line ten").split() == ["11", "+", "line", "ten"]


async def test_a_wide_view_is_side_by_side_and_v_makes_it_unified() -> None:
    async with opened(size=MIDDLE) as (app, pilot):
        assert line(app, "and more").split() == ["│", "42", "+", "and", "more"]
        assert line(app, "line 42").split() == ["43", "line", "42", "│", "44", "line", "42"]
        await press(pilot, "v")
        assert line(app, "line 42").split() == ["43", "44", "line", "42"]


async def test_what_happened_besides_lines_is_said() -> None:
    blank = replace(PICTURE, is_binary=False)
    async with opened(
        PICTURE,
        replace(blank, new_path="run.sh", new_mode="100755"),
        replace(blank, new_path="moved", status="R", similarity=100),
        replace(blank, new_path="empty", status="A", old_mode="000000"),
        replace(blank, new_path="spaces"),
        replace(file_diff("a", "b", "link"), old_mode="120000", new_mode="120000"),
        replace(file_diff("", "b", "now a link"), status="T", new_mode="120000"),
    ) as (app, pilot):
        assert "accepted whole, or not at all" in shown(app)
        assert "mode 100644 → 100755 (can be run now)" in shown(app)
        assert "renamed from logo.png, unchanged" in shown(app)
        assert "an empty file" in shown(app)
        assert "only white space differs" in shown(app)
        await press(pilot, "G")
        assert "a symbolic link: the line is where it leads" in shown(app)
        assert "was a file, is a symbolic link" in shown(app)
        assert "no line end" in shown(app)


async def test_hostile_text_is_shown_as_text() -> None:
    hostile = file_diff("a\n", "[red]x[/] \x1b[31m\u202e\udcff\tend\r\n", "na[b]me\n\x1b.py")
    async with opened(hostile) as (app, _):
        assert "[red]x[/]" in shown(app)
        assert "␛[31m" in shown(app)
        assert "end␍" in shown(app)
        assert "na[b]me" in shown(app)
        assert "\x1b" not in shown(app)
        assert "\u202e" not in shown(app)


async def test_a_line_of_a_million_characters_can_be_moved_sideways() -> None:
    async with opened(file_diff("x\n", "start " + "y" * 1_000_000 + "\n")) as (app, pilot):
        assert "start y" in shown(app)
        await press(pilot, "right")
        assert "start" not in shown(app)
        await press(pilot, "left")
        assert "start y" in shown(app)


async def test_no_difference_is_said() -> None:
    app = Listening(DiffView())
    async with app.run_test(size=SMALL) as pilot:
        app.view.focus()
        await press(pilot, "down", "space", "J", "c", "G", "greater_than_sign")
        assert "Nothing differs here." in shown(app)
        assert app.view.why_not("judge") == "nothing differs"
        assert app.heard == []


# Moving


async def test_keys_move_by_hunk_and_by_file_and_the_border_tells_where() -> None:
    async with opened() as (app, pilot):
        places = []
        for key in ("J", "J", "J", "f", "K", "F", "F"):
            await press(pilot, key)
            assert app.view.file is not None
            places.append((app.view.file.path, app.view.hunk_number))
        assert places == [
            ("src/code.py", 0),
            ("src/code.py", 1),
            ("NOTES.md", 0),
            ("logo.png", -1),
            ("NOTES.md", 0),
            ("NOTES.md", -1),
            ("src/code.py", -1),
        ]
        assert app.view.border_title == "src/code.py"
        await press(pilot, "J")
        assert app.view.border_subtitle == "hunk 1 of 2"


async def test_the_cursor_stays_on_its_line_when_the_picture_changes() -> None:
    async with opened() as (app, pilot):
        place = Place(ADDED, 42)
        app.view.go_to("src/code.py", place)
        await press(pilot, "v")
        assert app.view.place == place
        app.view.show(
            (file_diff("top\n", "new\n", "above.py"), file_diff(OLD, NEW, "src/code.py", context=9))
        )
        await pilot.pause()
        assert app.view.place == place
        await pilot.resize_terminal(140, 30)
        await pilot.pause()
        assert app.view.is_split
        assert app.view.place == place
        assert "and more" in shown(app)


async def test_a_note_that_appears_leaves_the_cursor_where_it_is() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("src/code.py", Place(ADDED, 42))
        app.view.marks = Review().noted(CODE, Place(ADDED, 11), "why ten?\nsay it").marks(FILES)
        await pilot.pause()
        assert app.view.place == Place(ADDED, 42)
        assert "✎ why ten?" in shown(app)
        assert "✎ say it" in shown(app)


async def test_a_note_on_a_line_that_is_out_of_sight_stands_at_the_file() -> None:
    tight = file_diff(OLD, NEW, "src/code.py", context=0)
    async with opened(tight) as (app, pilot):
        app.view.marks = Review().noted(CODE, Place(CONTEXT, 9), "here").marks([CODE])
        await pilot.pause()
        assert "✎ line 9: here" in shown(app)


# Searching


async def test_what_is_searched_for_is_found_forwards_and_backwards() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "slash")
        assert isinstance(app.last(), DiffView.SearchWanted)
        app.view.needle = "LINE T"
        await pilot.pause()
        assert app.view.place == Place(ADDED, 11)
        app.view.needle = "line 4"
        await press(pilot, "greater_than_sign", "less_than_sign", "less_than_sign")
        assert app.view.place == Place(CONTEXT, 45)


async def test_what_is_nowhere_leaves_the_cursor() -> None:
    async with opened() as (app, pilot):
        app.view.needle = "no such words"
        await pilot.pause()
        assert app.view.place is None
        assert app.view.why_not("found") == ""


# Deciding


async def test_space_accepts_the_hunk_and_minus_rejects_it() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "J", "space")
        said = app.last()
        assert isinstance(said, DiffView.Accepted)
        assert (said.part, said.undo) == (Part("src/code.py", frozenset(CODE.hunks[0].changes)), False)
        await press(pilot, "J", "minus")
        said = app.last()
        assert isinstance(said, DiffView.Rejected)
        assert said.part == Part("src/code.py", frozenset(CODE.hunks[1].changes))


async def test_the_same_key_again_takes_it_back() -> None:
    async with opened() as (app, pilot):
        part = Part("src/code.py", frozenset(CODE.hunks[0].changes))
        app.view.marks = Review().judged(CODE, part, Verdict.ACCEPTED).marks(FILES)
        await press(pilot, "J", "space")
        said = app.last()
        assert isinstance(said, DiffView.Accepted)
        assert said.undo
        await press(pilot, "minus")
        said = app.last()
        assert isinstance(said, DiffView.Rejected)
        assert not said.undo


async def test_on_a_files_name_the_whole_file_is_meant() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "space")
        said = app.last()
        assert isinstance(said, DiffView.Accepted)
        assert said.part == Part("src/code.py")
        await press(pilot, "J", "down", "a")
        said = app.last()
        assert isinstance(said, DiffView.Accepted)
        assert said.part == Part("src/code.py")
        app.view.go_to("logo.png")
        await press(pilot, "minus")
        said = app.last()
        assert isinstance(said, DiffView.Rejected)
        assert said.part == Part("logo.png")


async def test_selected_lines_are_accepted_without_the_others() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("src/code.py", Place(REMOVED, 41))
        await press(pilot, "l", "down", "space")
        said = app.last()
        assert isinstance(said, DiffView.Accepted)
        assert said.part == Part("src/code.py", frozenset({Place(REMOVED, 41), Place(ADDED, 41)}))
        assert not app.view.selecting


async def test_selecting_ends_at_the_hunk_and_escape_leaves_it() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("src/code.py", Place(ADDED, 41))
        await press(pilot, "l", *["down"] * 20)
        assert app.view.file == CODE
        assert app.view.place == Place(CONTEXT, 45)
        await press(pilot, "escape", "down")
        assert not app.view.selecting
        assert app.view.place is None


async def test_lines_that_did_not_change_cannot_be_accepted() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("src/code.py", Place(CONTEXT, 8))
        await press(pilot, "l", "space")
        assert app.heard == []


async def test_a_key_that_cannot_act_says_why() -> None:
    async with opened() as (app, _):
        assert app.view.why_not("lines") == "the cursor is on no line"
        app.view.go_to("logo.png")
        assert app.view.why_not("lines") == "this file can only be taken whole"
        assert app.view.why_not("stop_lines") == "no lines are selected"
        assert app.view.why_not("found") == "nothing is searched for"


async def test_the_steps_that_wrote_a_hunk_stand_at_its_head() -> None:
    first, second = CODE.keys
    steps = {first: ((3, "write_file"),), second: ((5, "edit_file"), (8, "edit_file"), (9, "run_command"))}
    async with opened(CODE) as (app, pilot):
        app.view.steps = {CODE.path: steps}
        await pilot.pause()
        assert "step 3 write_file  hunk 1 of 2" in line(app, "@@ -8 ")
        app.view.go_to(CODE.path, hunk=1)
        await pilot.pause()
        assert "steps 5, 8, 9 edit_file run_command  hunk 2 of 2" in line(app, "@@ -38 ")
        app.view.steps = {CODE.path: {second: tuple((number, "write_file") for number in range(2, 90))}}
        await pilot.pause()
        assert "steps 2, …, 89 write_file  hunk 2 of 2" in line(app, "@@ -38 ")


async def test_where_there_is_no_room_for_the_steps_the_hunk_keeps_its_number() -> None:
    async with opened(CODE, size=(36, 24)) as (app, pilot):
        app.view.steps = {CODE.path: {key: ((3, "write_file"),) for key in CODE.keys}}
        await pilot.pause()
        assert "hunk 1 of 2" in line(app, "@@ -8")
        assert "step 3" not in shown(app)


async def test_what_is_for_looking_only_can_be_walked_through_and_not_decided() -> None:
    async with opened() as (app, pilot):
        app.view.read_only = "it is another diff"
        for action in ("judge", "lines", "accept_file", "note", "review"):
            assert app.view.why_not(action) == "it is another diff"
        await press(pilot, "J", "space", "minus", "a", "l", "c", "r")
        assert app.heard == []
        assert app.view.hunk_number == 0
        assert not app.view.selecting


async def test_a_file_that_one_goes_to_is_shown_with_its_changes() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("NOTES.md")
        await pilot.pause()
        assert "+ c" in shown(app)


async def test_verdicts_are_shown_by_glyph_and_word() -> None:
    first, second = CODE.hunks
    review = Review().judged(CODE, Part("src/code.py", frozenset(first.changes)), Verdict.ACCEPTED)
    review = review.judged(CODE, Part("src/code.py", frozenset(second.changes[:1])), Verdict.REJECTED)
    review = review.looked_at(CODE, Part("src/code.py", frozenset(first.changes)))
    async with opened() as (app, pilot):
        app.view.marks = review.judged(PICTURE, Part("logo.png"), Verdict.REJECTED).marks(FILES)
        await pilot.pause()
        assert "1/2 decided" in line(app, "M src")
        assert "✓ accepted  ◉ reviewed" in line(app, "hunk 1 of 2")
        assert line(app, "line ten").split()[0] == "✓"
        assert "◐ in part" in line(app, "hunk 2 of 2")
        await press(pilot, "G")
        assert "✗ rejected" in line(app, "M logo.png")


async def test_r_says_that_a_hunk_was_reviewed() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "J", "r")
        said = app.last()
        assert isinstance(said, DiffView.Reviewed)
        assert (said.part.places, said.reviewed) == (frozenset(CODE.hunks[0].changes), True)
        app.view.marks = Review().looked_at(CODE, said.part).marks(FILES)
        await press(pilot, "r")
        said = app.last()
        assert isinstance(said, DiffView.Reviewed)
        assert not said.reviewed


async def test_a_note_and_an_editor_are_asked_for_at_a_line() -> None:
    async with opened() as (app, pilot):
        app.view.go_to("src/code.py", Place(ADDED, 42))
        await press(pilot, "c")
        said = app.last()
        assert isinstance(said, DiffView.NoteWanted)
        assert (said.path, said.place, said.texts) == ("src/code.py", Place(ADDED, 42), ())
        await press(pilot, "e")
        edit = app.last()
        assert isinstance(edit, DiffView.EditWanted)
        assert (edit.path, edit.line) == ("src/code.py", 42)
        app.view.go_to("src/code.py", Place(REMOVED, 11))
        await press(pilot, "e")
        edit = app.last()
        assert isinstance(edit, DiffView.EditWanted)
        assert edit.line == 10


async def test_context_and_white_space_are_asked_for() -> None:
    async with opened() as (app, pilot):
        await press(pilot, "z")
        said = app.last()
        assert isinstance(said, DiffView.LookWanted)
        assert (said.context, said.ignore_whitespace) == (10, False)
        app.view.context = 10
        await press(pilot, "Z", "w")
        first, second = app.heard[-2:]
        assert isinstance(first, DiffView.LookWanted)
        assert isinstance(second, DiffView.LookWanted)
        assert first.context == 3
        assert (second.context, second.ignore_whitespace) == (10, True)


async def test_marks_of_a_diff_with_usual_context_are_shown_with_any() -> None:
    part = Part("src/code.py", frozenset(CODE.hunks[1].changes))
    marks = Review().judged(CODE, part, Verdict.ACCEPTED).marks([CODE])
    async with opened(file_diff(OLD, NEW, "src/code.py", context=40)) as (app, pilot):
        app.view.marks = marks
        app.view.go_to("src/code.py", Place(ADDED, 42))
        await pilot.pause()
        assert line(app, "and more").split()[0] in "▌✓"
        assert "✓" in line(app, "and more")
