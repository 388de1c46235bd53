"""The workbench over real folders: projects, agents, files, and one run from form to receipt."""

from pathlib import Path

import pytest

from paracle.app.domain.states import State
from paracle.widgets.receipt_view import ReceiptView
from paracle.widgets.tab_strip import TabbedPages
from tests.cli.command import make_project
from tests.support.repo import RepoBuilder
from tests.tui.driving import workbench

CODE = '''\
"""Sums."""


def add(a, b=[]):
    try:
        return a + b
    except:
        return None
'''


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A repository with Python code and no project."""
    built = RepoBuilder(tmp_path / "sums")
    built.write("pkg/sums.py", CODE)
    built.commit("feat: sums")
    return built


async def test_a_folder_without_a_project_offers_the_agents_that_ship(repo: RepoBuilder) -> None:
    async with workbench(repo.folder) as bench:
        screen = await bench.see("reviewer", "documenter", "explainer", "sums  main ✓ clean")
        assert "No runs yet" in screen
        assert not (repo.folder / ".parac").exists()


async def test_a_key_makes_a_project_and_opens_it(repo: RepoBuilder) -> None:
    async with workbench(repo.folder) as bench:
        await bench.see("reviewer")
        await bench.press("i")
        await bench.see("tour", "Project made", "± 1 changed")
        assert (repo.folder / ".parac" / "project.yaml").is_file()
        assert bench.key("make_project") is None
        row = await bench.run("tour")
        assert (await bench.ended(row.id)).state is State.COMPLETED
        assert (repo.folder / ".parac" / ".local" / "engine.db").is_file()


async def test_a_run_from_the_choice_of_the_agent_to_its_receipt_and_its_diff(repo: RepoBuilder) -> None:
    before = repo.fingerprint()
    async with workbench(repo.folder) as bench:
        row = await bench.run("reviewer")
        await bench.ended(row.id)
        screen = await bench.see("✓ done", "could write  REVIEW.md", "added    REVIEW.md", "git diff")
        assert "Made offline by the agent's playbook" in screen
        assert "✓ write_file" in screen
        await bench.press("right_square_bracket")
        await bench.see("diff --git a/REVIEW.md b/REVIEW.md", "new file mode 100644")
        await bench.press("right_square_bracket")
        await bench.see("✓ done", "± ")
    assert repo.fingerprint() == before, "the user's own files, index and HEAD stay as they were"


async def test_the_form_says_at_the_field_what_does_not_fit(repo: RepoBuilder) -> None:
    async with workbench(repo.folder) as bench:
        await bench.choose_agent("reviewer")
        await bench.press("r")
        await bench.see("Run reviewer", "complexity")
        await bench.fill("complexity", "many")
        await bench.press("enter")
        await bench.see("✗ Input 'complexity'")
        assert not bench.runs
        await bench.press("escape")
        await bench.until(lambda: bench.pane_title("content-pane") == "reviewer", "back at the agent")


async def test_a_model_that_cannot_be_had_is_told_and_starts_nothing(repo: RepoBuilder) -> None:
    async with workbench(repo.folder) as bench:
        await bench.choose_agent("reviewer")
        await bench.press("r")
        await bench.see("Run reviewer", "model")
        await bench.fill("model", "script:nowhere.yaml")
        await bench.press("enter")
        await bench.see("There is no script")
        assert not bench.runs


async def test_a_broken_agent_shows_its_problems_and_cannot_be_run(tmp_path: Path) -> None:
    project = make_project(tmp_path / "shop")
    (project / ".parac" / "agents" / "specs" / "broken.md").write_text(
        "---\nname: broken\nmodle: x\n---\nHi\n"
    )
    async with workbench(project) as bench:
        await bench.until(lambda: any(agent.is_broken for agent in bench.explorer.agents), "known as broken")
        await bench.choose_agent("broken")
        await bench.see("Problems", "modle")
        run = bench.key("run_agent")
        assert run is not None
        assert not run.enabled
        await bench.press("question_mark")
        await bench.see("Run this agent or workflow", "(broken has errors", "Problems tab")
        await bench.press("r")
        assert bench.pane_title("content-pane") == "broken"


async def test_what_changes_on_the_disk_is_shown(tmp_path: Path) -> None:
    project = make_project(tmp_path / "shop")
    specs = project / ".parac" / "agents" / "specs"
    async with workbench(project) as bench:
        await bench.see("worker")
        # Following the disk begins a moment after the start; a change before that is read with the rest.
        await bench.until(lambda: bench.explorer.memory != (), "read")
        await bench.choose_agent("worker")
        await bench.see("Does what a script says")
        for word in ("Sweeps", "Mends"):
            text = (specs / "worker.md").read_text()
            (specs / "worker.md").write_text(
                text.replace("Does what a script says", f"{word} the shop").replace("Sweeps", word)
            )
            await bench.see(f"{word} the shop")
        (specs / "baker.md").write_text("---\nname: baker\ndescription: Bakes\nmodel: offline\n---\nBake.\n")
        await bench.see("baker")
        (specs / "baker.md").unlink()
        await bench.see_no_more("baker")


async def test_files_open_folder_by_folder_and_follow_the_disk(repo: RepoBuilder) -> None:
    async with workbench(repo.folder) as bench:
        await bench.see("▸ files")
        await bench.press("end", "enter")
        await bench.see("pkg")
        await bench.press("j", "l", "j")
        await bench.see("def add(a, b=[])")
        (repo.folder / "pkg" / "sums.py").write_text(CODE.replace("add", "total"))
        await bench.see("def total(a, b=[])")
        (repo.folder / "NEWS.md").write_text("# News\n")
        await bench.see("NEWS.md")


async def test_opening_a_finished_run_of_an_earlier_day_shows_receipt_log_and_changes(
    repo: RepoBuilder,
) -> None:
    async with workbench(repo.folder) as bench:
        await bench.ended((await bench.run("documenter")).id)
    async with workbench(repo.folder) as bench:
        await bench.see("✓")
        await bench.press("tab", "tab", "enter")
        await bench.see("could write", "git diff")
        bench.app.screen.query_one("#run-tabs", TabbedPages).active = "run-changes"
        await bench.see("diff --git")
        await bench.press("escape")
        await bench.until(lambda: bench.list.has_focus, "back in the list")
        assert not bench.app.screen.query_one(ReceiptView).has_focus
