"""How editors are told which line to show."""

from __future__ import annotations

import shlex
from pathlib import Path

_AFTER_COLON = {"hx", "helix", "subl", "zed"}
_GO_TO = {"code", "codium", "code-insiders", "cursor"}


def editor_command(editor: str, path: Path, line: int = 0) -> list[str]:
    """The command that opens a file.

    Args:
        editor: what ``$VISUAL`` or ``$EDITOR`` says, arguments included.
        line: from 1; 0 for none.

    Raises:
        ValueError: ``editor`` has a quote that is not closed.
    """
    words = shlex.split(editor)
    name = Path(words[0]).name if words else ""
    if not line:
        return [*words, str(path)]
    if name in _AFTER_COLON:
        return [*words, f"{path}:{line}"]
    if name in _GO_TO:
        return [*words, "--goto", f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]
