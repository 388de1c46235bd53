"""An operation is killed, or interrupted, at each moment in turn; nothing is lost, and all goes on."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from paracle.app.domain.history import Mode
from paracle.app.git.pending import MergeConflicts
from paracle.app.services import history
from tests.support.history import Past
from tests.support.sequences import Step, Template, World

LEFT = {"app.py": "half\n", "ignored.log": "precious\n", "loose.txt": "loose\n", "notes.md": None}


def merged(past: Past, run: str) -> None:
    history.merge(past.workspace, run)


def squashed(past: Past, run: str) -> None:
    history.merge(past.workspace, run, mode=Mode.SQUASH, target="other")


def discarded(past: Past, run: str) -> None:
    history.discard(past.workspace, run)


def cleaned(past: Past, run: str) -> None:
    merged(past, run)
    history.cleanup(past.workspace)


def applied(past: Past, run: str) -> None:
    history.apply(past.workspace, run)


def conflicted(past: Past, run: str) -> None:
    past.repo.commit("mine", **{"new.txt": "mine\n"})
    with pytest.raises(MergeConflicts):
        merged(past, run)


def nothing(past: Past, run: str) -> None:
    pass


SCENES: dict[str, tuple[Callable[[Past, str], None], Step, bool]] = {
    "merge into the checkout": (nothing, ("merge", 0, Mode.MERGE, "main"), False),
    "squash into another branch": (nothing, ("merge", 0, Mode.SQUASH, "other"), False),
    "rebase": (nothing, ("merge", 0, Mode.REBASE, "main"), False),
    "discard": (nothing, ("discard", 0), True),
    "cleanup": (merged, ("cleanup",), False),
    "apply": (nothing, ("apply", 0), False),
    "continue": (conflicted, ("end", "theirs"), False),
    "give up": (conflicted, ("end", "abort"), False),
    "undo of a merge": (merged, ("undo",), False),
    "undo of a merge elsewhere": (squashed, ("undo",), False),
    "undo of a discard": (discarded, ("undo",), True),
    "undo of a cleanup": (cleaned, ("undo",), False),
    "undo of an apply": (applied, ("undo",), False),
    "restore": (discarded, ("restore", 0), False),
    "prune": (nothing, ("prune",), True),
}


INTERRUPTED = ("merge into the checkout", "discard", "apply", "undo of a discard")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", SCENES)
def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path, scene: str) -> None:
    play(tmp_path, scene, signal.SIGKILL)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", INTERRUPTED)
def test_an_interrupt_at_any_moment_loses_nothing(tmp_path: Path, scene: str) -> None:
    play(tmp_path, scene, signal.SIGINT)


def play(tmp_path: Path, scene: str, number: int) -> None:
    prepare, step, dirty = SCENES[scene]
    template = Template.make(tmp_path / "template")
    moment, killed = 0, True
    while killed:
        moment += 1
        with template.copy(tmp_path / f"{moment}") as past:
            world = World(past)
            world.do(
                ("run", [{"new.txt": "new\n"}, {"sub/deep.txt": "deep\n"}], LEFT if dirty else {}, False)
            )
            prepare(past, world.runs[0])
            killed = world.killed_at(step, moment, number)
            world.finish()
            # What was cut off can be asked for again, or has been done.
            if killed and step[0] != "undo":
                world.do(step)
                world.finish()
    assert moment > 5
