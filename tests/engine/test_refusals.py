"""What a model gets wrong, and what it may not do, is told to it; the run goes on where it can."""

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from tests.support.studio import Studio, calls, commands, of_kind, reads, says, writes

OUTSIDE = ["../../escape.txt", "/tmp/escape.txt", "out/escape.txt", ".git", "a/../../b"]
LIMITED = {"rate_limit": {"retry_after": 0.05}}


def test_a_rate_limit_is_waited_for_and_asked_again(studio: Studio) -> None:
    receipt, events = studio.run(LIMITED, LIMITED, says("made it"))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "made it")
    retried = of_kind(events, Kind.RETRIED)
    assert [event.payload["attempt"] for event in retried] == [1, 2]
    for event in retried:
        following = events[event.seq]
        assert event.payload["wait"] >= 0.05
        assert following.time - event.time >= 0.05
        assert event.payload["error"]["code"] == "model"
    assert len(of_kind(events, Kind.STEP_STARTED)) == 1


def test_asking_again_ends_after_the_limit(studio: Studio) -> None:
    limited = {"rate_limit": {"retry_after": 0.001}}
    receipt, events = studio.run(*[limited] * 6, says("too late"))
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["title"] == "The script says to ask again later"
    assert len(of_kind(events, Kind.RETRIED)) == 5


def test_what_a_broken_off_answer_used_is_counted(studio: Studio) -> None:
    used = {"input_tokens": 10, "output_tokens": 1, "cost_usd": 0.5}
    with studio.open() as here:
        handle = studio.start(here, says("half", usage=used, **LIMITED), says("whole", usage=used))
        receipt, row = handle.wait(), handle.execution
    assert receipt.answer == "whole"
    assert receipt.usage == row.totals.usage
    assert (receipt.usage.input_tokens, receipt.usage.cost_micro) == (20, 1_000_000)


def test_an_error_of_the_model_ends_the_run_with_its_words(studio: Studio) -> None:
    receipt, events = studio.run(writes("kept.txt"), {"text": "so far", "error": "The line went dead"})
    assert (receipt.state, receipt.error and receipt.error["title"]) == (State.FAILED, "The line went dead")
    assert studio.repo.show(receipt.branch, "kept.txt") == "words"
    assert events[-1].payload["error"] == receipt.error


def test_unreadable_output_is_told_and_the_model_goes_on(studio: Studio) -> None:
    bad = {"malformed": '{"tool": "read_fi'}
    receipt, events = studio.run(bad, bad, reads("README.md"), bad, bad, says("sorry"))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "sorry")
    told = [event.payload["text"] for event in of_kind(events, Kind.LOG)]
    assert sum("read_fi" in text for text in told) == 4


def test_unreadable_output_three_times_in_a_row_ends_the_run(studio: Studio) -> None:
    receipt, events = studio.run(*[{"malformed": "{"}] * 3, says("never said"))
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["code"] == "model"
    assert "3 times in a row" in receipt.error["detail"]
    assert len(of_kind(events, Kind.STEP_STARTED)) == 3


def test_a_tool_that_the_spec_does_not_name_is_refused(studio: Studio) -> None:
    studio.worker(tools="[read_file]")
    studio.repo.commit("less")
    receipt, events = studio.run(writes("no.txt"), calls(("teleport", {})), reads("README.md"), says())
    failed = of_kind(events, Kind.STEP_FAILED)
    assert [event.payload["error"]["code"] for event in failed] == ["tool_refused"] * 2
    assert all("its tools are: read_file" in event.payload["error"]["hint"] for event in failed)
    assert (receipt.state, receipt.refused, receipt.files) == (State.COMPLETED, 2, ())


def test_a_write_outside_the_permissions_is_refused_and_counted(studio: Studio) -> None:
    studio.worker(write="docs/**")
    studio.repo.commit("less")
    receipt, events = studio.run(writes("shop/cart.py", "hacked\n"), writes("docs/a.md"), says())
    (failed,) = of_kind(events, Kind.STEP_FAILED)
    assert failed.payload["error"]["code"] == "tool_refused"
    assert "write:" in failed.payload["error"]["hint"]
    assert receipt.refused == 1
    assert [change.path for change in receipt.files] == ["docs/a.md"]
    assert receipt.allowed == ("docs/**",)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_is_refused(studio: Studio, path: str) -> None:
    outside = studio.folder / "outside"
    outside.mkdir()
    (studio.repo.folder / "out").symlink_to(outside)
    studio.repo.commit("a link that leads out")
    before = studio.fingerprint()
    receipt, events = studio.run(writes(path), reads("README.md"), says())
    (failed,) = of_kind(events, Kind.STEP_FAILED)
    assert failed.payload["error"]["code"] in ("outside_root", "tool_refused")
    assert (receipt.state, receipt.refused, receipt.files) == (State.COMPLETED, 1, ())
    assert list(outside.iterdir()) == []
    assert studio.fingerprint() == before


def test_reading_a_path_that_leads_out_is_refused(studio: Studio) -> None:
    receipt, events = studio.run(reads("../../../../../../etc/passwd"), reads("/etc/passwd"), says())
    codes = [event.payload["error"]["code"] for event in of_kind(events, Kind.STEP_FAILED)]
    assert codes == ["outside_root"] * 2
    assert receipt.refused == 2


def test_an_error_of_a_tool_is_told_and_the_run_goes_on(studio: Studio) -> None:
    receipt, events = studio.run(
        reads("missing.txt"),
        calls(("read_file", {"pth": "README.md"}), ("read_file", {"path": "README.md"})),
        commands("sh", "-c", "exit 3"),
        says("went on"),
    )
    assert (receipt.state, receipt.answer, receipt.refused) == (State.COMPLETED, "went on", 0)
    failed = [event.payload["error"]["title"] for event in of_kind(events, Kind.STEP_FAILED)]
    assert failed == ["'missing.txt' does not exist", "The arguments of read_file do not fit"]
    ran = of_kind(events, Kind.STEP_COMPLETED)[-2]
    assert ran.payload["result"]["exit_code"] == 3


def test_what_a_failing_command_left_is_committed(studio: Studio) -> None:
    receipt, _ = studio.run(commands("sh", "-c", "echo half > half.txt; exit 1"), says())
    assert [change.path for change in receipt.files] == ["half.txt"]


def test_an_event_that_cannot_be_recorded_ends_the_run_with_words_and_no_hole(
    studio: Studio, capfd: pytest.CaptureFixture[str]
) -> None:
    with studio.open() as here:
        handle = studio.start(here, writes("kept.txt"), calls(("read_file", {"limit": float("nan")})), says())
        receipt, row = handle.wait(), handle.execution
        events = here.store.events(handle.id)
    assert row.state is receipt.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["title"] == "An event cannot be recorded"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    begun = {event.payload["step"] for event in of_kind(events, Kind.STEP_STARTED)}
    ended = of_kind(events, Kind.STEP_FAILED, Kind.STEP_COMPLETED)
    assert {event.payload["step"] for event in ended} <= begun
    assert studio.repo.show(receipt.branch, "kept.txt") == "words"
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_model_that_claims_to_have_used_more_than_can_be_counted_does_no_harm(studio: Studio) -> None:
    # A row holds 64 bits; what a model says does not have to fit.
    with studio.open() as here:
        handle = studio.start(here, says(usage={"input_tokens": 2**80}))
        receipt, row = handle.wait(), handle.execution
    assert receipt.usage.input_tokens == 2**80
    assert row.state is receipt.state is State.COMPLETED
    assert row.totals.input_tokens == 2**63 - 1
