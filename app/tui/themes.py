"""The workbench's two themes: one accent colour on quiet greys."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="paracle-dark",
    primary="#5fb0c9",
    secondary="#7d8ea3",
    accent="#5fb0c9",
    warning="#d9a441",
    error="#e06c65",
    success="#7fb069",
    foreground="#d8dee6",
    background="#12161b",
    surface="#161b21",
    panel="#1d242c",
    dark=True,
    variables={
        "scrollbar": "#2b4652",
        "scrollbar-hover": "#3a6172",
        "scrollbar-active": "#5fb0c9",
        "scrollbar-background": "#161b21",
        "scrollbar-background-hover": "#161b21",
        "scrollbar-background-active": "#161b21",
    },
)

LIGHT = Theme(
    name="paracle-light",
    primary="#1f7a99",
    secondary="#5c6b7a",
    accent="#1f7a99",
    warning="#a66a00",
    error="#b3362d",
    success="#3d7a2a",
    foreground="#1d242c",
    background="#fbfbf9",
    surface="#f4f4f1",
    panel="#e9e9e4",
    dark=False,
    variables={
        "scrollbar": "#b9cdd5",
        "scrollbar-hover": "#8db3c2",
        "scrollbar-active": "#1f7a99",
        "scrollbar-background": "#f0f0ec",
        "scrollbar-background-hover": "#f0f0ec",
        "scrollbar-background-active": "#f0f0ec",
    },
)
