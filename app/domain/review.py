"""What a person thinks of a diff: accepted, rejected, reviewed, and notes on lines.

A :class:`Review` is kept by content: it names hunks by what they change, so it survives new line numbers and
a rerun that makes the same change. :class:`Marks` is the same for one diff, by place, as a view shows it; a
:class:`Part` is what a person points at there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from .diffs import CONTEXT, REMOVED, FileDiff, Hunk, Place, Selection
from .errors import Conflict


class Verdict(StrEnum):
    """What a person decided about a line."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


REJECTED, SENT, UNDECIDED = "r", "R", "."
"""Letters of a line that is rejected, of one that the agent was told is so, and of one without a verdict."""

_LETTERS: dict[Verdict | None, str] = {
    Verdict.ACCEPTED: "a",
    Verdict.REJECTED: REJECTED,
    None: UNDECIDED,
}

_VERDICTS = {**{letter: verdict for verdict, letter in _LETTERS.items()}, SENT: Verdict.REJECTED}


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a file's diff, or the whole file (``None``)."""

    path: str
    places: frozenset[Place] | None = None


@dataclass(frozen=True)
class Marks:
    """What is to be shown at the lines of a diff, by path.

    Attributes:
        verdicts: Of changed lines.
        files: Of files that have no parts.
        reviewed: The changed lines of the hunks that were looked at; empty for a file without parts.
        notes: At lines, or at a file as a whole (``None``).
        sent: Where the agent has been told every note that is there.
    """

    verdicts: Mapping[str, Mapping[Place, Verdict]] = field(default_factory=dict)
    files: Mapping[str, Verdict] = field(default_factory=dict)
    reviewed: Mapping[str, frozenset[Place]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[Place | None, tuple[str, ...]]] = field(default_factory=dict)
    sent: Mapping[str, frozenset[Place | None]] = field(default_factory=dict)

    def of(self, path: str, places: Collection[Place]) -> Verdict | None:
        """The verdict that all of some lines share."""
        given = self.verdicts.get(path)
        if not given:
            return None
        found = {given.get(place) for place in places}
        return found.pop() if len(found) == 1 else None

    def is_reviewed(self, path: str, places: Collection[Place]) -> bool:
        """Whether all of some lines were looked at."""
        return path in self.reviewed and self.reviewed[path].issuperset(places)

    def progress(self, file: FileDiff) -> tuple[int, int]:
        """Hunks of a file that were decided upon, and all of them; a file without parts counts as one."""
        if not file.is_divisible:
            return int(file.path in self.files), 1
        given = self.verdicts.get(file.path)
        if not given:
            return 0, len(file.hunks)
        decided = sum(all(place in given for place in hunk.changes) for hunk in file.hunks)
        return decided, len(file.hunks)


class Note(NamedTuple):
    """A note, and how many lines below the first change of its hunk it stands; negative above it.

    ``sent``: the agent has been told.
    """

    offset: int
    text: str
    sent: bool = False


