"""A project to fill with files."""

from pathlib import Path

import pytest

from tests.support.projects import ProjectFiles


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    """A project with a ``project.yaml`` and no agents of its own."""
    return ProjectFiles(tmp_path)
