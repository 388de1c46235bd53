"""Starting the workbench on a folder."""

from __future__ import annotations

from pathlib import Path

from ..services.workspace import Workspace
from .app import WorkbenchApp
from .leaving import leaving_on_signals


def start_workbench(folder: Path) -> int:
    """Open the workbench and stay until it is closed.

    Returns:
        The exit code of the command.

    Raises:
        ProjectError, StoreError: the project cannot be opened.
        Exception: what ended the application although no part foresaw it. The terminal is as it was.
    """
    app = WorkbenchApp(Workspace.open(folder))
    try:
        with leaving_on_signals(app):
            app.run()
    finally:
        if not app.was_quit:
            app.workspace.leave("the workbench ended")
        app.workspace.close()
    if app.fault is not None:
        raise app.fault
    return app.return_code or 0
