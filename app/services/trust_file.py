"""The file in which a user's trust is kept: outside of every project, so that none can write it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import StoreError
from ..domain.trust import TrustedProject

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept, by the project's real folder; ``problem`` says why it cannot be read."""

    projects: dict[str, TrustedProject]
    problem: str = ""


def read(state: Path) -> Remembered:
    """All that is trusted. A file that cannot be read or is damaged means: nothing is, and why."""
    path = _file(state)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return Remembered({}, f"{path} was written by a newer Paracle")
        found = [TrustedProject.from_dict(one) for one in data["projects"]]
    except FileNotFoundError:
        return Remembered({})
    except OSError as error:
        return Remembered({}, f"{path} cannot be read: {error.strerror or error}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return Remembered({}, f"{path} is damaged")
    return Remembered({project.folder: project for project in found})


def change(state: Path, work: Callable[[dict[str, TrustedProject]], None]) -> str:
    """Change what is trusted, alone among all processes; whole or not at all.

    Args:
        work: called with what is there; changes it in place.

    Returns:
        Where a file that was damaged was moved; empty where none was.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        with _locked(state):
            found = read(state)
            aside = _put_aside(state) if found.problem else ""
            work(found.projects)
            _write(state, found.projects)
            return aside
    except OSError as error:
        raise StoreError(
            "Trust cannot be kept",
            detail=f"{_file(state)}: {error.strerror or error}",
            hint=f"make {state} a writable folder, or name another in PARACLE_STATE_DIR",
        ) from error


def _file(state: Path) -> Path:
    return state / "trust.json"


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    descriptor = os.open(state / "trust.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put_aside(state: Path) -> str:
    path = _file(state)
    aside = path.with_name(f"trust-damaged-{time.time_ns()}.json")
    path.replace(aside)
    return str(aside)


def _write(state: Path, projects: dict[str, TrustedProject]) -> None:
    part = state / "trust.json.part"
    document = {"format": FORMAT, "projects": [project.to_dict() for project in projects.values()]}
    with part.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(_file(state))
