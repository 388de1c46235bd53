"""The project's checks on a branch: read, run again, and kept by the branch's tip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from paracle.app.domain.checks import Check
from paracle.app.domain.errors import Conflict, NotFound, PolicyRefused, ProjectError
from paracle.app.engine.preparing import SetupFailed
from paracle.app.services import checks, trust
from tests.support.history import Past
from tests.support.repo import Fingerprint


def settle(past: Past, *commands: str, setup: Sequence[str] = (), copy: Sequence[str] = ()) -> None:
    """Give the project these checks, and trust them."""
    parac = past.repo.folder / ".parac"
    parac.mkdir(exist_ok=True)
    (parac / ".gitignore").write_text(".local/\n")
    settings = {"checks": [*commands], "worktree": {"setup": [*setup], "copy": [*copy]}}
    (parac / "project.yaml").write_text(yaml.safe_dump(settings))


def trusted(past: Past) -> None:
    with past.opened() as here:
        trust.accept(here, trust.look(here))


def reopened(past: Past) -> None:
    """The project has a ``.parac`` from here on."""
    past.workspace.close()
    past.workspace = past.opened()


def users(past: Past) -> Fingerprint:
    """What is the user's, without the project's own store."""
    found = past.mine()
    files = {path: entry for path, entry in found.files.items() if not path.startswith(".parac")}
    return replace(found, files=files)


def brief(found: Sequence[Check]) -> list[tuple[str, bool]]:
    return [(check.command, check.ok) for check in found]


@pytest.fixture(autouse=True)
def project(past: Past) -> None:
    settle(past, "grep -q fix app.py", "grep -q nothing-like-it app.py")
    past.repo.commit("settings")
    reopened(past)
    trusted(past)


EXPECTED = [("grep -q fix app.py", True), ("grep -q nothing-like-it app.py", False)]


def test_checks_run_at_the_tip_and_are_kept_for_it(past: Past) -> None:
    execution = past.execution({"app.py": "fix\n"})
    assert checks.results(past.workspace, execution) == ()
    mine = users(past)
    found = checks.run(past.workspace, execution)
    assert brief(found) == EXPECTED
    with past.opened() as another:
        assert checks.results(another, execution[:6]) == found
    assert users(past) == mine
    assert (past.leftovers(), past.repo.worktrees()) == ([], [])


def test_another_tip_has_results_of_its_own(past: Past) -> None:
    execution = past.execution({"app.py": "fix\n"})
    checks.run(past.workspace, execution)
    past.repo.git("branch", "--force", past.branch(execution), "main")
    assert checks.results(past.workspace, execution) == ()
    assert [check.ok for check in checks.run(past.workspace, execution)] == [False, False]


def test_a_newer_run_takes_the_place_of_an_older_one(past: Past, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    settle(past, f"test -e '{flag}'")
    trusted(past)
    execution = past.execution({"app.py": "fix\n"})
    assert not checks.run(past.workspace, execution)[0].ok
    flag.touch()
    assert checks.run(past.workspace, execution)[0].ok
    assert checks.results(past.workspace, execution)[0].ok


def test_checks_run_in_the_branchs_own_work_tree_where_it_is_still_there(past: Past) -> None:
    settle(past, "test -e left.txt", "sh -c 'pwd >&2; exit 1'")
    trusted(past)
    execution = past.execution({"app.py": "fix\n"}, leaves={"left.txt": "unfinished\n"})
    left, where = checks.run(past.workspace, execution)
    assert left.ok
    assert where.output_tail == str(past.worktree(execution))
    assert (past.worktree(execution) / "left.txt").exists()


def test_a_work_tree_made_for_checks_is_made_ready_as_for_a_run(past: Past) -> None:
    (past.repo.folder / ".gitignore").write_text("*.local\ndeps/\n.parac/.local\n")
    past.repo.commit("ignore")
    (past.repo.folder / "x.local").write_text("mine\n")
    settle(past, "grep -q mine x.local", "test -d deps", setup=["mkdir deps"], copy=["*.local"])
    trusted(past)
    execution = past.execution({"app.py": "fix\n"})
    assert [check.ok for check in checks.run(past.workspace, execution)] == [True, True]
    assert (past.leftovers(), past.repo.worktrees()) == ([], [])


def test_setup_that_fails_there_is_an_error_and_leaves_nothing(past: Past) -> None:
    settle(past, "true", setup=["false"])
    trusted(past)
    execution = past.execution({"app.py": "fix\n"})
    with pytest.raises(SetupFailed):
        checks.run(past.workspace, execution)
    assert checks.results(past.workspace, execution) == ()
    assert (past.leftovers(), past.repo.worktrees()) == ([], [])


def test_checks_that_are_not_trusted_are_not_run(past: Past, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    settle(past, f"touch {ran}")
    execution = past.execution({"app.py": "fix\n"})
    with pytest.raises(PolicyRefused) as caught:
        checks.run(past.workspace, execution)
    assert "paracle trust" in caught.value.hint
    assert not ran.exists()


def test_a_project_without_checks_says_how_to_have_some(past: Past) -> None:
    settle(past)
    execution = past.execution({"app.py": "fix\n"})
    with pytest.raises(NotFound) as caught:
        checks.run(past.workspace, execution)
    assert "checks: [pytest -q]" in caught.value.hint


def test_settings_with_errors_are_refused(past: Past) -> None:
    execution = past.execution({"app.py": "fix\n"})
    (past.repo.folder / ".parac" / "project.yaml").write_text("checks: pytest\n")
    with pytest.raises(ProjectError):
        checks.run(past.workspace, execution)


def test_a_branch_that_is_worked_on_is_not_checked(past: Past) -> None:
    execution = past.execution({"app.py": "fix\n"}, ends=False)
    with pytest.raises(Conflict):
        checks.run(past.workspace, execution)


def test_an_execution_that_does_not_exist_is_not_found(past: Past) -> None:
    past.execution({"app.py": "fix\n"})
    for ask in (checks.run, checks.results):
        with pytest.raises(NotFound):
            ask(past.workspace, "zzzz")
