"""Listing a thousand branches of executions; the long soak of random sequences."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, seed, settings

from paracle.app.domain.events import Kind
from paracle.app.domain.ids import ALPHABET
from paracle.app.services import history
from tests.benchmarks.conftest import Figure
from tests.benchmarks.test_git import populated
from tests.support.drafts import completed, draft, queued
from tests.support.history import Past
from tests.support.sequences import Step, Template, World, steps

BRANCHES = 1_000
FORKS = 50
SOAK = int(os.environ.get("PARACLE_SOAK_SEQUENCES", "10000"))
PARTS = 20


@pytest.fixture(params=[1_000, 20_000])
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    """A repository of so many files, with a thousand branches forked from fifty commits of its target."""
    populated(tmp_path / "my project", request.param)
    with Past.reopen(tmp_path) as past:
        fork_branches(past)
        asyncio.run(record(past))
        yield past


def names() -> list[str]:
    """The executions' ids."""
    return ["".join(ALPHABET[number // 32**place % 32] for place in range(10)) for number in range(BRANCHES)]


def fork_branches(past: Past) -> None:
    """Write all commits in one process: a round of the target, then branches of three files each on it."""
    start, commands, mark = past.repo.head, [], 0
    head = start
    for number, name in enumerate(names()):
        if number % (BRANCHES // FORKS) == 0:
            mark += 1
            commands.append(
                commit("refs/heads/main", mark, head, {f"package_0/round_{mark}.py": f"{mark}\n"})
            )
            head = f":{mark}"
        changed = {
            f"package_{number % 40}/module_{number % 40 + 40 * part}.py": f"N = {number}\n"
            for part in range(3)
        }
        mark += 1
        commands.append(commit(f"refs/heads/exec/{name}/20261120_083059", mark, head, changed))
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=past.repo.folder,
        input="".join(commands).encode(),
        check=True,
    )
    past.repo.git("reset", "--quiet", "--hard")


def commit(ref: str, mark: int, parent: str, files: dict[str, str]) -> str:
    """One commit in the words of ``git fast-import``."""
    changes = "".join(f"M 644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items())
    who = "Ada Tester <ada@example.org> 1790000000 +0000"
    return f"commit {ref}\nmark :{mark}\ncommitter {who}\ndata 5\nwork\n\nfrom {parent}\n{changes}\n"


async def record(past: Past) -> None:
    """The accounts of the executions."""
    store = past.workspace.store
    tips = past.repo.git(
        "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/exec"
    ).splitlines()
    for line in tips:
        branch, tip = line.split(" ")
        name = branch.split("/")[1]
        base = past.repo.git("rev-parse", f"{tip}^")
        where = {"branch": branch, "base_commit": base, "worktree": "", "isolation": "worktree"}
        await store.create(name, queued("fixer"))
        begun = draft(Kind.STARTED, model="offline", repository=str(past.repo.folder), **where)
        await store.append(name, [begun, completed(name)])


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def test_listing_a_thousand_branches(past: Past, figure: Figure) -> None:
    files = len(past.repo.names("main"))
    size = "1,000" if files < 10_000 else "20,000"
    memory = past.workspace.local / "branches.json"

    def cold() -> None:
        memory.unlink(missing_ok=True)
        assert len(history.branches(past.workspace)) == BRANCHES

    colds = [timed(cold) for _ in range(3)]
    warms = [timed(lambda: history.branches(past.workspace)) for _ in range(15)]
    plain = [timed(lambda: past.repo.git("branch", "--list", "--verbose", "exec/*")) for _ in range(15)]
    figure(f"listing 1,000 branches, cold, {size} files", statistics.median(colds), "s", 2.0)
    figure(f"listing 1,000 branches, warm, {size} files", statistics.median(warms) * 1000, "ms", 150.0)
    print(f"beside it, git branch --verbose: {statistics.median(plain) * 1000:.0f} ms")


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_sequences(tmp_path: Path, part: int) -> None:
    """A part of the sequences, with a seed of its own: a failure names the part that finds it again."""
    template = Template.make(tmp_path / "template")

    @seed(part)
    @given(steps())
    @settings(
        max_examples=SOAK // PARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def play(sequence: list[Step]) -> None:
        with TemporaryDirectory() as folder, template.copy(Path(folder) / "past") as past:
            world = World(past)
            for step in sequence:
                world.do(step)
            world.finish()

    play()
