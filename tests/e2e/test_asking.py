"""A question of a run in the background calls its person to the workbench, and is answered there."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.command import AGENT, call, make_project, paracle_json, write_script
from tests.e2e.terminal import Terminal

SitAt = Callable[[Path, tuple[int, int]], Terminal]


def test_a_new_question_rings_once_and_a_key_answers_it(tmp_path: Path, sit_at: SitAt) -> None:
    folder = make_project(tmp_path / "shop")
    turn = {"tool_calls": [call("run_command", argv=["touch", "one.txt"])]}
    model = write_script(tmp_path / "asker.json", turn, {"text": "all is done"})
    text = AGENT.replace("model: offline", f"model: {model}").replace("shell: allow", "shell: ask")
    (folder / ".parac" / "agents" / "specs" / "worker.md").write_text(text)
    terminal = sit_at(folder, (120, 40))
    terminal.type("paracle")
    terminal.see("Explorer", "worker", "0 need you")
    written = tmp_path / "written.txt"
    terminal.record(written)
    paracle_json(folder, "run", "worker", "--detach")
    terminal.see("◐ 1 needs you")
    terminal.press("n")
    terminal.see("worker asks to use run_command", "touch")
    terminal.press("y")
    terminal.see("all is done", "0 need you")
    terminal.press("q")
    terminal.see_no_more("Explorer")
    words = "Paracle: "
    assert written.read_bytes().count(f"\x1b]9;{words}".encode()) == 1
