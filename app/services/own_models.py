"""Scripts that a person has named as a model: their own choice, which needs no trust.

What an execution has recorded lies in the project's folder, and could name any model. So the choice is kept
in the user's own state folder: a record that names another script is no choice of this person. What the
script says may change meanwhile, as when it is mended for a retry: it is the person's own file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..project.carried_models import is_script
from .workspace import Workspace


def remember(workspace: Workspace, model: str) -> None:
    """Keep that a person has named a model for this project. Only scripts are kept."""
    if not is_script(model) or is_own(workspace, model):
        return
    path = _path(workspace, model)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    # Where it cannot be kept the person is asked for trust when the execution goes on elsewhere.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{model.strip()}\n", encoding="utf-8", errors="backslashreplace")
        part.replace(path)


def is_own(workspace: Workspace, model: str) -> bool:
    """Whether a person has named this script for this project."""
    return _path(workspace, model).is_file()


def foreign(workspace: Workspace, named: str | None, default: str, *, recorded: bool = False) -> str:
    """The model that must be trusted where it is a script; empty where a person has chosen it.

    Args:
        named: the model that was asked for; it is remembered.
        default: what answers where none was.
        recorded: ``named`` comes from a record, and not from a person.
    """
    if not named:
        return default
    if recorded:
        return "" if is_own(workspace, named) else named
    remember(workspace, named)
    return ""


def _path(workspace: Workspace, model: str) -> Path:
    about = f"{os.path.realpath(workspace.project.root)}\0{model.strip()}"
    return workspace.state / "scripts" / hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()
