"""What templates can ask about the files of a project: paths, outlines of Python, ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final


def only(paths: Iterable[str], glob: str) -> list[str]:
    """The paths whose last part matches ``glob``."""
    return [path for path in paths if fnmatchcase(PurePosixPath(path).name, glob)]


def nearest(paths: Iterable[str], number: int) -> list[str]:
    """The ``number`` paths that lie the least deep."""
    return sorted(paths, key=lambda path: (path.count("/"), path))[: max(number, 0)]


def functions(modules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every function and method in an outline's modules, with its ``path`` and full name."""
    return [
        {**one, "path": module["path"], "name": owner + one["name"]}
        for module in modules
        for owner, group in [
            ("", module["functions"]),
            *((f"{cls['name']}.", cls["methods"]) for cls in module["classes"]),
        ]
        for one in group
    ]


def is_test_file(path: str) -> bool:
    """Whether a file of Python is test code, by its name or folder."""
    *folders, name = path.split("/")
    return (
        not {"tests", "test"}.isdisjoint(folders)
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name == "conftest.py"
    )


def by_folder(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``{folder, items}`` for each folder that a ``path`` of the items is in, in the order of their names."""
    folders: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        folders.setdefault(str(PurePosixPath(item["path"]).parent), []).append(item)
    return [{"folder": folder, "items": folders[folder]} for folder in sorted(folders)]


def pyproject(text: str) -> dict[str, Any]:
    """What ``pyproject.toml`` says of its project, in the standard's terms or Poetry's.

    Returns:
        ``description``, ``python`` (the versions, "" where not said), ``scripts`` (name → target),
        ``dependencies`` (requirements) and ``groups`` (name → requirements). What is missing or
        has an unexpected shape is left out; a text that is no TOML gives nothing but empty values.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        content = {}
    project, poetry = _table(content, "project"), _table(_table(content, "tool"), "poetry")
    needed = {name: _version(said) for name, said in _table(poetry, "dependencies").items()}
    python = needed.pop("python", "")
    extras = {**_table(project, "optional-dependencies"), **_table(content, "dependency-groups")}
    return {
        "description": _text(project.get("description") or poetry.get("description")),
        "python": _text(project.get("requires-python")) or python,
        "scripts": {**_texts(_table(poetry, "scripts")), **_texts(_table(project, "scripts"))},
        "dependencies": _requirements(project.get("dependencies"))
        + [f"{name} {said}".strip() for name, said in needed.items()],
        "groups": {name: found for name, group in extras.items() if (found := _requirements(group))},
    }


def _table(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in table.items() if isinstance(value, str)}


def _requirements(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _version(said: Any) -> str:
    return _text(said.get("version") if isinstance(said, dict) else said)


PROJECT_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "only": only,
    "nearest": nearest,
    "functions": functions,
    "by_folder": by_folder,
    "pyproject": pyproject,
}
