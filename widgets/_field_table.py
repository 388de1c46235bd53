"""Rows of name, value and origin in aligned columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.widget import Widget

from ._ink import ink
from ._plain import plain


@dataclass(frozen=True, slots=True)
class Field:
    """One row. ``origin`` may be empty; ``quiet`` rows are values nobody set."""

    name: str
    value: str
    origin: str = ""
    quiet: bool = False


class FieldTable(Widget):
    """Draws fields with the origin at the right edge; long values wrap within their column."""

    DEFAULT_CSS = """
    FieldTable { height: auto; width: 1fr; }
    FieldTable > .field-table--name { color: $foreground-muted; }
    FieldTable > .field-table--value { color: $foreground; }
    FieldTable > .field-table--origin { color: $foreground-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "field-table--name",
        "field-table--value",
        "field-table--origin",
    }

    def __init__(self, fields: Iterable[Field] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields = tuple(fields)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The rows shown."""
        return self._fields

    @fields.setter
    def fields(self, fields: Iterable[Field]) -> None:
        self._fields = tuple(fields)
        self.refresh(layout=True)

    def render(self) -> Table:
        """The rows as a table, coloured by the current theme."""
        name, value, origin = (ink(self, f"field-table--{part}") for part in ("name", "value", "origin"))
        table = Table.grid(expand=True, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style=name)
        table.add_column(ratio=1, overflow="fold")
        if any(field.origin for field in self._fields):
            table.add_column(no_wrap=True, justify="right", style=origin, overflow="ellipsis", max_width=26)
        for field in self._fields:
            cells = [
                Text(plain(field.name)),
                Text(plain(field.value), style=origin if field.quiet else value),
            ]
            if len(table.columns) == 3:
                cells.append(Text(plain(field.origin)))
            table.add_row(*cells)
        return table
