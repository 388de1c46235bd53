"""Where the workbench keeps what is not part of any project."""

from __future__ import annotations

import os
from pathlib import Path

STATE_DIR_VARIABLE = "PARACLE_STATE_DIR"


def state_dir() -> Path:
    """The folder of logs, worktrees and the stores of folders without `.parac`.

    `PARACLE_STATE_DIR` names another one; without it the platform decides (on Linux
    `$XDG_STATE_HOME/paracle`, on macOS `~/Library/Application Support/paracle`).

    Returns:
        An absolute path. Whoever writes there makes the folder; it may not exist yet.
    """
    named = os.environ.get(STATE_DIR_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_state_path

    return user_state_path("paracle", appauthor=False)
