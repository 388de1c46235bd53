"""The line at the bottom: the keys of the place one is in."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

GAP = " "
MORE = "…"
EDGE = "▏"


@dataclass(slots=True)
class Key:
    """A key as it is drawn, and what pressing it would press."""

    key: str
    label: str
    words: str
    enabled: bool
    tooltip: str

    @property
    def width(self) -> int:
        """Cells that the key and its words take."""
        return cell_len(self.label) + (1 + cell_len(self.words) if self.words else 0)


class KeyBar(Widget):
    """The keys of the focused widget, its screen and the application; a click presses one.

    It is drawn as one line of text. Textual's own footer is a widget for each key, made anew whenever
    a key is enabled: with the bindings of the workbench that took longer than all other drawing.

    A key that cannot act is dim. Where the line is narrow, first the words of the palette go, then dim
    keys, then the last ones.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; color: $footer-foreground; background: $footer-background; }
    """

    hovered: reactive[str] = reactive("", init=False)
    """The key under the mouse."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places: list[tuple[range, Key]] = []

    def on_mount(self) -> None:
        """Follow what the screen says about its bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def render(self) -> Content:
        """The keys at the left, the palette's at the right edge."""
        keys, palette = self._keys()
        width = self.size.width
        if palette is not None and _width(keys) + _at_edge(palette) > width:
            palette.words = ""
        room = width - (_at_edge(palette) if palette is not None else 0)
        shown = _fitting(keys, room)
        self._places = []
        parts: list[Content] = []
        used = 0
        for key in shown:
            self._places.append((range(used, used + key.width), key))
            parts += [self._drawn(key), Content(GAP)]
            used += key.width + len(GAP)
        if len(shown) < len(keys) and used < room:
            parts.append(Content.styled(MORE, "dim"))
            used += 1
        if palette is not None:
            parts.append(Content(" " * max(0, room - used)))
            parts += [Content.styled(EDGE, "$foreground 20%"), self._drawn(palette)]
            self._places.append((range(room + 1, width - 1), palette))
        return Content("").join(parts)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key under the mouse."""
        key = self._at(event.x)
        if key is None:
            return
        if key.enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which key a click would press, and after a moment what it does."""
        key = self._at(event.x)
        self.hovered = key.key if key is not None else ""
        self.tooltip = (key.tooltip or None) if key is not None else None

    def on_leave(self) -> None:
        self.hovered = ""

    def _bindings_changed(self, screen: object) -> None:
        # While another program has the terminal's focus no widget has it: its keys stay as they were.
        if self.app.app_focus:
            self.refresh()

    def _keys(self) -> tuple[list[Key], Key | None]:
        active = self.screen.active_bindings
        by_action: dict[str, Key] = {}
        for _, binding, enabled, tooltip in active.values():
            if binding.show and binding.action not in by_action:
                label = self.app.get_key_display(binding)
                by_action[binding.action] = Key(binding.key, label, binding.description, enabled, tooltip)
        found = active.get(self.app.COMMAND_PALETTE_BINDING) if self.app.ENABLE_COMMAND_PALETTE else None
        if found is None:
            return list(by_action.values()), None
        binding = found.binding
        label = self.app.get_key_display(binding)
        tooltip = binding.tooltip or binding.description
        palette = Key(binding.key, label, binding.description, found.enabled, tooltip)
        return list(by_action.values()), palette

    def _drawn(self, key: Key) -> Content:
        under = " on $block-hover-background" if key.key == self.hovered else ""
        dim = "" if key.enabled else "dim "
        tone = "$footer-key-foreground" if under else "$footer-description-foreground"
        label = (key.label, f"{dim}bold $footer-key-foreground{under}")
        return Content.assemble(label, (f" {key.words}" if key.words else "", f"{dim}{tone}{under}"))

    def _at(self, x: int) -> Key | None:
        return next((key for place, key in self._places if x in place), None)


def _at_edge(palette: Key) -> int:
    """Its cells with the line before it and the blank behind it."""
    return 1 + palette.width + 1


def _width(keys: list[Key]) -> int:
    return sum(key.width + len(GAP) for key in keys)


def _fitting(keys: list[Key], room: int) -> list[Key]:
    kept = list(keys)
    for key in reversed(keys):
        if _width(kept) <= room:
            return kept
        if not key.enabled:
            kept.remove(key)
    while kept and _width(kept) + len(MORE) > room:
        kept.pop()
    return kept
