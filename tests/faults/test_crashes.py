"""Workers are killed -9 at random moments; every execution comes to its end, and no step is done twice."""

from __future__ import annotations

import pytest

from tests.support.crash_checks import check_all
from tests.support.crash_jobs import effects, prepare
from tests.support.crashing import crash
from tests.support.studio import Studio

SEEDS = range(10)
KILLS = 30
"""In each of the tests: 300 together."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_begun_comes_to_its_end_however_often_it_is_killed(studio: Studio, seed: int) -> None:
    prepare(studio)
    studio.repo.commit("the project")
    studio.repo.write("README.md", "# changed by hand\n")
    before = studio.fingerprint()
    crash(studio, seed, KILLS)
    # Most kills meet executions at work, and some meet several.
    assert check_all(studio, effects(studio)) >= KILLS / 2
    assert studio.fingerprint() == before
