"""What the focused pane is, and which keys it has."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ._field_table import Field, FieldTable
from ._prose import Prose


@runtime_checkable
class Explains(Protocol):
    """A widget or screen that says why one of its keys cannot act now."""

    def why_not(self, action: str) -> str:
        """The reason, in a few words; empty where the action can act."""


@dataclass(frozen=True, slots=True)
class Key:
    """One action with its keys. ``reason``: why it cannot act, where that is known."""

    keys: str
    words: str
    enabled: bool = True
    reason: str = ""


class HelpPanel(VerticalScroll, can_focus=False):
    """Follows the focus of the screen it is on; with ``subject`` set it stays with that widget."""

    DEFAULT_CSS = """
    HelpPanel { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    HelpPanel #title { text-style: bold; height: auto; margin: 0 0 1 0; }
    HelpPanel Prose { margin: 0 0 1 0; }
    HelpPanel .field-table--name { color: $text-accent; text-style: bold; }
    """

    subject: reactive[Widget | None] = reactive(None, init=False)

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Prose()
        yield FieldTable()

    def on_mount(self) -> None:
        """Listen to the screen: the keys change with the focus and with what can act."""
        self.watch(self.screen, "focused", self._refocused, init=False)
        self.screen.bindings_updated_signal.subscribe(self, self._rebound)
        self._fill()

    def watch_subject(self) -> None:
        if self.is_mounted:
            self._fill()

    def _refocused(self) -> None:
        self._fill()

    def _rebound(self, screen: Screen[object]) -> None:
        self._fill_keys()

    def _fill(self) -> None:
        subject = self.subject or self.screen.focused
        owner = help_owner(subject)
        title = (owner.BINDING_GROUP_TITLE or "") if owner is not None else ""
        self.query_one("#title", Static).update(Content(title or "Help"))
        words = dedent(owner.HELP or "").strip() if owner is not None else "Press `tab` to go into a pane."
        self.query_one(Prose).show(words)
        self._fill_keys()
        self.scroll_home(animate=False)

    def _fill_keys(self) -> None:
        self.query_one(FieldTable).fields = key_fields(self._groups())

    def _groups(self) -> list[tuple[str, list[Key]]]:
        groups: dict[DOMNode, dict[str, list[ActiveBinding]]] = {}
        for active in sorted(self.screen.active_bindings.values(), key=lambda each: not each.binding.show):
            # Textual's own scrolling keys come without a tooltip; ours say what they do.
            is_ours = active.binding.show or active.binding.tooltip
            if is_ours and active.binding.description and not active.binding.system:
                groups.setdefault(active.node, {}).setdefault(active.binding.action, []).append(active)
        return [
            (node.BINDING_GROUP_TITLE or "Everywhere", [self._key(same) for same in actions.values()])
            for node, actions in groups.items()
        ]

    def _key(self, same: list[ActiveBinding]) -> Key:
        first = same[0]
        keys = " ".join(dict.fromkeys(self.app.get_key_display(active.binding) for active in same))
        reason = ""
        if not first.enabled:
            action = first.binding.action.partition("(")[0]
            reason = first.node.why_not(action) if isinstance(first.node, Explains) else ""
        words = first.tooltip or first.binding.description
        return Key(keys, words, first.enabled, reason)


def help_owner(subject: Widget | None) -> Widget | None:
    """The nearest widget at or above ``subject`` that has help to give."""
    if subject is None:
        return None
    for node in subject.ancestors_with_self:
        if isinstance(node, Widget) and node.HELP:
            return node
    return None


def key_fields(groups: list[tuple[str, list[Key]]]) -> tuple[Field, ...]:
    """Groups of keys under their titles; what cannot act is quiet and says why."""
    rows: list[Field] = []
    for title, keys in groups:
        rows += [Field("", ""), Field("", title, quiet=True)]
        for key in keys:
            words = key.words + (f" ({key.reason})" if key.reason else "")
            rows.append(Field(key.keys, words, quiet=not key.enabled))
    return tuple(rows)
