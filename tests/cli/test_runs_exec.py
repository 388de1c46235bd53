"""`paracle runs exec`, on runs of other processes."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Running, call, make_project, paracle, paracle_json, running, write_script
from tests.support.repo import RepoBuilder
from tests.support.studio import alive, until

ALLOWED = 'name: shop\nworktree: {commands: [cat, echo, "sh -c", "git status"]}\n'


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A repository whose project allows some commands, all trusted."""
    built = RepoBuilder(tmp_path / "shop")
    make_project(built.folder)
    built.write(".parac/project.yaml", ALLOWED)
    built.commit("first")
    assert paracle(built.folder, "trust", "--yes").returncode == 0
    return built


@pytest.fixture
def waiting(repo: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    """A run that has written a file and waits for its model."""
    model = write_script(
        tmp_path / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="words\n")]},
        {"text": "never", "delay": 300},
    )
    with running(repo.folder, "run", "worker", "--model", model) as command:
        command.wait_for("±")
        yield command


@pytest.mark.usefixtures("waiting")
def test_a_command_prints_what_it_prints_and_ends_as_it_does(repo: RepoBuilder) -> None:
    done = paracle(repo.folder, "runs", "exec", "last", "--", "sh", "-c", "cat a.txt; echo no >&2; exit 7")
    assert (done.returncode, sorted(done.stdout.split())) == (7, ["no", "words"])
    assert "exit 7" in done.stderr
    found = json.loads(paracle(repo.folder, "runs", "exec", "last", "--json", "--", "cat", "a.txt").stdout)
    assert (found["exit"], found["output"], found["commit"]) == (0, "words", "")
    log = paracle(repo.folder, "runs", "log", "last").stdout
    assert "runs: cat a.txt" in log
    assert "✓ $ cat a.txt: exit 0" in log


@pytest.mark.usefixtures("waiting")
def test_words_that_look_like_options_or_lines_are_words(repo: RepoBuilder) -> None:
    done = paracle(repo.folder, "runs", "exec", "last", "--", "echo", "-rf", "--json", "a\nb", "$HOME *; ls")
    assert (done.returncode, done.stdout) == (0, "-rf --json a\nb $HOME *; ls\n")
    log = paracle(repo.folder, "runs", "log", "last", "--kind", "control.command").stdout
    assert len(log.splitlines()) == 1


@pytest.mark.usefixtures("waiting")
def test_output_does_nothing_to_the_terminal(repo: RepoBuilder) -> None:
    words = ("runs", "exec", "last", "--", "sh", "-c", r"printf '\033[2Jx\n'")
    with running(repo.folder, *words, on_terminal=True) as command:
        assert command.end() == 0
        assert "[2Jx" in command.text
        assert "\x1b[2J" not in command.text


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "argv", [["rm", "-rf", "."], ["git", "push"], ["git"], ["./cat"], ["/bin/cat"], ["cat;rm"], ["-rf"]]
)
def test_what_does_not_begin_with_the_allowed_words_is_refused(repo: RepoBuilder, argv: list[str]) -> None:
    done = paracle(repo.folder, "runs", "exec", "last", "--", *argv)
    assert (done.returncode, "is not allowed" in done.stderr) == (3, True)
    assert "worktree.commands in .parac/project.yaml" in done.stderr
    assert paracle(repo.folder, "runs", "log", "last", "--kind", "control.ran").stdout == ""


@pytest.mark.usefixtures("waiting")
def test_another_list_is_asked_about_again_and_no_list_says_what_to_write(repo: RepoBuilder) -> None:
    repo.write(".parac/project.yaml", "name: shop\nworktree: {commands: [cat, rm]}\n")
    changed = paracle(repo.folder, "runs", "exec", "last", "--", "cat", "a.txt")
    assert (changed.returncode, "changed since they were trusted" in changed.stderr) == (3, True)
    shown = paracle(repo.folder, "trust", "--json")
    assert [one["text"] for one in json.loads(shown.stdout)["added"]] == ["rm"]
    repo.write(".parac/project.yaml", "name: shop\n")
    without = paracle(repo.folder, "runs", "exec", "last", "--", "cat", "a.txt")
    assert (without.returncode, "worktree: {commands: [pytest, git status]}" in without.stderr) == (3, True)


@pytest.mark.usefixtures("waiting")
def test_a_command_whose_time_is_up_is_stopped_with_all_that_it_started(
    repo: RepoBuilder, tmp_path: Path
) -> None:
    script = f"echo begun > b.txt; sleep 300 & echo $! > {tmp_path}/pid; wait"
    done = paracle(repo.folder, "runs", "exec", "last", "--timeout", "0.5", "--", "sh", "-c", script)
    assert (done.returncode, "stopped after" in done.stderr) == (124, True)
    assert "1 file changed" in done.stderr
    until(lambda: not alive(int((tmp_path / "pid").read_text())))


@pytest.mark.usefixtures("waiting")
def test_ctrl_c_ends_the_command_and_nothing_else(repo: RepoBuilder, tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/pid; echo at work; wait"
    with running(repo.folder, "runs", "exec", "last", "--", "sh", "-c", script) as command:
        command.wait_for("at work")
        command.signal(signal.SIGINT)
        assert command.end() == 130
        assert "stopped before its end" in command.text
    until(lambda: not alive(int((tmp_path / "pid").read_text())))
    assert paracle_json(repo.folder, "runs", "list")["executions"][0]["state"] == "running"


@pytest.mark.usefixtures("waiting")
def test_a_program_that_there_is_not_is_named(repo: RepoBuilder) -> None:
    repo.write(".parac/project.yaml", "name: shop\nworktree: {commands: [no-such-program]}\n")
    assert paracle(repo.folder, "trust", "--yes").returncode == 0
    done = paracle(repo.folder, "runs", "exec", "last", "--", "no-such-program")
    assert (done.returncode, "There is no program 'no-such-program'" in done.stderr) == (127, True)


def test_what_has_ended_has_no_worktree_and_the_refusal_says_how_to_go_on(repo: RepoBuilder) -> None:
    paracle(repo.folder, "run", "tour")
    done = paracle(repo.folder, "runs", "exec", "last", "--", "cat", "a.txt")
    assert (done.returncode, "paracle run tour --on" in done.stderr) == (5, True)


def test_a_list_that_cannot_be_read_is_a_problem_with_its_place(repo: RepoBuilder) -> None:
    repo.write(".parac/project.yaml", "name: shop\nworktree:\n  commands:\n    - \"git 'status\"\n    - ''\n")
    done = paracle(repo.folder, "validate")
    assert done.returncode != 0
    assert "a quote in it is not closed" in done.stdout + done.stderr
    assert "project.yaml:4" in done.stdout + done.stderr
