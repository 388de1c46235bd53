"""Calling the person back to the terminal from within the application."""

from __future__ import annotations

import os

from textual.app import App

from ..domain.calling import notification


def call_back(app: App[None], text: str) -> None:
    """Ring the terminal's bell and show a desktop notification, where the terminal has one."""
    # Textual has no public way to write to its terminal but the bell; writing past it could fall into
    # the middle of a picture that another thread is writing.
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(notification(text, os.environ))
