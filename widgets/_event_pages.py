"""The part of a long run of events that a log keeps at hand, and which line each event stands on.

Events are kept in pages and the least recently used page is dropped, so memory does not grow with the
run. An event takes one line until it is laid out; then the page knows how many more it takes. Only
pages at hand have such extra lines, so finding a line looks at a handful of pages, never at the run.
A dropped page counts one line an event again: whoever scrolls must hold on to a row, not to a number.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from ..app.domain.events import Event

PAGE = 256
"""Events a page."""

PAGES = 16
"""Pages kept. A screen needs two or three; the others make scrolling back and forth free."""

Lines = tuple[str, ...]
LayOut = Callable[[Event], Lines]


class _Page:
    """Up to PAGE events; ``lines`` of those laid out, ``tall`` the extra lines of those that wrap."""

    __slots__ = ("events", "extra", "lines", "tall")

    def __init__(self) -> None:
        self.events: list[Event | None] = [None] * PAGE
        self.forget()

    def forget(self) -> None:
        self.lines: dict[int, Lines] = {}
        self.tall: dict[int, int] = {}
        self.extra = 0

    def extra_before(self, offset: int) -> int:
        return sum(extra for place, extra in self.tall.items() if place < offset)


class EventPages:
    """Events by ``seq`` (from 1) and lines (from 0). ``end`` is the last event that has a line."""

    def __init__(self, lay_out: LayOut) -> None:
        self.end = 0
        self.received = 0
        self._lay_out = lay_out
        self._pages: OrderedDict[int, _Page] = OrderedDict()

    @property
    def count(self) -> int:
        """Pages at hand."""
        return len(self._pages)

    @property
    def total(self) -> int:
        """Lines of all events up to ``end``."""
        return self.end + sum(page.extra for page in self._pages.values())

    def put(self, events: Iterable[Event]) -> None:
        """Keep ``events``; those already at hand stay as they are. ``end`` does not move."""
        for event in events:
            number, offset = divmod(event.seq - 1, PAGE)
            page = self._pages.get(number)
            if page is None:
                page = self._pages[number] = _Page()
            if page.events[offset] is None:
                page.events[offset] = event
                self.received = max(self.received, event.seq)

    def event(self, seq: int) -> Event | None:
        """The event, or ``None`` while it is not at hand."""
        number, offset = divmod(seq - 1, PAGE)
        page = self._pages.get(number)
        return page.events[offset] if page else None

    def lines(self, seq: int) -> Lines | None:
        """The event's lines, or ``None`` while it is not laid out and so takes one."""
        number, offset = divmod(seq - 1, PAGE)
        page = self._pages.get(number)
        return page.lines.get(offset) if page else None

    def height(self, seq: int) -> int:
        """How many lines the event takes."""
        return len(self.lines(seq) or ("",))

    def lay_out(self, first: int, last: int) -> bool:
        """Lay out the events at hand between two seqs. Whether any line moved by it."""
        first, last, moved = max(first, 1), min(last, self.end), False
        for seq in range(first, last + 1):
            number, offset = divmod(seq - 1, PAGE)
            page = self._pages.get(number)
            if page is None or offset in page.lines or (event := page.events[offset]) is None:
                continue
            lines = page.lines[offset] = self._lay_out(event)
            if len(lines) > 1:
                page.tall[offset] = len(lines) - 1
                page.extra += len(lines) - 1
                moved = True
        return moved

    def forget_layout(self) -> None:
        """Every event takes one line again."""
        for page in self._pages.values():
            page.forget()

    def line_of(self, seq: int) -> int:
        """The event's first line."""
        number, offset = divmod(seq - 1, PAGE)
        above = sum(page.extra for place, page in self._pages.items() if place < number)
        page = self._pages.get(number)
        return seq - 1 + above + (page.extra_before(offset) if page else 0)

    def at(self, line: int) -> tuple[int, int]:
        """The event on a line and which of its lines that is, the nearest where there is none."""
        line = max(0, min(line, self.total - 1))
        extra = 0
        for number in sorted(self._pages):
            page = self._pages[number]
            if line < number * PAGE + extra:
                break
            if line >= (number + 1) * PAGE + extra + page.extra:
                extra += page.extra
                continue
            return self._at_in(page, number * PAGE, line - extra - number * PAGE)
        return line - extra + 1, 0

    def span(self, line: int, count: int) -> list[tuple[int, int]]:
        """What stands on ``count`` lines from ``line`` on, as :meth:`at` says it, up to the end."""
        if not self.end:
            return []
        seq, part = self.at(line)
        rows: list[tuple[int, int]] = []
        while len(rows) < count and seq <= self.end:
            rows.extend((seq, place) for place in range(part, self.height(seq)))
            seq, part = seq + 1, 0
        return rows[:count]

    def missing(self, first: int, last: int, limit: int) -> tuple[int, int] | None:
        """From the first to the last event not at hand on the pages of two seqs, up to ``limit``."""
        first, last = max(first, 1), min(last, limit)
        if all(self.event(seq) for seq in range(first, last + 1)):
            return None
        start = (first - 1) // PAGE * PAGE + 1
        stop = min(((last - 1) // PAGE + 1) * PAGE, limit)
        holes = [seq for seq in range(start, stop + 1) if self.event(seq) is None]
        return holes[0], holes[-1]

    def trim(self, first: int, last: int) -> None:
        """Drop the pages unused for longest, but none between the two seqs."""
        kept = range((max(first, 1) - 1) // PAGE, (max(last, 1) - 1) // PAGE + 1)
        for number in kept:
            if number in self._pages:
                self._pages.move_to_end(number)
        spare = max(PAGES, len(kept))
        while len(self._pages) > spare:
            self._pages.popitem(last=False)

    @staticmethod
    def _at_in(page: _Page, before: int, line: int) -> tuple[int, int]:
        extra = 0
        for offset in sorted(page.tall):
            if line < offset + extra:
                break
            if line <= offset + extra + page.tall[offset]:
                return before + offset + 1, line - offset - extra
            extra += page.tall[offset]
        return before + line - extra + 1, 0
