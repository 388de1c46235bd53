"""run_command: real programs, what they get, and that nothing of them stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from paracle.app.domain.errors import ToolError, ToolRefused
from paracle.app.domain.specs import Answer, Permissions
from paracle.app.tools.output import Clipped, LineLog, Stream
from tests.unit.tools.kit import Kit, until


@pytest.fixture
def shell(kit: Kit) -> Kit:
    kit.permissions = Permissions(shell=Answer.ALLOW)
    return kit


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_a_command_gives_exit_code_output_and_duration(shell: Kit) -> None:
    outcome = await shell.call("run_command", argv=["sh", "-c", "echo out; echo err >&2; pwd; exit 3"])

    assert outcome.value["exit_code"] == 3
    assert outcome.value["stdout"] == f"out\n{shell.root.resolve()}\n"
    assert outcome.value["stderr"] == "err\n"
    assert not outcome.value["timed_out"]
    assert outcome.summary.startswith("exit 3, ")


async def test_output_is_logged_line_by_line_while_the_command_runs(shell: Kit) -> None:
    script = "echo first; while [ ! -e go ]; do :; done; printf 'last, open'"
    running = asyncio.create_task(shell.call("run_command", argv=["sh", "-c", script]))

    await until(lambda: shell.logged == ["first"])
    assert not running.done()
    shell.write("go", "")
    await running

    assert shell.logged == ["first", "last, open"]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [(Answer.DENY, ""), (Answer.ASK, "its permissions say shell: ask, and nobody was asked")],
)
async def test_a_command_needs_the_permission_and_is_told_how_to_get_it(
    kit: Kit, answer: Answer, detail: str
) -> None:
    kit.permissions = Permissions(shell=answer)

    with pytest.raises(ToolRefused) as caught:
        await kit.call("run_command", argv=["touch", "made"])

    assert caught.value.detail == detail
    assert caught.value.hint.endswith("permissions: {shell: allow}")
    assert not (kit.root / "made").exists()


@pytest.mark.parametrize(
    ("text", "list_form"),
    [("git status -s", '["git", "status", "-s"]'), ("ls | wc", '["sh", "-c", "ls | wc"]')],
)
async def test_a_command_as_text_is_refused_with_the_list_to_write(
    shell: Kit, text: str, list_form: str
) -> None:
    with pytest.raises(ToolError) as caught:
        await shell.call("run_command", argv=text)

    assert list_form in caught.value.detail


async def test_nothing_is_expanded(shell: Kit) -> None:
    value = await shell.value("run_command", argv=["printf", "%s\n", "*", "$HOME", "a;b", "~"])

    assert value["stdout"] == "*\n$HOME\na;b\n~\n"


async def test_secrets_stay_out_of_the_environment(shell: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "HTTPS_PROXY",
        "GIT_DIR",
        "LD_PRELOAD",
    ):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    value = await shell.value("run_command", argv=["env"])

    assert "canary" not in value["stdout"]
    assert f"PATH={os.environ['PATH']}" in value["stdout"]
    assert "LC_ALL=C.UTF-8" in value["stdout"]


async def test_a_command_that_asks_gets_no_answer_and_does_not_hang(shell: Kit) -> None:
    assert (await shell.value("run_command", argv=["cat"]))["stdout"] == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["no-such-program-here"], "There is no program 'no-such-program-here'"),
        (["./notes.txt"], "'./notes.txt' is not executable"),
        (["./empty-header"], "'./empty-header' is not a program"),
        (["echo", "a\0b"], "The command cannot be run"),
        ([""], "The command cannot be run"),
        (["echo", "x" * 3_000_000], "The command is too long for the operating system"),
    ],
)
async def test_a_command_that_cannot_start_says_why(shell: Kit, argv: list[str], said: str) -> None:
    shell.write("notes.txt", "text")
    shell.write("empty-header", b"\x01\x02").chmod(0o755)

    with pytest.raises(ToolError) as caught:
        await shell.call("run_command", argv=argv)

    assert caught.value.title == said


async def test_a_command_that_takes_too_long_is_stopped_with_its_output_kept(shell: Kit) -> None:
    outcome = await shell.call("run_command", argv=["sh", "-c", "echo begun; sleep 600"], timeout=0.5)

    assert outcome.value["timed_out"]
    assert outcome.value["stdout"] == "begun\n"
    assert outcome.value["exit_code"] == -signal.SIGTERM
    assert outcome.summary.startswith("stopped after ")


# Children of each kind that is promised to end: in the group and, on Linux, those that left it.
FAMILY = """
import os, subprocess, sys, time
pids = [subprocess.Popen(["sleep", "600"]).pid]
if sys.platform.startswith("linux"):
    pids.append(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        daemon = os.fork()
        if daemon == 0:
            os.execvp("sleep", ["sleep", "600"])
        os.write(writing, str(daemon).encode())
        os._exit(0)
    pids.append(int(os.read(reading, 20)))
print(*pids, flush=True)
"""


def pids(kit: Kit) -> list[int]:
    return [int(pid) for line in kit.logged for pid in line.split()]


async def test_what_a_command_leaves_running_ends_with_it(shell: Kit) -> None:
    value = await shell.value("run_command", argv=[sys.executable, "-c", FAMILY])

    assert value["exit_code"] == 0
    assert pids(shell)
    await until(lambda: not any(map(is_alive, pids(shell))))


async def test_cancelling_ends_the_command_and_all_that_it_started(shell: Kit) -> None:
    script = FAMILY + "print(os.getpid(), flush=True)\ntime.sleep(600)\n"
    running = asyncio.create_task(shell.call("run_command", argv=[sys.executable, "-c", script]))
    await until(lambda: len(shell.logged) == 2)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await until(lambda: not any(map(is_alive, pids(shell))))


async def test_a_command_that_ignores_the_request_to_end_is_killed(shell: Kit) -> None:
    script = "trap '' TERM; echo $$; while :; do sleep 0.1; done"
    running = asyncio.create_task(shell.call("run_command", argv=["sh", "-c", script]))
    await until(lambda: len(pids(shell)) == 1)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pids(shell)[0])


async def test_cancelling_twice_kills_at_once(shell: Kit) -> None:
    script = "trap 'echo asked' TERM; echo $$; while :; do sleep 0.1; done"
    running = asyncio.create_task(shell.call("run_command", argv=["sh", "-c", script]))
    await until(lambda: len(shell.logged) == 1)
    pid = pids(shell)[0]

    running.cancel()
    await until(lambda: "asked" in shell.logged)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await until(lambda: not is_alive(pid))


async def test_endless_output_is_bounded_in_log_and_result(shell: Kit) -> None:
    outcome = await shell.call("run_command", argv=["yes", "a line"], timeout=1)

    assert outcome.value["truncated"]
    assert len(outcome.value["stdout"]) < 70_000
    assert "characters left out" in outcome.value["stdout"]
    assert len(shell.logged) == 20_001
    assert shell.logged[-1].startswith("… more than 20,000 lines")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_output_is_the_same_in_whatever_pieces_it_comes(size: int) -> None:
    data = "é one\r\ntwo\rthree\n\nfour".encode() + b"\xff\nopen"
    lines: list[str] = []
    stream = Stream(LineLog(lines.append))

    for start in range(0, len(data), size):
        stream.feed(data[start : start + size])
    stream.finish()

    assert lines == ["é one", "two", "three", "", "four\ufffd", "open"]
    assert stream.kept.text() == "é one\ntwo\nthree\n\nfour\ufffd\nopen"


def test_a_line_without_an_end_is_logged_in_pieces() -> None:
    lines: list[str] = []
    stream = Stream(LineLog(lines.append))

    for _ in range(10):
        stream.feed(b"x" * 1000)
    stream.finish()

    assert [len(line) for line in lines] == [4096, 4096, 1808]


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_clipped_text_keeps_the_beginning_and_the_end(piece: int) -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(100))
    clipped = Clipped(20)

    for start in range(0, 100, piece):
        clipped.add(text[start : start + piece])

    assert clipped.text() == f"{text[:10]}\n… 80 characters left out …\n{text[-10:]}"
    assert clipped.left_out == 80
