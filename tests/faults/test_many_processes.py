"""Eight processes at one project: no event is lost, and nobody is told that the database is locked."""

from __future__ import annotations

import pytest

from tests.support.hammer_checks import hammered
from tests.support.studio import Studio

SECONDS = 20.0


@pytest.mark.timeout(300)
def test_eight_processes_at_one_project(studio: Studio) -> None:
    hammered(studio, SECONDS)
