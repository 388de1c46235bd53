"""`runs`: what was run, by whichever process, and its replay."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from paracle import Engine, Project
from tests.cli.command import call, make_project, paracle, paracle_json, running, write_script
from tests.support.repo import RepoBuilder

WRITING = (
    {"text": "I write. ", "tool_calls": [call("write_file", path="a.txt", text="one\ntwo\n")]},
    {"tool_calls": [call("read_file", path="a.txt"), call("read_file", path="missing.txt")]},
    {"malformed": "{not a call"},
    {"tool_calls": [call("edit_file", path="a.txt", old="two", new="2000-01-01")]},
    {
        "tool_calls": [
            call("write_file", path="b/ü.txt", text='tricky: "\t- yes: no\n\n  \x07 end'),
            call("run_command", argv=["sh", "-c", "echo made > c.txt"]),
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.01},
    },
    {"text": "Done: 3 files.\n\n- a\n- b\n"},
)


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A project with three executions: done, failed, done."""
    folder = make_project(tmp_path / "used")
    broken = write_script(tmp_path / "broken.yaml", {"error": "the model broke"})
    good = write_script(
        tmp_path / "good.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="x\n")]},
        {"text": "done"},
    )
    with Engine(Project.open(folder)) as engine:
        for agent, model in (("tour", "offline"), ("worker", broken), ("worker", good)):
            engine.run(agent, model=model).wait()
    return folder


def in_shell(folder: Path, line: str) -> str:
    """What a line of shell prints; it must say nothing on stderr."""
    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_an_empty_list_says_what_to_run_first(tmp_path: Path) -> None:
    listed = paracle(tmp_path, "runs", "list")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "paracle run reviewer" in listed.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_list_is_newest_first_and_can_be_narrowed(used: Path) -> None:
    def listed(*arguments: str) -> list[tuple[str, str]]:
        rows = paracle_json(used, "runs", "list", *arguments)["executions"]
        return [(row["agent"], row["state"]) for row in rows]

    everything = [("worker", "completed"), ("worker", "failed"), ("tour", "completed")]
    assert listed() == everything
    assert listed("--state", "failed") == everything[1:2]
    assert listed("--state", "done") == listed("--state", "completed") != []
    assert listed("--state", "needs you") == listed("--state", "needs-you") == []
    assert listed("--agent", "tour") == everything[2:]
    assert listed("--filter", "model broke") == everything[1:2]
    assert listed("--limit", "1") == everything[:1]
    lines = paracle(used, "runs", "list").stdout.splitlines()
    assert ["✓ done" in lines[0], "✗ failed" in lines[1], "✓ done" in lines[2]] == [True] * 3
    assert paracle(used, "runs", "list", "--state", "finished").returncode == 2


def test_show_tells_files_calls_cost_branch_and_who_answered(used: Path) -> None:
    shown = paracle(used, "runs", "show", "last").stdout
    assert "✓ done  worker" in shown
    assert re.search(r"A +\+1 +−0 +a\.txt", shown)
    assert "write_file" in shown
    assert "$0.00" in shown
    assert "exec/" in shown
    assert "no language model was asked" in shown
    assert shown.endswith("\ndone\n")
    document = paracle_json(used, "runs", "show", "last", "--diff")
    assert document["receipt"]["answer"] == "done"
    assert "+++ b/a.txt" in document["diff"]


def test_an_execution_is_found_by_any_unique_prefix(used: Path) -> None:
    rows = paracle_json(used, "runs", "list")["executions"]
    whole = rows[1]["id"]
    assert paracle_json(used, "runs", "show", whole[:6].upper())["execution"]["id"] == whole
    unknown = paracle(used, "runs", "show", "uuuu")
    assert (unknown.returncode, "paracle runs list" in unknown.stderr) == (4, True)


def test_the_log_tells_every_event_for_people_and_programs(used: Path) -> None:
    lines = paracle(used, "runs", "log", "last").stdout.splitlines()
    events = [json.loads(line) for line in paracle(used, "runs", "log", "last", "--json").stdout.splitlines()]
    assert len(lines) == len(events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert any("✓ write_file" in line for line in lines)
    only = paracle(used, "runs", "log", "last", "--kind", "commit.created", "--json").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in only] == ["commit.created"]
    text = paracle(used, "runs", "log", "last", "--kind", "model.text").stdout
    assert text.endswith("  done\n")
    wrong = paracle(used, "runs", "log", "last", "--kind", "comit")
    assert (wrong.returncode, "commit.created" in wrong.stderr) == (2, True)


def test_a_log_of_many_lines_can_be_cut_short_by_its_reader(project: Path) -> None:
    model = write_script(project / "s.yaml", {"flood": {"lines": 20_000}})
    assert paracle(project, "run", "worker", "--model", model, "--json").returncode == 0
    command = f"'{sys.executable}' -m paracle runs log last"
    whole = subprocess.run(["bash", "-c", f"{command} | wc -l"], cwd=project, capture_output=True, text=True)
    cut = subprocess.run(
        ["bash", "-c", f"{command} | head -n 3"], cwd=project, capture_output=True, text=True
    )
    assert int(whole.stdout) > 20_000
    assert (len(cut.stdout.splitlines()), cut.stderr) == (3, "")


