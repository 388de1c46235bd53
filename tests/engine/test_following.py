"""Runs that begin with the user's files as they are, or go on with the branch of an earlier run."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path

import pytest

from paracle.app.domain.diffs import ADDED, Place
from paracle.app.domain.errors import Conflict, NotFound, ParacleError, UsageError
from paracle.app.domain.events import Kind, describe
from paracle.app.domain.executions import Receipt
from paracle.app.domain.history import Mode
from paracle.app.domain.review import Part, Verdict
from paracle.app.domain.states import State
from paracle.app.engine.engine import Engine
from paracle.app.engine.request import RunRequest
from paracle.app.git.place import BranchGone
from paracle.app.git.worktrees import own_directory
from paracle.app.services import history, pull_requests, review, runs
from paracle.app.services.why import why
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, Turn, commands, of_kind, says, until, writes


def go(here: Workspace, studio: Studio, *turns: Turn, follows: str = "", changes: bool = False) -> Receipt:
    """One run to its end."""
    model = studio.script(*turns, name=f"script {len(list(studio.folder.iterdir()))}")
    return runs.start(here, "worker", task="work", model=model, follows=follows, with_changes=changes).wait()


def test_a_run_with_changes_sees_them_and_says_so(studio: Studio) -> None:
    studio.repo.write("shop/cart.py", "mine = 1\n")
    studio.repo.write("loose.txt", "loose\n")
    before = studio.fingerprint()
    with studio.open() as here:
        receipt = go(here, studio, commands("cp", "loose.txt", "copied.txt"), says(), changes=True)
        (started,) = of_kind(list(runs.telling_events(here, receipt.execution)), Kind.STARTED)
    assert receipt.with_changes
    assert receipt.beginning == "began with your files as they were"
    assert started.payload["with_changes"] is True
    assert describe(started).endswith(", from your files as they are")
    assert [change.path for change in receipt.files] == ["copied.txt"]
    assert studio.repo.show(receipt.base_commit, "shop/cart.py") == "mine = 1"
    assert studio.fingerprint() == before


def test_a_follow_up_has_its_own_account_and_counts_what_it_did_itself(studio: Studio) -> None:
    with studio.open() as here:
        first = go(here, studio, writes("one.txt"), says("one"))
        second = go(here, studio, writes("two.txt"), says("two"), follows=first.execution)
        third = go(here, studio, says("nothing"), follows=first.branch)
        (started,) = of_kind(list(runs.telling_events(here, second.execution)), Kind.STARTED)
    assert second.execution != first.execution
    assert (second.branch, third.branch) == (first.branch, first.branch)
    assert (second.base_commit, third.base_commit) == (first.tip, second.tip)
    assert [change.path for change in second.files] == ["two.txt"]
    assert second.follows == started.payload["follows"] == first.execution
    assert describe(started).endswith(f", on the branch of {first.execution[:4]}")
    assert third.files == ()
    assert studio.worktrees() == []
    trailers = studio.repo.message(second.tip)
    assert f"Paracle-Execution: {second.execution}" in trailers


def test_two_that_start_on_one_branch_at_once_do_not_both_begin(studio: Studio) -> None:
    found: list[object] = []
    with studio.open() as here, studio.open() as there:
        first = go(here, studio, writes("one.txt"), says())
        model = studio.script(writes("two.txt"), says(delay=300), name="slow")

        def start(where: Workspace) -> None:
            try:
                found.append(runs.start(where, "worker", model=model, follows=first.execution))
            except Conflict as error:
                found.append(error)

        starting = [threading.Thread(target=start, args=(where,)) for where in (here, there)]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        (refused,) = (one for one in found if isinstance(one, Conflict))
        (handle,) = (one for one in found if isinstance(one, runs.RunHandle))
        assert handle.id[:4] in str(refused)
        assert refused.hint
        handle.stop()
        assert len(runs.listing(here)) == 2


@pytest.mark.parametrize(
    ("follows", "changes", "kind"), [("nobody", False, NotFound), ("last", True, UsageError)]
)
def test_what_cannot_begin_is_refused_before_anything_starts(
    studio: Studio, follows: str, changes: bool, kind: type[ParacleError]
) -> None:
    with studio.open() as here:
        go(here, studio, says())
        with pytest.raises(kind):
            go(here, studio, says(), follows=follows, changes=changes)
        assert len(runs.listing(here)) == 1


def test_a_branch_that_was_discarded_is_gone_until_it_is_restored(studio: Studio) -> None:
    with studio.open() as here:
        first = go(here, studio, writes("one.txt"), says())
        history.discard(here, first.execution)
        with pytest.raises(BranchGone):
            go(here, studio, says(), follows=first.execution)
        assert len(runs.listing(here)) == 1
        history.restore(here, first.branch)
        assert go(here, studio, says(), follows=first.execution).state is State.COMPLETED


def test_a_folder_without_git_can_be_gone_on_with_too(tmp_path: Path, studio: Studio) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "app.py").write_text("x = 1\n")
    with Workspace.open(plain) as here:
        first = runs.start(here, "reviewer", with_changes=True).wait()
        assert first.with_changes
        second = runs.start(here, "reviewer", follows=first.execution).wait()
    assert second.error is None
    assert (second.branch, second.repository) == (first.branch, first.repository)
    assert second.base_commit == first.tip


def test_what_is_said_in_a_review_goes_back_to_the_agent_on_the_same_branch(studio: Studio) -> None:
    with studio.open() as here:
        first = go(here, studio, writes("one.txt"), writes("two.txt"), says())
        reviewed = review.open_review(here, first.execution)
        with pytest.raises(Conflict, match="nothing to send"):
            review.send(here, reviewed)
        one, two = review.files(reviewed)
        review.judge(here, reviewed.execution, one, Part("one.txt"), Verdict.REJECTED)
        review.look_at(here, reviewed.execution, two, Part("two.txt"))
        review.note(here, reviewed.execution, two, None, "say more")
        model = studio.script(commands("rm", "one.txt"), says(delay=300), name="answer")

        handle = review.send(here, reviewed, model=model)

        until(lambda: handle.execution.totals.steps > 1)
        with pytest.raises(Conflict, match="nothing new to send"):
            review.send(here, reviewed)
        review.note(here, reviewed.execution, two, Place(ADDED, 1), "one more")
        with pytest.raises(Conflict, match="is running on that branch"):
            review.send(here, reviewed)
        handle.stop()
        assert handle.execution.branch == first.branch
        assert "say more" in handle.execution.task
        assert "Rejected in `one.txt`" in handle.receipt.inputs["task"]
        again = review.open_review(here, handle.id)
        files = review.files(again)
        assert [file.path for file in files] == ["two.txt"]
        marks = review.load(here, again.execution).marks(files)
        assert marks.is_reviewed("two.txt", files[0].changes)
        assert marks.sent == {"two.txt": {None}}
        said = review.message(here, again)
        assert "one more" in said
        assert "say more" not in said


def test_a_line_of_a_squashed_merge_leads_to_the_run_that_wrote_it(studio: Studio) -> None:
    with studio.open() as here:
        first = go(here, studio, writes("one.txt"), says())
        second = go(here, studio, writes("two.txt"), says(), follows=first.execution)
        history.merge(here, first.execution, mode=Mode.SQUASH)
        assert why(here, "one.txt", 1).execution == first.execution
        found = why(here, "two.txt", 1)
    assert (found.execution, found.tool) == (second.execution, "write_file")


def test_a_pull_request_is_about_the_whole_branch(studio: Studio) -> None:
    with studio.open() as here:
        first = go(here, studio, writes("one.txt"), says())
        second = go(here, studio, writes("two.txt"), says(), follows=first.execution)
        for named in (first.execution, second.execution):
            asked = pull_requests.create(here, named)
            patch = Path(asked.patch).read_text()
            for name in ("one.txt", "two.txt"):
                assert f"+++ b/{name}" in patch
                assert f"`{name}`" in asked.body


async def test_while_runs_live_their_locks_say_so_again_and_again(studio: Studio) -> None:
    with studio.open() as here:
        agent, inputs = runs.prepare(here, "worker", {}, "")
        request = RunRequest(
            agent=agent, inputs=inputs, model=studio.script(says(delay=300)), folder=here.project.root
        )
        engine = Engine(here.store, here.project.root, here.state, heartbeat=0.05)
        started = [await engine.start(request) for _ in range(2)]

        def at_work() -> list[Path]:
            rows = [here.store.execution(one.execution.id) for one in started]
            return [Path(row.worktree) for row in rows if row.worktree]

        await asyncio.to_thread(until, lambda: len(at_work()) == 2)
        locks = [own_directory(worktree) / "locked" for worktree in at_work()]
        for lock in locks:
            lock.write_text(re.sub(r"alive [^)]*", "alive 2001-01-01T00:00:00Z", lock.read_text()))
        await asyncio.to_thread(until, lambda: not any("2001" in lock.read_text() for lock in locks))
        await engine.close()
        assert not any(lock.exists() for lock in locks)
