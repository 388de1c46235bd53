"""A run from its start to its receipt: what is recorded, what is committed, what is left alone."""

from pathlib import Path

import pytest

from paracle.app.domain.conversation import Usage
from paracle.app.domain.events import STEP_KINDS, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from tests.support.studio import Studio, calls, commands, of_kind, reads, says, text_of, writes

SESSION = (
    calls(
        ("read_file", {"path": "README.md"}),
        ("list_files", {"path": "."}),
        ("search", {"pattern": "total"}),
        text=["I look around.\n", "Three things ", "at once."],
        usage={"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.002},
    ),
    calls(
        ("write_file", {"path": "docs/a.md", "text": "one\n"}),
        ("edit_file", {"path": "docs/a.md", "old": "one", "new": "two"}),
        ("read_file", {"path": "docs/a.md"}),
        usage={"input_tokens": 200, "output_tokens": 30, "cost_usd": 0.003},
    ),
    says("docs/a.md says two.", usage={"input_tokens": 300, "output_tokens": 5, "cost_usd": 0.001}),
)


def test_a_run_is_told_event_by_event_in_order(studio: Studio) -> None:
    receipt, events = studio.run(*SESSION)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events == sorted(events, key=lambda event: event.time)
    assert [events[0].kind, events[1].kind, events[-1].kind] == [Kind.QUEUED, Kind.STARTED, Kind.COMPLETED]
    begun = [(event.payload["step"], event.payload["name"]) for event in of_kind(events, Kind.STEP_STARTED)]
    assert [step for step, _ in begun] == list(range(1, 10))
    assert sorted(name for _, name in begun[1:4]) == ["list_files", "read_file", "search"]
    assert [name for _, name in begun[5:8]] == ["write_file", "edit_file", "read_file"]
    ended = of_kind(events, Kind.STEP_COMPLETED)
    assert sorted(event.payload["step"] for event in ended) == list(range(1, 10))
    assert text_of(events).startswith("I look around.\nThree things at once.")
    assert [event.payload["step"] for event in of_kind(events, Kind.COMMIT)] == [6, 7]
    assert receipt == Receipt.from_dict(events[-1].payload["receipt"])


def test_calls_that_only_look_run_side_by_side_and_those_that_write_one_by_one(studio: Studio) -> None:
    _, events = studio.run(*SESSION)
    steps = [(event.kind, event.payload["step"]) for event in of_kind(events, *STEP_KINDS)]
    looking = steps[2:8]
    assert [kind for kind, _ in looking] == [Kind.STEP_STARTED] * 3 + [Kind.STEP_COMPLETED] * 3
    one_by_one = (Kind.STEP_STARTED, Kind.STEP_COMPLETED)
    assert steps[10:16] == [(kind, step) for step in (6, 7, 8) for kind in one_by_one]


def test_the_row_and_the_receipt_agree_on_the_totals(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, *SESSION)
        receipt, row = handle.wait(), handle.execution
    assert (row.state, row.note) == (State.COMPLETED, "docs/a.md says two.")
    assert receipt.usage == row.totals.usage == Usage(600, 55, 6000)
    assert receipt.tool_calls == {
        "read_file": 2,
        "list_files": 1,
        "search": 1,
        "write_file": 1,
        "edit_file": 1,
    }
    assert (receipt.steps, receipt.refused) == (row.totals.steps, 0) == (9, 0)
    assert row.totals.tool_calls == 6
    assert [(change.path, change.status, change.added) for change in receipt.files] == [("docs/a.md", "A", 1)]
    assert (row.totals.files, row.totals.added, row.totals.removed) == (1, 1, 0)
    assert row.started is not None and row.finished is not None
    assert 0 < receipt.seconds <= row.finished - row.started + 0.01


def test_the_branch_holds_what_the_agent_wrote_with_trailers(studio: Studio) -> None:
    base = studio.repo.head
    receipt, events = studio.run(*SESSION)
    repo = studio.repo
    assert receipt.branch in repo.run_branches()
    assert repo.show(receipt.branch, "docs/a.md") == "two"
    assert repo.git("rev-list", "--reverse", f"{base}..{receipt.branch}").split() == list(receipt.commits)
    assert receipt.tip == repo.git("rev-parse", receipt.branch) == receipt.commits[-1]
    assert [event.payload["sha"] for event in of_kind(events, Kind.COMMIT)] == list(receipt.commits)
    told = ((6, "write docs/a.md"), (7, "edit docs/a.md"))
    for sha, (step, subject) in zip(receipt.commits, told, strict=True):
        message = repo.message(sha).splitlines()
        assert message[0] == f"docs(worker): {subject}"
        assert f"Paracle-Execution: {receipt.execution}" in message
        assert f"Paracle-Step: {step}" in message
        assert f"Assisted-by: paracle:{receipt.model}" in message
    assert studio.worktrees() == []
    assert receipt.worktree == ""
    assert repo.healthy()


@pytest.mark.parametrize("state", ["clean", "dirty", "staged", "untracked", "all"])
def test_what_is_the_users_stays_as_it_is(studio: Studio, state: str) -> None:
    repo = studio.repo
    if state in ("dirty", "all"):
        repo.write("README.md", "changed by hand\n")
        (repo.folder / "shop" / "cart.py").unlink()
    if state in ("staged", "all"):
        repo.write("staged.txt")
        repo.git("add", "staged.txt")
        repo.write("staged.txt", "and then changed again\n")
    if state in ("untracked", "all"):
        repo.write("notes/untracked.txt")
    before = studio.fingerprint()
    receipt, _ = studio.run(
        calls(("write_file", {"path": "README.md", "text": "by the agent\n"}), text="Writing.\n"),
        commands("sh", "-c", "rm -r shop; mkdir shop; echo new > shop/new.txt; echo x > notes"),
        says(),
    )
    assert receipt.state is State.COMPLETED
    assert studio.fingerprint() == before
    assert repo.show(receipt.branch, "README.md") == "by the agent"
    assert "shop/new.txt" in repo.names(receipt.branch)
    assert "shop/cart.py" not in repo.names(receipt.branch)
    assert "staged.txt" not in repo.names(receipt.branch)


def test_uncommitted_changes_are_named_as_not_being_part_of_the_run(studio: Studio) -> None:
    studio.repo.write("README.md", "changed by hand\n")
    _, events = studio.run(says())
    warnings = [event.payload["text"] for event in of_kind(events, Kind.LOG)]
    assert any("README.md" in text for text in warnings)


def test_what_the_model_says_comes_back_whole_whatever_its_chunks(studio: Studio) -> None:
    chunks = ["a b ", "c\n\n", "d" * 300, " e\n", "word " * 40, "ünï\tcode ", "", "x" * 9000, "\nend"]
    receipt, events = studio.run(says(chunks))
    assert text_of(events) == receipt.answer == "".join(chunks)
    assert max(len(event.payload["text"]) for event in of_kind(events, Kind.TEXT)) <= 4000


def test_a_very_long_line_without_a_space_costs_no_more_than_its_length(studio: Studio) -> None:
    chunks = ["0123456789"] * 20_000
    receipt, events = studio.run(says(chunks))
    assert len(receipt.answer) == 200_000
    assert text_of(events) == receipt.answer


def test_a_run_that_changes_nothing_leaves_no_commit_and_no_worktree(studio: Studio) -> None:
    base = studio.repo.head
    receipt, _ = studio.run(reads("README.md"), says())
    assert (receipt.commits, receipt.files, receipt.tip) == ((), (), base)
    assert studio.worktrees() == []


def test_ignored_files_that_a_run_made_keep_its_worktree(studio: Studio) -> None:
    studio.repo.commit("ignore", **{".gitignore": "*.log\n"})
    receipt, _ = studio.run(writes("build.log"), says())
    assert (Path(receipt.worktree) / "build.log").read_text() == "words\n"
    assert receipt.commits == ()


def test_a_folder_without_git_runs_and_is_left_alone(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "studio")
    (studio.repo.folder / ".git").rename(tmp_path / "elsewhere")
    readme = (studio.repo.folder / "README.md").read_text()
    receipt, _ = studio.run(writes("README.md", "changed\n"), says())
    assert receipt.state is State.COMPLETED
    assert [(change.path, change.status) for change in receipt.files] == [("README.md", "M")]
    assert (studio.repo.folder / "README.md").read_text() == readme
    assert not (studio.repo.folder / ".git").exists()


def test_several_runs_at_once_do_not_meet(studio: Studio) -> None:
    with studio.open() as here:
        turns = [
            (writes("same.txt", f"run {number}\n"), commands("git", "status"), says(f"answer {number}"))
            for number in range(6)
        ]
        handles = [studio.start(here, *script) for script in turns]
        receipts = [handle.wait() for handle in handles]
    for number, receipt in enumerate(receipts):
        assert receipt.answer == f"answer {number}"
        assert studio.repo.show(receipt.branch, "same.txt") == f"run {number}"
    assert len({receipt.branch for receipt in receipts}) == len(studio.repo.run_branches()) == 6


def test_a_task_with_bytes_that_are_no_text_runs_all_the_same(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, says(), task="fix caf\udce9")
        receipt, row = handle.wait(), handle.execution
    assert receipt.state is State.COMPLETED
    assert receipt.inputs["task"] == "fix caf\udce9"
    assert row.task == "fix caf?"


def test_what_an_agent_declares_to_give_is_held_against_its_type(studio: Studio) -> None:
    studio.worker(extra="output: {n: int}")
    given, _ = studio.run(says('{"n": 3}'))
    assert (given.state, given.outputs) == (State.COMPLETED, {"n": 3})
    wrong, _ = studio.run(says('{"n": {"notes": []}}'))
    assert wrong.state is State.FAILED
    assert wrong.error is not None
    assert wrong.error["title"] == "worker gave a n that is no int"
