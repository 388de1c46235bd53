"""What a person rejected and noted, as the one message that an agent gets to work on.

What was sent once is not sent again: the agent has answered it, and what it left as it is it has left on
purpose. Rejecting a hunk anew, or writing a note anew, sends it once more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from .diffs import ADDED, CONTEXT, FileDiff, Hunk, Place, shown
from .review import REJECTED, SENT, UNDECIDED, HunkMark, Marks, Review, Verdict
from .words import one_line

MAX_LINES = 80
"""Lines of one rejected hunk that are quoted."""

_WIDTH = 400
"""Characters of one quoted line."""


def feedback(review: Review, files: Sequence[FileDiff]) -> str:
    """The message for a follow-up execution on the same branch; empty where there is nothing new to tell."""
    marks = unsent(review).marks(files)
    told = [block for file in files if (block := "\n\n".join(_of_file(file, marks)))]
    if not told:
        return ""
    first = "A person has reviewed your changes. Work on what follows; leave the rest as it is."
    return "\n\n".join([first, *told]) + "\n"


def unsent(review: Review) -> Review:
    """What of a review the agent has not been told yet."""

    def told_no_more(_: str, __: str, mark: HunkMark) -> HunkMark:
        notes = tuple(note for note in mark.notes if not note.sent)
        return replace(mark, letters=mark.letters.replace(SENT, UNDECIDED), notes=notes)

    return _each(review, told_no_more)


def with_sent(review: Review, told: Review, files: Sequence[FileDiff]) -> Review:
    """A review once the agent has been told what ``told`` says of a diff.

    Args:
        review: As it is by now; what was decided since the message was made has not been sent.
        told: As it was when the message was made.
        files: The diff that the message is of; what is said of other hunks was not in it.
    """
    there = {(file.path, key) for file in files for key in (*file.keys, file.digest)}

    def sent(path: str, key: str, mark: HunkMark) -> HunkMark:
        if (path, key) not in there:
            return mark
        then = told.files.get(path, {}).get(key, HunkMark())
        pairs = zip(mark.letters, then.letters.ljust(len(mark.letters), UNDECIDED), strict=False)
        letters = "".join(SENT if now == before == REJECTED else now for now, before in pairs)
        notes = tuple(note._replace(sent=True) if note in then.notes else note for note in mark.notes)
        return replace(mark, letters=letters, notes=notes)

    return _each(review, sent)


def _each(review: Review, change: Callable[[str, str, HunkMark], HunkMark]) -> Review:
    return Review(
        {
            path: {key: change(path, key, mark) for key, mark in marks.items()}
            for path, marks in review.files.items()
        }
    )


def _of_file(file: FileDiff, marks: Marks) -> Iterator[str]:
    path = f"`{shown(file.path)}`"
    notes = marks.notes.get(file.path, {})
    if marks.files.get(file.path) is Verdict.REJECTED:
        yield f"Rejected: the change of {path}. Take it back or make it another way."
    for text in notes.get(None, ()):
        yield f"Note on {path}: {text}"
    given = marks.verdicts.get(file.path, {})
    for hunk in file.hunks:
        refused = {place for place in hunk.changes if given.get(place) is Verdict.REJECTED}
        if refused:
            yield f"Rejected in {path}, at line {hunk.new_start}:\n{_quoted(hunk, refused)}"
    lines = {line.place: line.text for hunk in file.hunks for line in hunk.lines}
    for place, texts in sorted(notes.items(), key=lambda item: item[0].number if item[0] else 0):
        if place is not None:
            yield from (f"Note on {path}, {_where(place, lines.get(place, ''))}: {text}" for text in texts)


def _where(place: Place, text: str) -> str:
    line = f"line {place.number}" if place.kind in (ADDED, CONTEXT) else f"removed line {place.number}"
    # Backquotes would end the quotation.
    words = one_line(text, 80).replace("`", "'")
    return f"{line} (`{words}`)" if words else line


def _quoted(hunk: Hunk, refused: set[Place]) -> str:
    """The rejected lines of a hunk with the lines around them, other changes as the branch has them."""
    lines = []
    for line in hunk.lines:
        text = line.text.removesuffix("\r")[:_WIDTH].encode("utf-8", "replace").decode()
        if line.kind == CONTEXT or line.place in refused:
            lines.append(line.kind + text)
        elif line.kind == ADDED:
            lines.append(CONTEXT + text)
    cut = len(lines) - MAX_LINES
    body = "\n".join(lines[:MAX_LINES] + ([f"… {cut} more lines"] if cut > 0 else []))
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{body}\n{fence}"
