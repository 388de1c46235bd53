"""Streamed text cut into the pieces that become events."""

from __future__ import annotations

COLUMNS = 80
"""A line still being written is shown once it is this long."""

LONGEST = 4000
"""A line is cut here where it has no space; it would be kept, and copied with each chunk, for ever."""


class LineBreaker:
    """Collects chunks and gives out whole lines, and long lines piece by piece at spaces.

    Joining the pieces, with a line break after each that ends a line, gives the text back exactly.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, chunk: str) -> list[tuple[str, bool]]:
        """The pieces that a chunk completes: text, and whether its line ends there."""
        *lines, rest = (self._rest + chunk).split("\n")
        pieces = [(line, True) for line in lines]
        while len(rest) > COLUMNS and (space := rest.rfind(" ", 0, len(rest) - 1)) >= COLUMNS // 2:
            cut = max(rest.rfind(" ", COLUMNS // 2, COLUMNS + 1), 0) or space
            pieces.append((rest[: cut + 1], False))
            rest = rest[cut + 1 :]
        while len(rest) > LONGEST:
            pieces.append((rest[:LONGEST], False))
            rest = rest[LONGEST:]
        self._rest = rest
        return pieces

    def finish(self) -> list[tuple[str, bool]]:
        """What is left when the text ends."""
        rest, self._rest = self._rest, ""
        return [(rest, False)] if rest else []


class Speech:
    """Everything that was said in one turn, kept small: a model may say a million little pieces."""

    PIECES = 4096
    """Pieces that are kept one by one; each costs more memory than the few words in it."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Take the next piece."""
        self._pieces.append(piece)
        if len(self._pieces) == self.PIECES:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join([*self._blocks, *self._pieces])
