"""A project in a repository, or a store alone, new for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paracle.app.store.store import Store
from tests.support.drafts import RUN, queued, started
from tests.support.hooking import Hooks
from tests.support.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def hooks(studio: Studio) -> Hooks:
    """The hooks of the studio's project, none yet."""
    return Hooks(studio)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store in which the execution :data:`RUN` runs."""
    with Store(tmp_path) as opened:
        await opened.create(RUN, queued())
        await opened.append(RUN, [started()])
        yield opened
