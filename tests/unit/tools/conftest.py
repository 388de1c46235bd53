from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tools.kit import Kit


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    root = tmp_path / "project"
    root.mkdir()
    return Kit(root)
