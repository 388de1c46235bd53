"""A project in a repository, new for each test."""

from pathlib import Path

import pytest

from tests.support.hooking import Hooks
from tests.support.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def hooks(studio: Studio) -> Hooks:
    """The hooks of the studio's project, none yet."""
    return Hooks(studio)
