"""Writing new project files: a whole lite project, or one more agent.

Nothing that exists is ever overwritten, and nothing half-made is left behind: a project is written
beside its place and moved there in one step, an agent's files are taken away again if one fails.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..domain.errors import Conflict, NotFound, ProjectError, UsageError
from .names import BUILTIN, modern_name
from .project import FOLDER, Project
from .source import read_text

_SCAFFOLDS = BUILTIN.parent
_LITE = _SCAFFOLDS / "lite"
_AGENT = _SCAFFOLDS / "new" / "agent.md"
_RENAMED = {"gitignore": ".gitignore"}
"""A dot-file of this name in the package would act on our own repository."""


def init_lite(folder: Path, name: str | None = None) -> tuple[Path, ...]:
    """Make ``folder`` a lite project. The folder may hold other files; its parent must exist.

    Args:
        folder: made where it does not exist.
        name: the project's name; the folder's name where it is None.

    Returns:
        The files written, in order.

    Raises:
        Conflict: there is a ``.parac`` already.
        NotFound: the parent folder does not exist.
        UsageError: the name is empty or has line breaks.
        ProjectError: the files cannot be written; nothing is left of the attempt.
    """
    root = Path(os.path.realpath(folder))
    title = _title(root.name if name is None else name)
    target = root / FOLDER
    _refuse_existing(target)
    made_folder = _make_folder(root)
    draft = root / f"{FOLDER}-{secrets.token_hex(4)}"
    try:
        draft.mkdir()
        written = [_copy(source, draft, title) for source in sorted(_LITE.rglob("*")) if source.is_file()]
        draft.rename(target)
        made_folder = False
    except OSError as error:
        _refuse_existing(target)
        raise _unwritable(root, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # not there any more where all went well
        if made_folder:
            with suppress(OSError):
                root.rmdir()
    return tuple(sorted(target / path for path in written))


def _title(name: str) -> str:
    if not name.strip() or len(name.splitlines()) != 1 or not name.isprintable():
        raise UsageError(
            "A project's name is one line of text", detail=repr(name), hint="give one: paracle init NAME"
        )
    return name.strip()


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise Conflict(
            "There is a project here already",
            detail=str(target),
            hint="'paracle validate' shows how it is; to begin anew, move .parac away first",
        )


def _make_folder(root: Path) -> bool:
    """Make the project's folder; whether that was needed."""
    if root.is_dir():
        return False
    try:
        root.mkdir()
    except FileNotFoundError:
        raise NotFound(f"There is no folder {root.parent}", hint="make it first, or choose another") from None
    except FileExistsError:
        raise Conflict(f"{root} is a file", hint="choose a folder") from None
    except OSError as error:
        raise _unwritable(root.parent, error) from None
    return True


def _copy(source: Path, draft: Path, title: str) -> Path:
    """Copy one file of the scaffold; its path below ``.parac``."""
    relative = source.relative_to(_LITE)
    relative = relative.with_name(_RENAMED.get(relative.name, relative.name))
    text = source.read_text("utf-8").replace("__PROJECT__", json.dumps(title, ensure_ascii=False))
    target = draft / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    return relative


def new_agent(project: Project, name: str, from_: str | None = None) -> Path:
    """Write the spec of a new agent that works as it stands.

    Args:
        project: it needs a ``.parac`` folder.
        name: lower-case letters, digits and dashes, a letter first.
        from_: the agent to start from. One of the project's own is extended; a built-in one is
            copied with its templates, so that every line is the user's to edit. None: a small example.

    Returns:
        The spec's path.

    Raises:
        UsageError: the name cannot be one, or the project has no ``.parac``.
        Conflict: there is an agent of this name in the project, or a file in the way.
        NotFound: there is no agent ``from_``.
        ProjectError: ``from_`` has errors, or the files cannot be written; nothing is left behind.
    """
    folder = _folder_for(project, name)
    path = folder / f"{name}.md"
    for existing in folder.glob("*.md"):
        if modern_name(existing.stem) == name:
            raise Conflict(
                f"There is an agent '{name}' already",
                detail=str(existing),
                hint="choose another name, or edit it",
            )
    if from_ is None:
        _write_all({path: _AGENT.read_text("utf-8").replace("__NAME__", name)})
        return path
    source = project.agent(from_)
    if source.builtin:
        _write_all(_own_copy(source.path, name, path))
    else:
        _write_all({path: _child(name, from_, source.spec.description)})
    return path


def _folder_for(project: Project, name: str) -> Path:
    from ..domain.specs import NAME

    if not NAME.match(name):
        proposal = re.sub(r"[^a-z0-9-]", "", modern_name(name)).lstrip("-0123456789")
        hint = "lower-case letters, digits and dashes, a letter first"
        if proposal:
            hint += f": '{proposal}'"
        raise UsageError(f"'{name}' cannot be the name of an agent", hint=hint)
    if project.specs_folder is None:
        raise UsageError(
            f"{project.root} is not a project yet", hint="make it one first: paracle init --lite"
        )
    return project.specs_folder


def _child(name: str, parent: str, description: str) -> str:
    return f"""---
name: {name}
description: {json.dumps(description, ensure_ascii=False)}
# What this file does not set is as in '{parent}'. Where each value comes from: paracle agents show {name}
extends: {parent}
---

"""


def _own_copy(spec: Path, name: str, path: Path) -> dict[Path, str]:
    """A built-in agent's file under another name, and its templates in a folder of that name."""
    from .checks import template_folders
    from .frontmatter import split

    text = read_text(spec)
    matter = split(text, spec).matter
    assert matter is not None
    lines = text.split("\n")
    files: dict[Path, str] = {}
    written = matter.get("name")
    if written is not None:
        _replace(lines, written.line, written.column, written.data, name)
    playbook = matter.get("playbook")
    for action in playbook.children.values() if playbook else ():
        template = action.get("template")
        if template is None:
            continue
        own = f"{name}/{template.data}"
        _replace(lines, template.line, template.column, template.data, own)
        source = next(
            folder / template.data for folder in template_folders(spec) if (folder / template.data).is_file()
        )
        files[path.parent / "templates" / own] = read_text(source)
    return {**files, path: "\n".join(lines)}


def _replace(lines: list[str], line: int, column: int, old: str, new: str) -> None:
    text = lines[line - 1]
    lines[line - 1] = text[: column - 1] + text[column - 1 :].replace(old, new, 1)


def _write_all(files: dict[Path, str]) -> None:
    """Write files that must not exist yet; on failure neither they nor their folders are left."""
    made: list[Path] = []
    try:
        for path, text in files.items():
            for folder in reversed([path.parent, *path.parent.parents]):
                if not folder.exists():
                    folder.mkdir()
                    made.append(folder)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise Conflict(
                f"{error.filename} is in the way", hint="move it away, or choose another name"
            ) from None
        raise _unwritable(next(reversed(files)).parent, error) from None


def _unwritable(folder: Path, error: OSError) -> ProjectError:
    reason = (error.strerror or str(error)).lower()
    return ProjectError(
        f"{folder} cannot be written to",
        detail=reason,
        hint="check its permissions and the space left on the disk",
    )