@dataclass(frozen=True, slots=True)
class HunkMark:
    """What is kept of a hunk. ``letters`` has one for each line between its first and its last change."""

    letters: str = ""
    reviewed: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Review:
    """Everything decided and noted about an execution's diff, by path and then by the hunk's name.

    A file without parts has one mark, named by :attr:`~.diffs.FileDiff.digest`. The diffs given to the
    methods mind white space and have the usual context; places may come from any other picture of them.
    """

    files: Mapping[str, Mapping[str, HunkMark]] = field(default_factory=dict)

    def judged(self, file: FileDiff, part: Part, verdict: Verdict | None) -> Review:
        """With a verdict on a part, or without any (``None``).

        Raises:
            Conflict: the part is of a diff that is not shown any more, or of a file that has no parts.
        """
        letter = _LETTERS[verdict]

        def judge(mark: HunkMark, hunk: Hunk | None, places: Collection[Place]) -> HunkMark:
            if hunk is None:
                return replace(mark, letters=letter)
            old = mark.letters or UNDECIDED * len(hunk.core)
            given = list(old)
            for place, offset in zip(hunk.changes, _offsets(hunk), strict=True):
                if place in places:
                    given[offset] = letter
            return replace(mark, letters="".join(given))

        return self._changed(file, part, judge)

    def looked_at(self, file: FileDiff, part: Part, reviewed: bool = True) -> Review:
        """With the hunks of a part marked as reviewed, or not.

        Raises:
            Conflict: as :meth:`judged`.
        """
        return self._changed(file, part, lambda mark, hunk, places: replace(mark, reviewed=reviewed))

    def noted(self, file: FileDiff, place: Place | None, text: str) -> Review:
        """With a note on a line instead of those that were there; an empty text takes them away.

        Args:
            place: Any line of the diff, unchanged ones too; ``None`` for the file.

        Raises:
            Conflict: the line is not near any change.
        """
        key, offset = _anchor(file, place)
        mark = self.files.get(file.path, {}).get(key, HunkMark())
        notes = [note for note in mark.notes if note.offset != offset]
        if text.strip():
            notes.append(Note(offset, text.strip()))
        return self._with(file.path, {key: replace(mark, notes=tuple(sorted(notes)))})

    def marks(self, files: Sequence[FileDiff]) -> Marks:
        """What of it belongs to the lines of a diff."""
        found = Marks({}, {}, {}, {}, {})
        for file in files:
            if file.path in self.files:
                _gather(found, file, self.files[file.path])
        return found

    def selection(self, files: Sequence[FileDiff]) -> Selection:
        """What of a diff is accepted."""
        marks = self.marks(files)
        chosen = Selection({path: None for path, given in marks.files.items() if given is Verdict.ACCEPTED})
        for path, given in marks.verdicts.items():
            places = [place for place, verdict in given.items() if verdict is Verdict.ACCEPTED]
            chosen = chosen.with_places(path, places) if places else chosen
        return chosen

    def for_rerun(self) -> Review:
        """What another execution's review begins with: that hunks of the same content were looked at."""
        return Review(
            {
                path: kept
                for path, marks in self.files.items()
                if (kept := {key: HunkMark(reviewed=True) for key, mark in marks.items() if mark.reviewed})
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The review as plain JSON data; :meth:`from_dict` reads it back."""
        return {
            path: {
                key: {
                    "letters": mark.letters,
                    "reviewed": mark.reviewed,
                    "notes": [list(n) for n in mark.notes],
                }
                for key, mark in marks.items()
            }
            for path, marks in self.files.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Review:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            {
                path: {
                    key: HunkMark(mark["letters"], mark["reviewed"], tuple(Note(*n) for n in mark["notes"]))
                    for key, mark in marks.items()
                }
                for path, marks in data.items()
            }
        )

    def _changed(
        self,
        file: FileDiff,
        part: Part,
        change: Callable[[HunkMark, Hunk | None, Collection[Place]], HunkMark],
    ) -> Review:
        """With the marks changed of the hunks that a part touches."""
        have = self.files.get(file.path, {})
        if part.places is not None and (not part.places or part.places - file.changes):
            raise Conflict("The diff is not the one that was shown", hint="look at it again and decide anew")
        if not file.is_divisible:
            if part.places is not None and part.places != file.changes:
                raise Conflict(
                    "This file can only be accepted or rejected whole",
                    hint="links, submodules and files that changed their type have no parts",
                )
            mark = have.get(file.digest, HunkMark())
            return self._with(file.path, {file.digest: change(mark, None, ())})
        places = file.changes if part.places is None else part.places
        return self._with(
            file.path,
            {
                key: change(have.get(key, HunkMark()), hunk, places)
                for key, hunk in zip(file.keys, file.hunks, strict=True)
                if not places.isdisjoint(hunk.changes)
            },
        )

    def _with(self, path: str, marks: Mapping[str, HunkMark]) -> Review:
        kept = {**self.files.get(path, {}), **marks}
        kept = {
            key: mark
            for key, mark in kept.items()
            if mark.letters.strip(UNDECIDED) or mark.reviewed or mark.notes
        }
        others = {other: theirs for other, theirs in self.files.items() if other != path}
        return Review({**others, path: kept} if kept else others)


def _gather(found: Marks, file: FileDiff, marks: Mapping[str, HunkMark]) -> None:
    """Put the marks of a file into the dictionaries of ``found``, which are still being made."""
    verdicts: dict[Place, Verdict] = {}
    notes: dict[Place | None, tuple[str, ...]] = {}
    seen: set[Place] = set()
    unsent: set[Place | None] = set()
    if whole := marks.get(file.digest):
        if given := _VERDICTS.get(whole.letters):
            found.files[file.path] = given  # type: ignore[index]
        if whole.reviewed:
            found.reviewed[file.path] = frozenset()  # type: ignore[index]
        for note in whole.notes:
            notes[None] = (*notes.get(None, ()), note.text)
            unsent |= set() if note.sent else {None}
    for key, hunk in zip(file.keys, file.hunks, strict=True):
        mark = marks.get(key)
        if mark is None:
            continue
        if mark.letters:
            for place, offset in zip(hunk.changes, _offsets(hunk), strict=True):
                if given := _VERDICTS.get(mark.letters[offset]):
                    verdicts[place] = given
        if mark.reviewed:
            seen.update(hunk.changes)
        for note in mark.notes:
            place = _place_at(hunk, note.offset)
            notes[place] = (*notes.get(place, ()), note.text)
            unsent |= set() if note.sent else {place}
    for target, value in ((found.verdicts, verdicts), (found.notes, notes)):
        if value:
            target[file.path] = value  # type: ignore[index]
    if seen:
        found.reviewed[file.path] = frozenset(seen)  # type: ignore[index]
    if sent := notes.keys() - unsent:
        found.sent[file.path] = frozenset(sent)  # type: ignore[index]


def _anchor(file: FileDiff, place: Place | None) -> tuple[str, int]:
    """The hunk nearest to a line, by name, and the line's offset in it."""
    if place is None or not file.hunks:
        return file.digest, 0
    nearest: tuple[int, str, int] | None = None
    for key, hunk in zip(file.keys, file.hunks, strict=True):
        first, end = _span(hunk)
        if place.kind != CONTEXT and place in hunk.changes:
            return key, _offsets(hunk)[hunk.changes.index(place)]
        for offset, index in enumerate(hunk.core):
            if hunk.kinds[index] == CONTEXT and hunk.place(index) == place:
                return key, offset
        if place.kind == CONTEXT:
            distance = first - place.number if place.number < first else place.number - end + 1
            offset = place.number - first if place.number < first else len(hunk.core) + place.number - end
            if nearest is None or distance < nearest[0]:
                nearest = (distance, key, offset)
    if nearest is None:
        raise Conflict("The line is not in the diff any more", hint="look at the diff again")
    return nearest[1], nearest[2]


def _place_at(hunk: Hunk, offset: int) -> Place:
    """The reverse of :func:`_anchor`."""
    if 0 <= offset < len(hunk.core):
        return hunk.place(hunk.core.start + offset)
    first, end = _span(hunk)
    return Place(CONTEXT, first + offset if offset < 0 else end + offset - len(hunk.core))


def _offsets(hunk: Hunk) -> list[int]:
    """How far each changed line is below the first one."""
    return [offset for offset, index in enumerate(hunk.core) if hunk.kinds[index] != CONTEXT]


def _span(hunk: Hunk) -> tuple[int, int]:
    """The numbers in the new file of the first changed line, and of the line after the last one."""
    first = hunk.new_start + (0 if hunk.new_count else 1) + hunk.core.start
    return first, first + sum(hunk.kinds[index] != REMOVED for index in hunk.core)
