"""`init`, `validate`, `agents`, `schema` and `doctor`: reading and making project files."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json


def test_init_writes_a_project_that_validates_and_names_the_next_command(tmp_path: Path) -> None:
    made = paracle(tmp_path, "init", "--lite", "shop api")
    assert made.returncode == 0
    assert ".parac/project.yaml" in made.stdout.splitlines()
    assert all((tmp_path / line).is_file() for line in made.stdout.splitlines())
    assert "next: paracle agents list" in made.stderr
    checked = paracle(tmp_path, "validate")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert "0 errors, 0 warnings" in checked.stderr


def test_init_without_a_flag_makes_the_lite_project_and_says_so(tmp_path: Path) -> None:
    assert "lite project" in paracle(tmp_path, "init").stderr


def test_a_second_init_is_a_conflict_and_changes_nothing(tmp_path: Path) -> None:
    paracle(tmp_path, "init", "--lite", "one")
    before = (tmp_path / ".parac" / "project.yaml").read_bytes()
    again = paracle(tmp_path, "init", "--lite", "two", "--json")
    assert again.returncode == 5
    assert json.loads(again.stdout)["error"]["code"] == "conflict"
    assert (tmp_path / ".parac" / "project.yaml").read_bytes() == before


def test_validate_names_the_place_the_cause_and_the_mend_of_every_problem(project: Path) -> None:
    specs = project / ".parac" / "agents" / "specs"
    (specs / "bad.md").write_text("---\nname: bad\ntoolz: [read_file]\n---\nHi\n")
    (specs / "worse.md").write_text("---\nname: [\n---\n")
    checked = paracle(project, "validate")
    assert checked.returncode == 1
    assert f"{specs / 'bad.md'}:3:1: error:" in checked.stdout
    assert "did you mean 'tools'" in checked.stdout
    assert f"{specs / 'worse.md'}:" in checked.stdout
    assert "2 errors" in checked.stderr


def test_validate_reports_only_what_lies_at_or_below_the_named_paths(project: Path) -> None:
    specs = project / ".parac" / "agents" / "specs"
    (specs / "bad.md").write_text("---\nname: bad\ntoolz: []\n---\nHi\n")
    whole = paracle(project, "validate", "--json")
    assert not json.loads(whole.stdout)["valid"]
    assert paracle(project, "validate", ".parac/project.yaml").returncode == 0
    assert paracle(project, "validate", ".parac/agents").returncode == 1
    assert paracle(specs, "validate", "bad.md").returncode == 1


def test_validate_where_there_is_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    checked = paracle(tmp_path, "validate")
    assert checked.returncode == 4
    assert "paracle init --lite" in checked.stderr


def test_one_bad_agent_hides_no_good_one(project: Path) -> None:
    (project / ".parac" / "agents" / "specs" / "bad.md").write_bytes(b"\x00\xff")
    listed = paracle_json(project, "agents", "list")["agents"]
    broken = {entry["name"]: entry["broken"] for entry in listed}
    assert broken["bad"]
    assert not broken["worker"]
    assert not broken["reviewer"]
    assert "paracle validate" in paracle(project, "agents", "list").stderr


def test_a_parac_that_is_a_file_is_a_typed_error_in_every_command(tmp_path: Path) -> None:
    (tmp_path / ".parac").write_text("in the way")
    for command in (["validate"], ["agents", "list"], ["run", "reviewer"], ["runs", "list"], ["doctor"]):
        done = paracle(tmp_path, *command)
        assert done.returncode == 1, command
        assert ".parac" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / ".parac").read_text() == "in the way"


def test_agents_show_gives_the_file_and_line_behind_every_value(project: Path) -> None:
    specs = project / ".parac" / "agents" / "specs"
    (specs / "child.md").write_text(
        "---\nname: child\nextends: worker\ndescription: A child\n---\nBe quick.\n"
    )
    shown = paracle(project, "agents", "show", "child")
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.startswith("  ")}
    assert rows["description"].endswith(".parac/agents/specs/child.md:4")
    assert rows["tools"].endswith(".parac/agents/specs/worker.md:5")
    assert rows["permissions.shell"].endswith(".parac/agents/specs/worker.md:6")
    assert rows["temperature"].endswith("default")
    assert "Be quick." in shown.stdout
    assert "You work." in shown.stdout


def test_agents_show_as_json_holds_spec_origins_and_instructions(project: Path) -> None:
    document = paracle_json(project, "agents", "show", "worker")
    assert document["spec"]["permissions"]["shell"] == "allow"
    assert document["origins"]["tools"]["line"] == 5
    assert document["instructions"].strip() == "You work."


def test_an_agent_that_is_not_there_is_not_found_with_the_nearest_name(tmp_path: Path) -> None:
    shown = paracle(tmp_path, "agents", "show", "reviwer")
    assert shown.returncode == 4
    assert "did you mean 'reviewer'" in shown.stderr


@pytest.mark.parametrize("source", [None, "reviewer", "tour"])
def test_a_new_agent_runs_at_once(source: str | None, project: Path) -> None:
    options = ["--from", source] if source else []
    made = paracle_json(project, "agents", "new", "mine", *options)
    assert Path(made["path"]).is_file()
    done = paracle(project, "run", "mine", "--json")
    assert (done.returncode, json.loads(done.stdout)["agent"]) == (0, "mine"), done.stdout


def test_a_new_agent_needs_a_project_and_a_free_name(tmp_path: Path, project: Path) -> None:
    assert paracle(tmp_path, "agents", "new", "mine").returncode == 2
    assert paracle(project, "agents", "new", "worker").returncode == 5
    assert paracle(project, "agents", "new", "Not A Name").returncode == 2


def test_schema_lists_the_kinds_and_prints_each(tmp_path: Path) -> None:
    kinds = paracle(tmp_path, "schema").stdout.split()
    assert {"agent", "project"} <= set(kinds)
    assert paracle_json(tmp_path, "schema")["kinds"] == kinds
    for kind in kinds:
        assert json.loads(paracle(tmp_path, "schema", kind).stdout)["$id"] == f"urn:paracle:schema:{kind}"
    unknown = paracle(tmp_path, "schema", "agnet")
    assert (unknown.returncode, "did you mean 'agent'" in unknown.stderr) == (4, True)


def test_doctor_finds_a_sound_machine_sound_and_leaves_nothing(tmp_path: Path, home: Path) -> None:
    done = paracle(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "git" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert not (home / "state").exists()
    report = paracle_json(tmp_path, "doctor")
    assert report["healthy"]
    assert {check["name"] for check in report["checks"]} >= {"python", "git", "terminal", "state", "models"}


def test_doctor_says_what_is_broken_and_how_to_mend_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".parac" / ".local").mkdir()
    (project / ".parac" / ".local" / "engine.db").write_bytes(b"no database at all" * 100)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARACLE_STATE_DIR", str(tmp_path / "file" / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = paracle(project, "doctor", "--json")
    assert done.returncode == 1
    levels = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    for name in ("git", "state", "store"):
        assert levels[name]["level"] == "broken"
        assert levels[name]["mend"]


def test_colours_and_cursor_movements_stay_away_from_pipes(project: Path) -> None:
    for command in (["agents", "list"], ["agents", "show", "worker"], ["doctor"], ["run", "tour"]):
        done = paracle(project, *command)
        assert "\x1b" not in done.stdout + done.stderr
        assert "\r" not in done.stdout + done.stderr


def test_the_folder_option_works_like_being_there(project: Path, tmp_path: Path) -> None:
    there = paracle_json(tmp_path, "-C", project, "agents", "list")
    assert there["root"] == os.path.realpath(project)
    assert "worker" in {entry["name"] for entry in there["agents"]}


def test_the_workbench_without_a_terminal_is_a_usage_error_with_a_way_out(project: Path) -> None:
    done = paracle(project, "ui")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
