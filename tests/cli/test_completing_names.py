"""Completion of agents, executions and kinds, spoken in bash's protocol to the real command."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.command import paracle, paracle_json


def offered(folder: Path, words: str) -> list[str]:
    """What is offered for the last word of a command line."""
    environment = {
        **os.environ,
        "_PARACLE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    program = Path(sys.executable).with_name("paracle")
    done = subprocess.run([program], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_agents_are_offered_by_name(project: Path, tmp_path: Path) -> None:
    assert offered(project, "paracle run wor") == ["worker"]
    assert offered(project, "paracle agents show to") == ["tour"]
    assert "reviewer" in offered(tmp_path, "paracle run ")


def test_the_folder_option_is_respected(project: Path, tmp_path: Path) -> None:
    assert offered(tmp_path, f"paracle -C {project} run wor") == ["worker"]


def test_executions_are_offered_by_prefix(project: Path) -> None:
    execution = paracle_json(project, "run", "tour")["execution"]
    assert offered(project, "paracle runs show ") == ["last", execution]
    assert offered(project, f"paracle runs log {execution[:3]}") == [execution]


def test_kinds_of_files_and_events_are_offered(tmp_path: Path) -> None:
    assert offered(tmp_path, "paracle schema ag") == ["agent"]
    assert offered(tmp_path, "paracle runs log x --kind commit") == ["commit.created"]


def test_where_nothing_can_be_known_nothing_is_offered_and_nothing_written(tmp_path: Path) -> None:
    assert offered(tmp_path, "paracle runs show ") == []
    (tmp_path / ".parac").write_text("in the way")
    assert offered(tmp_path, "paracle run ") == []
    assert [path.name for path in tmp_path.iterdir()] == [".parac"]
    assert paracle(tmp_path, "runs", "list").returncode == 1
