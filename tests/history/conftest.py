"""A repository whose project has executions behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.history import Past


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """One commit, no execution yet, the project open."""
    with Past(tmp_path) as past:
        yield past
