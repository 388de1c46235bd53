"""Theme colours for widgets that draw with Rich."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


def ink(widget: Widget, component: str) -> Style:
    """The colour and weight of a component class, without its background.

    A muted colour is a translucent one. Textual blends it with what lies behind only in the full
    style; a partial style would show it at full strength.
    """
    full = widget.get_component_rich_style(component)
    return Style(color=full.color, bold=full.bold, italic=full.italic)