def test_one_process_sees_the_run_of_another_live(project: Path) -> None:
    model = write_script(
        project / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="x")]},
        {"tool_calls": [call("run_command", argv=["sh", "-c", "until test -e go; do sleep 0.02; done"])]},
        {"text": "the end"},
    )
    with running(project, "run", "worker", "--model", model, "--watch") as runner:
        runner.wait_for("● run_command")
        row = paracle_json(project, "runs", "list")["executions"][0]
        assert row["state"] == "running"
        with (
            running(project, "runs", "watch", row["id"]) as watcher,
            running(project, "runs", "log", "last", "--follow", "--json") as follower,
        ):
            watcher.wait_for("✓ write_file")
            follower.wait_for("commit.created")
            assert runner.process.poll() is None
            (Path(row["worktree"]) / "go").write_text("")
            assert watcher.end() == 0
            assert follower.end() == 0
        assert "the end" in watcher.text
        assert '"execution.completed"' in follower.seen[-1]
        assert runner.end() == 0


def test_ctrl_c_on_a_watch_leaves_the_run_alone(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "late", "delay": 300})
    with running(project, "run", "worker", "--model", model) as runner:
        runner.wait_for("● started")
        with running(project, "runs", "watch", "last") as watcher:
            watcher.wait_for("● started")
            watcher.signal(2)
            assert watcher.end() == 130
        assert "goes on" in watcher.text
        assert paracle_json(project, "runs", "list")["executions"][0]["state"] == "running"
        assert runner.process.poll() is None


def test_watching_a_run_that_has_ended_tells_it_and_ends_as_it_did(used: Path) -> None:
    failed = paracle_json(used, "runs", "list", "--state", "failed")["executions"][0]["id"]
    watched = paracle(used, "runs", "watch", failed)
    assert watched.returncode == 1
    assert "the model broke" in watched.stderr


def test_a_run_at_work_shows_what_is_known_and_cannot_be_exported(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "late", "delay": 300})
    with running(project, "run", "worker", "--model", model) as runner:
        runner.wait_for("● started")
        shown = paracle(project, "runs", "show", "last")
        assert (shown.returncode, "● running" in shown.stdout) == (0, True)
        assert "runs watch" in shown.stderr
        refused = paracle(project, "runs", "export", "last", "--script")
        assert (refused.returncode, "runs watch" in refused.stderr) == (5, True)


@pytest.mark.parametrize("agent", ["reviewer", "documenter", "worker"])
def test_an_exported_run_replays_to_the_same_answer_and_the_same_files(
    agent: str, repo: RepoBuilder, tmp_path: Path
) -> None:
    if agent == "worker":
        make_project(repo.folder)
        repo.commit("feat: project")
    options = ["--model", write_script(tmp_path / "first.yaml", *WRITING)] if agent == "worker" else []
    first = paracle_json(repo.folder, "run", agent, *options)
    exported = paracle(repo.folder, "runs", "export", "last", "--script", "-o", tmp_path / "again.yaml")
    assert exported.returncode == 0, exported.stderr
    assert f"paracle run {agent} --model script:" in exported.stderr
    again = paracle_json(repo.folder, "run", agent, "--model", f"script:{tmp_path / 'again.yaml'}")
    assert again["execution"] != first["execution"]
    assert again["answer"] == first["answer"]
    assert again["files"] == first["files"] != []
    assert again["usage"] == first["usage"]
    assert repo.git("rev-parse", f"{again['branch']}^{{tree}}") == repo.git(
        "rev-parse", f"{first['branch']}^{{tree}}"
    )


def test_a_failed_run_replays_to_the_same_failure(used: Path, tmp_path: Path) -> None:
    failed = paracle_json(used, "runs", "list", "--state", "failed")["executions"][0]["id"]
    paracle(used, "runs", "export", failed, "--script", "-o", tmp_path / "again.yaml")
    again = paracle(used, "run", "worker", "--model", f"script:{tmp_path / 'again.yaml'}", "--json")
    assert (again.returncode, json.loads(again.stdout)["error"]["title"]) == (1, "the model broke")


def test_an_export_never_overwrites_a_file(used: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    target.write_text("mine")
    done = paracle(used, "runs", "export", "last", "--script", "-o", target)
    assert (done.returncode, target.read_text()) == (5, "mine")
    assert paracle(used, "runs", "export", "last").returncode == 2
    assert paracle(used, "runs", "export", "last", "--script").stdout.startswith("format: paracle-script/1")
    assert "format: paracle-script/1" in paracle_json(used, "runs", "export", "last", "--script")["script"]
