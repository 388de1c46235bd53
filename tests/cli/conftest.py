"""Folders that the commands are tried on."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.command import make_project, paracle_json
from tests.support.history import Past
from tests.support.repo import RepoBuilder

CODE = '''\
"""Sums."""


def add(a, b=[]):
    # TODO: types
    try:
        return a + b
    except:
        return None
'''


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder with Python code, without git and without ``.parac``."""
    folder = tmp_path / "plain"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "pkg" / "sums.py").write_text(CODE)
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A git repository with Python code and no ``.parac``."""
    built = RepoBuilder(tmp_path / "repo")
    built.write("pkg/__init__.py", "")
    built.write("pkg/sums.py", CODE)
    built.commit("feat: sums")
    return built


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A lite project with the agent ``worker``, without git."""
    return make_project(tmp_path / "project")


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Past]:
    """A repository whose project has executions behind it, where the commands look for them too."""
    monkeypatch.setenv("PARACLE_STATE_DIR", str(tmp_path / "state"))
    with Past(tmp_path) as past:
        yield past


@pytest.fixture
def queue(project: Path) -> Iterator[Path]:
    """The project; workers in the background are gone afterwards."""
    yield project
    for worker in paracle_json(project, "jobs", "list")["workers"]:
        with suppress(ProcessLookupError):
            os.kill(worker["process"], signal.SIGKILL)
