"""`run`: built-in agents on folders of any kind, inputs, output for people and programs, exit codes."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.command import call, make_project, paracle, paracle_json, running, write_script
from tests.support.repo import RepoBuilder


@pytest.mark.parametrize("agent", ["reviewer", "documenter", "explainer"])
def test_a_built_in_agent_runs_in_any_repository_and_leaves_the_users_side_alone(
    agent: str, repo: RepoBuilder
) -> None:
    repo.write("notes.txt", "not committed")
    before = repo.fingerprint()
    done = paracle(repo.folder, "run", agent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "no language model was asked" in done.stderr
    assert "next: paracle runs" in done.stderr
    assert repo.fingerprint() == before


def test_the_reviewer_commits_what_it_found_on_a_branch_of_its_own(repo: RepoBuilder) -> None:
    receipt = paracle_json(repo.folder, "run", "reviewer")
    assert [change["path"] for change in receipt["files"]] == ["REVIEW.md"]
    assert "pkg/sums.py" in repo.git("show", f"{receipt['branch']}:REVIEW.md")


def test_a_folder_without_git_and_without_a_project_is_enough(plain: Path) -> None:
    before = {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()}
    done = paracle(plain, "run", "reviewer")
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()} == before
    shown = paracle(plain, "runs", "show", "last", "--diff")
    assert "+++ b/REVIEW.md" in shown.stdout


def test_the_answer_is_all_there_is_on_stdout(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "forty\ntwo"})
    done = paracle(project, "run", "worker", "--model", model)
    assert (done.stdout, done.returncode) == ("forty\ntwo\n", 0)
    assert "Replayed from a script" in done.stderr


def test_json_is_the_receipt_and_nothing_else(project: Path) -> None:
    model = write_script(
        project / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="one\ntwo\n")]},
        {"text": "done", "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.25}},
    )
    done = paracle(project, "run", "worker", "--model", model, "--json")
    receipt = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert receipt["answer"] == "done"
    assert receipt["files"] == [{"path": "a.txt", "status": "A", "added": 2, "removed": 0}]
    assert receipt["usage"] == {"input_tokens": 10, "output_tokens": 5, "cost_micro": 250_000}


def test_watched_json_is_every_event_and_then_the_receipt(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "hello"})
    done = paracle(project, "run", "worker", "--model", model, "--watch", "--json")
    *events, receipt = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["kind"] == "execution.queued"
    assert events[-1]["kind"] == "execution.completed"
    assert receipt["answer"] == "hello"


def test_inputs_reach_the_agent_as_lists_and_as_text(plain: Path) -> None:
    by_comma = paracle_json(plain, "run", "documenter", "--input", "paths=pkg,.", "--task", "look")
    repeated = paracle_json(plain, "run", "documenter", "-i", "paths=pkg", "-i", "paths=.", "-t", "look")
    assert by_comma["inputs"]["paths"] == repeated["inputs"]["paths"] == ["pkg", "."]
    assert by_comma["inputs"]["task"] == "look"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody"], 4, "There is no agent 'nobody'"),
        (["reviewer", "--input", "pahts=x"], 2, "did you mean 'paths'"),
        (["reviewer", "--input", "paths"], 2, "--input name=value"),
        (["reviewer", "--model", "script:none.yaml"], 4, "none.yaml"),
        (["reviewer", "--model", "openai:gpt"], 2, "offline"),
        (["worker"], 2, "no playbook"),
        (["reviewer", "--watch", "--detach"], 2, "runs watch"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_no_execution(
    arguments: list[str], code: int, words: str, project: Path
) -> None:
    done = paracle(project, "run", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "hint:" in done.stderr
    assert paracle_json(project, "runs", "list")["executions"] == []


def test_a_run_that_fails_ends_with_1_and_keeps_its_account(project: Path) -> None:
    model = write_script(project / "s.yaml", {"error": "the model broke"})
    done = paracle(project, "run", "worker", "--model", model)
    assert done.returncode == 1
    assert "the model broke" in done.stderr
    assert "✗ failed" in paracle(project, "runs", "show", "last").stdout


def test_a_budget_that_is_used_up_ends_with_3(project: Path) -> None:
    spec = project / ".parac" / "agents" / "specs" / "worker.md"
    spec.write_text(spec.read_text().replace("model:", "budget: {tool_calls: 1}\nmodel:"))
    calls = [call("write_file", path=f"{n}.txt", text="x") for n in range(3)]
    model = write_script(project / "s.yaml", {"tool_calls": calls}, {"text": "done"})
    done = paracle(project, "run", "worker", "--model", model, "--json")
    receipt = json.loads(done.stdout)
    assert (done.returncode, receipt["error"]["code"]) == (3, "budget")
    assert [change["path"] for change in receipt["files"]] == ["0.txt"]


def test_a_scripts_file_is_named_from_where_the_person_stands(project: Path) -> None:
    (project / "below").mkdir()
    write_script(project / "below" / "s.yaml", {"text": "found"})
    assert paracle(project / "below", "run", "worker", "--model", "script:s.yaml").stdout == "found\n"
    assert paracle(project, "run", "worker", "--model", "script:below/s.yaml").stdout == "found\n"


def test_escape_sequences_of_an_answer_do_not_reach_a_terminal(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "safe \x1b[2J\x07 text"})
    with running(project, "run", "worker", "--model", model, on_terminal=True) as command:
        assert command.end() == 0
    assert "safe" in command.text
    assert "\x1b[2J" not in command.text
    assert "\x07" not in command.text


def test_a_detached_run_prints_its_id_and_goes_on_alone(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "done", "delay": 0.3})
    started = paracle_json(project, "run", "worker", "--model", model, "--detach")
    watched = paracle(project, "runs", "watch", started["execution"])
    assert (watched.returncode, watched.stdout) == (0, "done\n")


def test_a_detached_run_says_before_the_start_what_keeps_it_from_starting(project: Path) -> None:
    plain = paracle(project, "run", "nobody", "--detach")
    assert plain.returncode == 4
    assert "There is no agent 'nobody'" in plain.stderr
    as_json = paracle(project, "run", "worker", "--detach", "--json")
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]["code"] == "usage"


def test_a_detached_run_is_interrupted_when_its_process_is_told_to_end(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "never", "delay": 300})
    started = paracle_json(project, "run", "worker", "--model", model, "--detach")
    with running(project, "runs", "watch", started["execution"]) as watcher:
        watcher.wait_for("● script:")
        os.kill(started["process"], signal.SIGTERM)
        assert watcher.end() == 1
    assert "told to end" in watcher.text
    assert paracle_json(project, "runs", "list")["executions"][0]["state"] == "interrupted"


def test_many_runs_at_once_in_one_repository_all_keep_their_account(tmp_path: Path) -> None:
    repo = RepoBuilder(tmp_path / "repo")
    make_project(repo.folder)
    repo.commit("feat: project")
    model = write_script(
        tmp_path / "s.yaml", {"tool_calls": [call("write_file", path="a", text="x")]}, {"text": "done"}
    )
    for _ in range(3):
        paracle_json(repo.folder, "run", "worker", "--model", model, "--detach")
    rows = paracle_json(repo.folder, "runs", "list")["executions"]
    assert [paracle(repo.folder, "runs", "watch", row["id"]).returncode for row in rows] == [0] * 3
    assert len(repo.git("for-each-ref", "refs/heads/exec").splitlines()) == 3
