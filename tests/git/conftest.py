"""A repository, a state directory and the isolation between them."""

from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git.isolation import Isolation
from tests.support.repo import RepoBuilder

WHEN = datetime(2026, 11, 20, 8, 30, 59)


@pytest.fixture
def when() -> datetime:
    """When the executions of a test start."""
    return WHEN


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A repository with one commit of two files."""
    repo = RepoBuilder(tmp_path / "my project")
    repo.commit("first", app_py="print('hello')\n", docs__guide_py="# guide\n")
    return repo


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory, which does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def isolation(repo: RepoBuilder, state: Path) -> Isolation:
    """Isolation of the project in ``repo``."""
    return Isolation(repo.folder, state)
