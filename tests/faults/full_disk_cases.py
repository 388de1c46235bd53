"""What the tests of a full disk do where the small disk is mounted: each a process of its own."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from tests.support.studio import Studio, Turn, commands, of_kind, paracle, says, text_of, writes

KIB = 1024


def fill(folder: Path, leave: int) -> Path:
    """Fill a disk but for some KiB; gives the file to remove."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4 * KIB):
                pass
        except OSError:
            file.truncate(max(0, file.tell() - leave * KIB))
    return filler


def run(studio: Studio, *turns: Turn, code: int) -> str:
    """Run the worker on a script from the command line; gives what it said."""
    return run_on(studio, studio.script(*turns), code=code)


def run_on(studio: Studio, model: str, *, code: int) -> str:
    """Run the worker on a script that is there already."""
    done = paracle("run", "worker", "--model", model, cwd=studio.repo.folder)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said, said
    return said


def works_again(studio: Studio) -> None:
    """A new run ends well, and the store and the repository are sound."""
    run(studio, writes("again.txt"), says("works"), code=0)
    local = studio.files.parac / ".local"
    with closing(sqlite3.connect(local / "engine.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert studio.repo.healthy()


def the_store(folder: Path) -> None:
    """The disk of the store fills up in the middle of a run."""
    studio = Studio(folder)
    local = studio.files.parac / ".local"
    run(studio, says("first"), code=0)
    before = studio.fingerprint()
    filler = fill(local, 200)
    flood = {"flood": {"lines": 20_000, "text": "line {n}", "per_second": 40_000}}
    said = run(studio, writes("kept.txt"), flood, says("never"), code=1)
    assert "disk is full" in said, said
    filler.unlink()
    with studio.open() as here:
        broken = here.store.executions()[0]
        events = [event for batch in here.store.follow(broken.id) for event in batch]
        assert broken.state in (State.FAILED, State.INTERRUPTED)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        heard = text_of(events).splitlines()
        assert heard == [f"line {number}" for number in range(1, len(heard) + 1)]
        assert here.store.executions()[1].note == "first"
    assert studio.repo.show(broken.branch, "kept.txt") == "words"
    assert studio.fingerprint() == before
    works_again(studio)


def the_store_from_the_beginning(folder: Path) -> None:
    """There is no room for the store at all."""
    studio = Studio(folder)
    before = studio.fingerprint()
    model = studio.script(says())
    filler = fill(folder, 0)
    said = run_on(studio, model, code=1)
    assert "hint:" in said, said
    assert studio.repo.run_branches() == []
    assert studio.worktrees() == []
    filler.unlink()
    assert studio.fingerprint() == before
    works_again(studio)


def the_worktree(folder: Path) -> None:
    """The disk of the worktrees is too small for what the agent writes: it is told, and goes on."""
    studio = Studio(folder)
    before = studio.fingerprint()
    with studio.open() as here:
        handle = studio.start(
            here,
            writes("large.txt", "x" * 3000 * KIB),
            commands("sh", "-c", "head -c 5000000 /dev/zero > larger.bin || { rm larger.bin; exit 1; }"),
            writes("small.txt"),
            says("went on"),
        )
        receipt = handle.wait()
        (failed,) = of_kind(here.store.events(handle.id), Kind.STEP_FAILED)
        assert "disk is full" in failed.payload["error"]["title"], failed
    assert receipt.answer == "went on", receipt
    assert [change.path for change in receipt.files] == ["small.txt"]
    assert studio.fingerprint() == before
    assert studio.worktrees() == []


def the_worktree_from_the_beginning(folder: Path, state: Path) -> None:
    """There is no room for a worktree."""
    studio = Studio(folder)
    before = studio.fingerprint()
    filler = fill(state, 0)
    said = run(studio, says(), code=1)
    assert "disk is full" in said or "No space left" in said, said
    assert studio.repo.run_branches() == []
    assert studio.worktrees() == []
    filler.unlink()
    assert studio.fingerprint() == before
    works_again(studio)


def the_repository(folder: Path) -> None:
    """Project, store and repository share a disk that fills up: the work stays in the worktree."""
    studio = Studio(folder)
    run(studio, writes("kept.txt"), says("first"), code=0)
    before = studio.fingerprint()
    filler = fill(folder, 400)
    # Made by a command, since the text of a file that a tool writes is in the store as well.
    large = "import random; print(random.Random(1).randbytes(600_000).hex(), file=open('large.txt', 'w'))"
    said = run(studio, commands(sys.executable, "-c", large), says("never"), code=1)
    assert "disk is full" in said, said
    filler.unlink()
    with studio.open() as here:
        broken = here.store.executions()[0]
    assert broken.state in (State.FAILED, State.INTERRUPTED), broken
    assert len((Path(broken.worktree) / "large.txt").read_text()) == 1_200_001
    assert studio.fingerprint() == before
    works_again(studio)
    assert studio.worktrees() == [broken.worktree]


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(Path, sys.argv[2:]))
