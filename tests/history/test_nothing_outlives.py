"""No git process and no file handle outlives the call that needed it, whichever call that is."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from paracle.app.domain.errors import ParacleError
from paracle.app.domain.history import Mode
from paracle.app.git.pending import MergeConflicts
from paracle.app.services import history, merge_conflicts, why
from tests.support.history import Past, lines
from tests.support.studio import children


def conflict(past: Past, run: str) -> None:
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    merge_conflicts.take(past.workspace, "app.py", "both")
    history.abort(past.workspace)


def resolve(past: Past, run: str) -> None:
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run, mode=Mode.REBASE)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    history.undo(past.workspace)


def there_and_back(act: Callable[[Past, str], object]) -> Callable[[Past, str], None]:
    def both(past: Past, run: str) -> None:
        act(past, run)
        history.undo(past.workspace)

    return both


CALLS: dict[str, Callable[[Past, str], object]] = {
    "branches": lambda past, run: history.branches(past.workspace),
    "clashes": lambda past, run: history.clashes(past.workspace),
    "diff": lambda past, run: history.diff(past.workspace, run),
    "previews": lambda past, run: [
        history.preview(past.workspace, run, mode=mode) for mode in list(Mode)[:2]
    ],
    "blame": lambda past, run: why.why(past.workspace, Path("app.py"), 1),
    "a part": there_and_back(
        lambda past, run: history.merge(past.workspace, run, mode=Mode.SQUASH, files=["new"])
    ),
    "apply": there_and_back(lambda past, run: history.apply(past.workspace, run)),
    "discard": there_and_back(lambda past, run: history.discard(past.workspace, run)),
    "cleanup": lambda past, run: history.cleanup(past.workspace),
    "prune": lambda past, run: history.prune(past.workspace),
    "archive": lambda past, run: history.archive(past.workspace),
    "conflict": conflict,
    "resolve": resolve,
}


def handles() -> list[str]:
    """What this process has open, on Linux by name; those of pipes are never the same."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return ["open"] * len(list(Path("/dev/fd").iterdir()))
    found = []
    for handle in list(folder.iterdir()):
        with suppress(FileNotFoundError):  # that of the listing
            found.append(str(handle.readlink()).partition(":[")[0])
    return sorted(found)


@pytest.mark.parametrize("call", CALLS)
def test_nothing_outlives(past: Past, call: str) -> None:
    run = past.execution({"new": "1\n"}, {"app.py": lines("ONE", "two", "three")}, leaves={"loose": "1\n"})
    if call in ("conflict", "resolve"):
        past.repo.commit("mine", app_py=lines("uno", "two", "three"))
    CALLS[call](past, run)  # what is opened once and kept is open after this
    before = handles()
    CALLS[call](past, run)
    with pytest.raises(ParacleError):
        history.merge(past.workspace, "nobody")
    assert handles() == before
    assert children() == []
