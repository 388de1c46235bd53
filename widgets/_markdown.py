"""Markdown as blocks that can be drawn at any width, without a widget for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from markdown_it.token import Token

KEPT = 16
"""Texts whose blocks are kept, so that a thread can read one before the screen draws it."""

QUIET = "$foreground-muted"
HEADINGS = (
    "bold $primary",
    "underline $primary",
    "bold $primary",
    "bold underline",
    "bold",
    f"bold {QUIET}",
)
INLINE = {
    "strong": "bold",
    "em": "italic",
    "s": "strike",
    "link": "underline $text-accent",
    "code": "$text-warning on $warning 10%",
}
BULLETS = "•▪‣"
LEAST_COLUMN = 4
EMPTY = Content()


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines of one kind.

    ``first`` stands before its first line and ``rest`` before the others; ``gap`` says that an empty
    line is above it. ``rows`` are those of a table, which has no ``words``.
    """

    words: Content
    first: Content = EMPTY
    rest: Content = EMPTY
    gap: bool = True
    is_code: bool = False
    is_rule: bool = False
    rows: tuple[tuple[Content, ...], ...] = ()

    def lines(self, width: int) -> list[Content]:
        """The lines at a width in cells."""
        room = max(1, width - self.rest.cell_length)
        if self.is_rule:
            lines = [Content.styled("─" * room, QUIET)]
        elif self.rows:
            lines = _table(self.rows, room)
        elif self.is_code:
            lines = [part for line in self.words.split("\n", allow_blank=True) for part in line.fold(room)]
        else:
            lines = self.words.wrap(room)
        return [
            (self.rest if number else self.first) + line.rstrip_end(room) for number, line in enumerate(lines)
        ]


@lru_cache(maxsize=KEPT)
def blocks_of(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text. Takes about a millisecond a kilobyte; may be called in a thread."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return tuple(_Reader(parser.parse(text)).read())


class _Reader:
    """Goes through the tokens once, and knows the lists and quotes that it is in."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = iter(tokens)
        self._indents: list[Content] = []
        self._lists: list[int | None] = []
        self._mark: Content | None = None
        self._gap_is_due = False

    def read(self) -> Iterator[Block]:
        for token in self._tokens:
            match token.type:
                case "heading_open":
                    words = _inline(next(self._tokens))
                    yield self._block(words.stylize_before(HEADINGS[int(token.tag[1]) - 1]))
                case "paragraph_open":
                    yield self._block(_inline(next(self._tokens)), is_tight=token.hidden)
                case "fence" | "code_block":
                    yield replace(self._block(_code(token)), is_code=True)
                case "html_block":
                    yield self._block(Content.styled(token.content.rstrip("\n"), QUIET))
                case "hr":
                    yield replace(self._block(Content()), is_rule=True)
                case "table_open":
                    yield replace(self._block(Content()), rows=self._rows())
                case _:
                    self._nest(token)

    def _nest(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._gap_is_due = self._gap_is_due or not self._lists
            case "list_item_open":
                self._begin_item()
            case "blockquote_open":
                self._indents.append(Content.styled("▌ ", "$text-primary 50%"))
            case "list_item_close" | "blockquote_close":
                self._indents.pop()
                self._mark = None

    def _begin_item(self) -> None:
        number = self._lists[-1]
        if number is None:
            depth = sum(each is None for each in self._lists) - 1
            mark = f"{BULLETS[depth % len(BULLETS)]} "
        else:
            mark = f"{number}. "
            self._lists[-1] = number + 1
        # An item that begins with a list of its own has both marks on one line.
        before = self._mark if self._mark is not None else Content().join(self._indents)
        self._mark = before + Content.styled(mark, "bold $text-primary")
        self._indents.append(Content(" " * len(mark)))

    def _block(self, words: Content, *, is_tight: bool = False) -> Block:
        rest = Content().join(self._indents)
        first, self._mark = self._mark if self._mark is not None else rest, None
        gap, self._gap_is_due = self._gap_is_due, not is_tight
        return Block(words, first, rest, gap)

    def _rows(self) -> tuple[tuple[Content, ...], ...]:
        rows: list[list[Content]] = []
        style = "bold"
        for token in self._tokens:
            match token.type:
                case "table_close":
                    break
                case "thead_close":
                    style = ""
                case "tr_open":
                    rows.append([])
                case "inline":
                    rows[-1].append(_inline(token).stylize_before(style))
        return tuple(tuple(row) for row in rows)


def _inline(token: Token) -> Content:
    parts: list[Content] = []
    styles: list[str] = []
    for child in token.children or ():
        name = child.type.removesuffix("_open")
        words = child.content
        match child.type:
            case "strong_open" | "em_open" | "s_open" | "link_open":
                styles.append(INLINE[name])
                continue
            case "strong_close" | "em_close" | "s_close" | "link_close":
                styles.pop()
                continue
            case "softbreak":
                words = " "
            case "hardbreak":
                words = "\n"
            case "image":
                words = f"[{words}]"
        content = Content(words)
        if child.type == "code_inline":
            content = content.stylize(INLINE["code"])
        for style in reversed(styles):
            content = content.stylize_before(style)
        parts.append(content)
    return Content("").join(parts)


def _code(token: Token) -> Content:
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    text = token.content.rstrip("\n")
    if not language:
        return Content(text)
    from textual.highlight import highlight

    return highlight(text, language=language)


def _table(rows: tuple[tuple[Content, ...], ...], width: int) -> list[Content]:
    columns = _columns(rows, width)
    lines: list[Content] = []
    for number, row in enumerate(rows):
        cells = [cell.wrap(room) for cell, room in zip(row, columns, strict=False)]
        for parts in zip_longest(*cells, fillvalue=Content()):
            fitted = [
                part.rstrip_end(room).pad_right(max(0, room - part.rstrip_end(room).cell_length))
                for part, room in zip(parts, columns, strict=False)
            ]
            lines.append(Content("  ").join(fitted))
        if number == 0:
            lines.append(Content.styled("  ".join("─" * room for room in columns), QUIET))
    return lines


def _columns(rows: tuple[tuple[Content, ...], ...], width: int) -> list[int]:
    """Widths in cells: as wide as the words, and where that is too wide the widest give way."""
    count = len(rows[0])
    columns = [
        max(LEAST_COLUMN, *(row[index].cell_length for row in rows if index < len(row)))
        for index in range(count)
    ]
    room = max(LEAST_COLUMN * count, width - 2 * (count - 1))
    while (surplus := sum(columns) - room) > 0:
        widest = max(columns)
        below = max((each for each in columns if each < widest), default=LEAST_COLUMN)
        many = columns.count(widest)
        target = max(below, LEAST_COLUMN, widest - -(-surplus // many))
        columns = [target if each == widest else each for each in columns]
    return columns
