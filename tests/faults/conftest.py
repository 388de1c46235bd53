"""A project in a repository, new for each test."""

from pathlib import Path

import pytest

from tests.support.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")
