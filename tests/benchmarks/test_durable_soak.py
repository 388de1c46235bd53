"""What the tests of crashes and of many processes do for seconds, for as long as it takes to be sure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.crash_checks import check_all
from tests.support.crash_jobs import effects, prepare
from tests.support.crashing import crash
from tests.support.hammer_checks import hammered
from tests.support.studio import Studio

SEEDS = range(1000, 1050)
KILLS = 100
"""In each: 5,000 together."""

SECONDS = 60.0


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_five_thousand_kills(tmp_path: Path, seed: int) -> None:
    studio = Studio(tmp_path / "studio")
    prepare(studio)
    studio.repo.commit("the project")
    before = studio.fingerprint()
    crash(studio, seed, KILLS)
    # Most kills meet executions at work, and some meet several.
    assert check_all(studio, effects(studio)) >= KILLS / 2
    assert studio.fingerprint() == before


@pytest.mark.soak
def test_eight_processes_at_one_project_for_a_minute(tmp_path: Path) -> None:
    hammered(Studio(tmp_path / "studio"), SECONDS)
