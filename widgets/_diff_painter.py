"""Rows of a diff as strips: gutters, signs, colours of syntax, of words that differ and of what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..app.domain.diff_words import word_changes
from ..app.domain.diffs import ADDED, CONTEXT, REMOVED, FileDiff, Line
from ..app.domain.review import Marks, Verdict
from ._cells import fit
from ._diff_rows import NONE, Kind, Row, Rows, Steps, counts, hunk_words, steps_words
from ._diff_syntax import Span, Syntax, code_of
from ._ink import ink
from ._plain import plain_line

if TYPE_CHECKING:
    from textual.widget import Widget

LOOKS = ("comment", "keyword", "name", "number", "string")
CLASSES = {
    f"diff-view--{name}"
    for name in (
        *LOOKS, "accepted", "added", "added-word", "cursor", "file", "gutter", "hunk", "match", "note",
        "quiet", "rejected", "removed", "removed-word", "selected",
    )
}  # fmt: skip
SIGNS = {ADDED: "+", REMOVED: "-", CONTEXT: " "}
GLYPHS = {Verdict.ACCEPTED: "✓", Verdict.REJECTED: "✗"}
BOTH_NUMBERS_FROM = 60
"""Narrower than this, a unified line has one number."""
KEPT = 64
"""Rows kept as they were drawn: a screen of them. With more, garbage collections come more often."""
COMBINING = 64
"""Characters of no width that a line in view may have."""
NO_END = "  ⊘ no line end"


class State(NamedTuple):
    """How a row stands out."""

    cursor: bool = False
    selected: bool = False


class Painter:
    """Draws rows for one width; what it drew is kept until :meth:`forget`."""

    def __init__(self, widget: Widget, syntax: Syntax) -> None:
        self._widget = widget
        self._syntax = syntax
        self._rows = Rows()
        self._marks = Marks()
        self._width = 0
        self._shift = 0
        self._needle = ""
        self._steps: Steps = {}
        self._strip = lru_cache(maxsize=KEPT)(self._draw)
        self._ink = lru_cache(maxsize=64)(lambda look: ink(widget, f"diff-view--{look}"))
        self._full = lru_cache(maxsize=64)(self._full_style)
        self._plain = lru_cache(maxsize=8)(self._line_style)
        # Each side of a pair of lines asks for what differs between the two.
        self._words_of = lru_cache(maxsize=KEPT)(word_changes)

    def look_at(self, rows: Rows, marks: Marks, steps: Steps, *, width: int, shift: int, needle: str) -> None:
        """Draw other rows, or the same ones in another way."""
        self._rows, self._marks, self._steps = rows, marks, steps
        self._width, self._shift, self._needle = width, shift, needle.casefold()
        self._strip.cache_clear()

    def forget(self) -> None:
        """The colours have changed."""
        for kept in (self._strip, self._ink, self._full, self._plain):
            kept.cache_clear()

    def strip(self, at: int, state: State) -> Strip:
        """One row."""
        return self._strip(at, state)

    def quiet(self, text: str, width: int) -> Segment:
        """Words where there are no rows."""
        return Segment(fit(text, width), self._full("quiet", False))

    @property
    def code_width(self) -> int:
        """Cells that code has on each side."""
        return max(1, self._side - self._gutter)

    # Rows

    def _draw(self, at: int, state: State) -> Strip:
        row = self._rows.rows[at]
        match row.kind:
            case Kind.LINE if self._rows.split:
                strip = self._pair(row, state)
            case Kind.LINE:
                strip = self._unified(row, state)
            case Kind.FILE:
                strip = self._file(row, state)
            case Kind.HUNK:
                strip = self._hunk(row, state)
            case Kind.NOTE:
                strip = self._words(f"  ✎ {self._rows.texts[row.left]}", "note", state)
            case Kind.SAID:
                strip = self._words(f"    {self._rows.texts[row.left]}", "quiet", state)
            case Kind.GAP:
                strip = self._words("", "quiet", state)
        return strip

    def _file(self, row: Row, state: State) -> Strip:
        file = self._rows.file_of(row)
        decided, total = self._marks.progress(file)
        words = {0: ""}.get(decided, f"{decided}/{total} decided")
        if given := self._file_verdict(file):
            words = f"{GLYPHS[given]} {given}"
        if file.path in self._marks.reviewed and self._marks.is_reviewed(file.path, file.changes):
            words = f"{words}  ◉ reviewed".strip()
        right = "  ".join(filter(None, (words, counts(file)))) + " "
        left = f"{file.status} {plain_line(file.path)}"
        return self._bar(left, right, "file", state)

    def _file_verdict(self, file: FileDiff) -> Verdict | None:
        if not file.is_divisible:
            return self._marks.files.get(file.path)
        # Asked first: the places of all changes in a large file are many objects.
        return self._marks.of(file.path, file.changes) if file.path in self._marks.verdicts else None

    def _hunk(self, row: Row, state: State) -> Strip:
        file, hunk = self._rows.file_of(row), self._rows.hunk_of(row)
        assert hunk is not None
        verdicts = self._marks.verdicts.get(file.path, {})
        given = self._marks.of(file.path, hunk.changes) if verdicts else None
        words = f"{GLYPHS[given]} {given}" if given else ""
        if verdicts and not given and any(place in verdicts for place in hunk.changes):
            words = "◐ in part"
        if file.path in self._marks.reviewed and self._marks.is_reviewed(file.path, hunk.changes):
            words = f"{words}  ◉ reviewed".strip()
        left = f"  @@ -{hunk.old_start} +{hunk.new_start} @@ {plain_line(hunk.section)}"
        right = f"{words}  {hunk_words(file, row.hunk)} "
        # Names of hunks are hashes of what they hold: asked for only where they are known already.
        known = self._steps.get(file.path)
        if known and (told := steps_words(known.get(file.keys[row.hunk], ()))):
            longer = f"{words}  {told}  {hunk_words(file, row.hunk)} "
            right = longer if len(longer) < self._width * 2 // 3 else right
        return self._bar(left, right, "hunk", state, right_look=str(given or "hunk"))

    def _bar(self, left: str, right: str, look: str, state: State, *, right_look: str = "") -> Strip:
        style = self._full(look, state.cursor)
        room = max(0, self._width - 2)
        right = right if len(right) < room - 12 else ""
        other = style + self._ink(right_look) if right_look else style
        words = fit(left, max(0, room - len(right)))
        return self._cut(
            [Segment(self._bar_sign(state), style), Segment(words, style), Segment(right, other)]
        )

    def _words(self, text: str, look: str, state: State) -> Strip:
        style = self._full(look, state.cursor)
        return self._cut([Segment(self._bar_sign(state) + fit(text, max(0, self._width - 2)), style)])

    def _cut(self, segments: list[Segment]) -> Strip:
        strip = Strip(segments)
        return strip.crop(0, self._width) if strip.cell_length > self._width else strip

    # Lines

    def _unified(self, row: Row, state: State) -> Strip:
        hunk = self._rows.hunk_of(row)
        assert hunk is not None
        line = hunk.line(row.left)
        other = hunk.line(row.right) if row.right != NONE else None
        numbers: tuple[int | None, ...] = (line.old_no, line.new_no)
        if not self._both:
            numbers = (line.new_no if line.new_no is not None else line.old_no,)
        gutter = self._gutter_of(row, line, numbers, state)
        code = self._code(row, row.left, line, other, self._width - self._gutter)
        return Strip([*gutter, *code], self._width)

    def _pair(self, row: Row, state: State) -> Strip:
        hunk = self._rows.hunk_of(row)
        assert hunk is not None
        left = hunk.line(row.left) if row.left != NONE else None
        right = hunk.line(row.right) if row.right != NONE else None
        rest = self._width - self._side - 1
        return Strip(
            [
                *self._half(row, row.left, left, right, self._side, state, is_left=True),
                Segment("│", self._full("gutter", False)),
                *self._half(row, row.right, right, left, rest, state, is_left=False),
            ],
            self._width,
        )

    def _half(
        self,
        row: Row,
        index: int,
        line: Line | None,
        other: Line | None,
        width: int,
        state: State,
        *,
        is_left: bool,
    ) -> list[Segment]:
        if line is None:
            sign = self._bar_sign(state)[0] if is_left else " "
            return [Segment(sign.ljust(width), self._full("gutter", state.cursor))]
        number = line.old_no if is_left else line.new_no
        gutter = self._gutter_of(row, line, (number,), state, bar=is_left)
        return [*gutter, *self._code(row, index, line, other, width - self._gutter)]

    def _gutter_of(
        self, row: Row, line: Line, numbers: Iterable[int | None], state: State, *, bar: bool = True
    ) -> list[Segment]:
        path = self._rows.file_of(row).path
        given = self._marks.verdicts.get(path, {}).get(line.place) if line.kind != CONTEXT else None
        digits = self._digits
        style = self._full("selected" if state.selected else "gutter", state.cursor)
        shown = " ".join(" " * digits if number is None else f"{number:>{digits}}" for number in numbers)
        base = self._plain(line.kind)
        sign = (
            base if line.kind == CONTEXT else base + self._ink("added" if line.kind == ADDED else "removed")
        )
        edge = self._bar_sign(state)[0] if bar else " "
        if not given:
            return [Segment(f"{edge}  {shown} ", style), Segment(f"{SIGNS[line.kind]} ", sign)]
        return [
            Segment(edge, style),
            Segment(f"{GLYPHS[given]} ", style + self._ink(str(given))),
            Segment(f"{shown} ", style),
            Segment(f"{SIGNS[line.kind]} ", sign),
        ]

    def _code(self, row: Row, index: int, line: Line, other: Line | None, room: int) -> list[Segment]:
        """A line's text in exactly ``room`` cells."""
        text = code_of(line)
        spans: list[Span] = list(self._syntax.spans(self._rows.file_of(row), row.file, row.hunk, index))
        if other is not None and {line.kind, other.kind} == {ADDED, REMOVED}:
            spans += self._differing(line, text, code_of(other))
        if self._needle:
            spans += self._found(text)
        base = self._plain(line.kind)
        # Only what is in view: in a minified file a line may have as many pieces as others have letters.
        in_view = text[: self._shift + max(0, room) + COMBINING]
        segments = self._painted(in_view, [span for span in spans if span[0] < len(in_view)], base)
        if line.no_newline and len(in_view) == len(text):
            segments.append(Segment(NO_END, base + self._ink("quiet")))
        blank = room - sum(segment.cell_length for segment in segments)
        if self._shift or blank < 0:
            strip = Strip(segments).crop(self._shift, self._shift + max(0, room))
            return list(strip.adjust_cell_length(max(0, room), base))
        return [*segments, Segment(" " * blank, base)] if blank else segments

    def _differing(self, line: Line, text: str, other: str) -> list[Span]:
        if line.kind == REMOVED:
            return [(a, b, "removed-word") for a, b in self._words_of(text, other)[0]]
        return [(a, b, "added-word") for a, b in self._words_of(other, text)[1]]

    def _found(self, text: str) -> list[Span]:
        folded, spans, at = text.casefold(), [], 0
        if len(folded) != len(text):  # a letter that folds to two would shift what follows
            folded = text.lower() if len(text.lower()) == len(text) else text
        while (at := folded.find(self._needle, at)) >= 0:
            spans.append((at, at + len(self._needle), "match"))
            at += len(self._needle)
        return spans

    def _painted(self, text: str, spans: Sequence[Span], base: Style) -> list[Segment]:
        """Text in pieces of one style each; where spans overlap the later one wins."""
        if not spans:
            return [Segment(text, base)]
        size = len(text)
        edges = sorted({0, size, *(min(edge, size) for span in spans for edge in span[:2])})
        number = {edge: at for at, edge in enumerate(edges)}
        styles = [base] * (len(edges) - 1)
        for first, end, look in spans:
            for at in range(number[min(first, size)], number[min(end, size)]):
                styles[at] += self._span_style(look)
        segments: list[Segment] = []
        begun, last = 0, base
        for first, style in zip(edges, styles, strict=False):
            if style != last:
                if first > begun:
                    segments.append(Segment(text[begun:first], last))
                begun, last = first, style
        segments.append(Segment(text[begun:], last))
        return segments

    # Styles and measures

    def _span_style(self, look: str) -> Style:
        return self._ink(look) if look in LOOKS else self._full(look, False)

    def _line_style(self, kind: str) -> Style:
        names = {ADDED: "added", REMOVED: "removed", CONTEXT: ""}
        look = names[kind]
        style = self._full(look, False)
        # The colour is for the sign; code has those of its syntax.
        return Style(bgcolor=style.bgcolor, color=self._full("", False).color) if look else style

    def _full_style(self, look: str, is_cursor: bool) -> Style:
        names = [f"diff-view--{look}"] if look else []
        if is_cursor:
            names.append("diff-view--cursor")
        return self._widget.get_visual_style(*names).rich_style

    @staticmethod
    def _bar_sign(state: State) -> str:
        return "▌ " if state.cursor else "┃ " if state.selected else "  "

    @property
    def _digits(self) -> int:
        return max(2, len(str(self._rows.biggest)))

    @property
    def _both(self) -> bool:
        return not self._rows.split and self._width >= BOTH_NUMBERS_FROM

    @property
    def _side(self) -> int:
        return (self._width - 1) // 2 if self._rows.split else self._width

    @property
    def _gutter(self) -> int:
        return 6 + self._digits * (2 if self._both else 1) + (1 if self._both else 0)
