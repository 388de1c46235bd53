"""The real program in a real terminal: two agents that touch the same lines, reviewed, merged, undone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import call, make_project, paracle_json, write_script
from tests.e2e.terminal import Terminal
from tests.support.repo import RepoBuilder

SitAt = Callable[[Path, tuple[int, int]], Terminal]
SMALL, MIDDLE = (80, 24), (120, 40)
CODE = "".join(f"def part_{number}():\n    return {number}\n\n\n\n\n\n" for number in range(3))


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A project whose agent has run twice, over the same lines."""
    built = RepoBuilder(tmp_path / "shop")
    built.write("parts.py", CODE)
    make_project(built.folder)
    built.commit("feat: parts")
    for number in ("10", "20"):
        text = CODE.replace("return 0\n", f"return {number}\n").replace("return 2\n", f"return {number}2\n")
        turns = ({"tool_calls": [call("write_file", path="parts.py", text=text)]}, {"text": "Done."})
        model = write_script(tmp_path / f"{number}.json", *turns)
        paracle_json(built.folder, "run", "worker", "--model", model)
    return built


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
def test_review_two_runs_that_clash_merge_a_part_resolve_and_undo(
    repo: RepoBuilder, sit_at: SitAt, size: tuple[int, int]
) -> None:
    parts = repo.folder / "parts.py"
    first = repo.head
    terminal = sit_at(repo.folder, size)
    terminal.type("paracle ui")
    terminal.see("worker", "documenter")
    terminal.press("3")
    terminal.see("Branches", "2 branches", "clashes with")
    terminal.press("Enter")
    terminal.see("clashes with", "merges cleanly", "hunk 1 of 2")
    terminal.press("]", "Space")
    terminal.see("1/2 decided", "✓ accepted")
    terminal.press("M")
    terminal.see("Merge what is accepted", "1 file")
    terminal.press("Enter")
    terminal.see("takes it back")
    second = repo.head
    assert parts.read_text() == CODE.replace("return 0", "return 20")
    terminal.press("Escape")
    terminal.see("2 branches", "conflicts")
    terminal.press("j", "Enter")
    terminal.see("conflicts with main in parts.py")
    terminal.press("M")
    terminal.see("resolve the conflicts")
    terminal.press("Enter")
    terminal.see("block 1 of 1", "return 10", "0 of 1 resolved")
    terminal.press("t")
    terminal.see("all resolved")
    terminal.press("C")
    terminal.see("conflicts resolved")
    assert parts.read_text() == CODE.replace("return 0\n", "return 10\n").replace(
        "return 2\n", "return 102\n"
    )
    for commit in (second, first):
        terminal.press("u")
        terminal.see("y undo it")
        terminal.press("y")
        terminal.see_no_more("y undo it")
        terminal.see("undo: ")
        assert repo.head == commit
    assert parts.read_text() == CODE
    terminal.press("q")
    terminal.see_no_more("M Merge")
    terminal.type("clear; git status --short; echo left with $?")
    screen = terminal.see("left with 0")
    assert "Traceback" not in screen
    assert "parts.py" not in screen
