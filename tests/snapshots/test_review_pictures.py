"""What a review looks like in each of its states, over a real branch with an id that is always the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from paracle.app.domain.checks import Check
from paracle.app.domain.events import Kind
from paracle.app.services.projects import make_lite
from paracle.app.store.checks import CheckResults
from paracle.widgets.diff_view import DiffView
from tests.snapshots import story
from tests.snapshots.test_pictures import Compare, picture, sizes
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver

BRANCH = f"exec/{story.DONE}/20260101_145500"
CODE = '''"""What things cost."""


def total(lines):
    result = 0
    for line in lines:
        result += line.price * line.count
    return result


def discount(amount, percent):
    return amount - amount * percent / 100
'''
BETTER = CODE.replace("    result = 0\n", "    result = Decimal(0)\n").replace(
    "    return amount - amount * percent / 100",
    '    """Takes percent off."""\n    return amount * (100 - percent) // 100',
)
API = "# API\n\n- `total` adds up what the lines cost.\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RepoBuilder:
    """A project in git with one execution's branch in it, at one moment that does not pass."""
    for role in ("AUTHOR", "COMMITTER"):  # so that the hashes are always the same
        monkeypatch.setenv(f"GIT_{role}_DATE", f"{story.NOW:.0f} +0000")
    repo = RepoBuilder(tmp_path / "shop")
    repo.write("shop/pricing.py", CODE)
    repo.write("README.md", "# shop\n")
    make_lite(repo.folder, "shop")
    repo.commit("feat: a small tea shop")
    repo.git("switch", "--quiet", "--create", BRANCH)
    repo.write("shop/pricing.py", BETTER)
    repo.write("docs/api.md", API)
    repo.write("README.md", "# shop\n\nSells tea.\n")
    repo.commit(f"feat(fixer): pricing\n\nParacle-Execution: {story.DONE}\nParacle-Step: 1")
    repo.git("switch", "--quiet", "main")
    monkeypatch.setattr("time.time", lambda: story.NOW)
    return repo


def run_on(repo: RepoBuilder, identifier: str = story.DONE, branch: str = BRANCH) -> story.Run:
    """The account of the run whose branch it is."""
    run = story.Run(repo.folder, "fixer", story.NOW - 300)
    started = run.drafts[1].payload
    run.drafts[1] = type(run.drafts[1])(
        Kind.STARTED, {**started, "branch": branch, "base_commit": repo.head}, run.drafts[1].time
    )
    run.do("write_file", "3 files", path="shop/pricing.py")
    files = [
        {"path": "README.md", "status": "M", "added": 2, "removed": 0},
        {"path": "docs/api.md", "status": "A", "added": 3, "removed": 0},
        {"path": "shop/pricing.py", "status": "M", "added": 3, "removed": 2},
    ]
    tip = repo.git("rev-parse", branch)
    run.tell(Kind.COMMIT, step=1, sha=tip, message="feat(fixer): pricing", files=files)
    account = story.receipt(
        identifier, "fixer", "completed", "Done.", files=files, base_commit=repo.head, tip=tip, commits=[tip]
    )
    run.tell(Kind.COMPLETED, receipt=account)
    return run


async def open_review(bench: Driver) -> DiffView:
    """From the workbench to the review of the run."""
    await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
    bench.list.focus()
    await bench.until(lambda: bench.key("review") is not None, "reviewable")
    await bench.press("d")
    await bench.see("✓ merges cleanly", "M Merge", "step 1 write_file")
    return bench.app.screen.query_one(DiffView)


async def decide(bench: Driver) -> None:
    """Accept one hunk, reject another, and write a note."""
    diff = await open_review(bench)
    diff.go_to("shop/pricing.py", hunk=0)
    await bench.press("space")
    await bench.until(lambda: bool(diff.marks.verdicts), "accepted")
    diff.go_to("docs/api.md", hunk=0)
    await bench.press("minus")
    await bench.until(lambda: len(diff.marks.verdicts) == 2, "rejected")
    await bench.press("j", "j", "j", "c")
    await bench.write("say what it raises")
    await bench.press("enter")
    await bench.see("✎ say what it raises", "✗")


@sizes
def test_a_review_that_begins(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_a_review_with_verdicts_and_a_note(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], decide)


@sizes
def test_the_files_of_a_review(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await decide(bench)
        await bench.press("tab")
        await bench.see("✗ A api.md")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_the_question_before_a_merge(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.press("M")
        await bench.see("✓ merges cleanly · 3 files", "enter merge it")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_the_question_before_a_part_is_merged(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await decide(bench)
        await bench.press("M")
        await bench.see("✓ merges cleanly · 1 file", "w the whole branch")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_a_target_that_cannot_move(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        shop.write("README.md", "# my shop\n")
        await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
        bench.list.focus()
        await bench.until(lambda: bench.key("review") is not None, "reviewable")
        await bench.press("d")
        await bench.see("⚠ main cannot move now")
        shop.git("checkout", "--", "README.md")  # the question would name this test's own folder

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_the_question_before_a_branch_is_discarded(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.press("D")
        await bench.see("stays in the archive")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_the_branches_to_review(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.press("3")
        await bench.see("1 branch", "+8 −2", "open")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_no_branch_to_review(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    shop.git("branch", "--delete", "--force", BRANCH)

    async def act(bench: Driver) -> None:
        await bench.press("3")
        await bench.see("No branch to review")

    assert picture(snap_compare, shop.folder, size, [], act)


@sizes
def test_what_a_review_is_compared_with(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.press("b")
        await bench.see("▸the recorded fork", "r any branch")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_a_base_that_git_does_not_know(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.press("b", "r")
        await bench.see("Compare with a branch")
        bench.app.screen.query_one(Input).cursor_blink = False
        await bench.write("nowhere")
        await bench.press("enter")
        await bench.see("✗ git knows no commit 'nowhere'")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_checks_of_which_one_failed(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        checks = (
            Check("pytest -q", True, 0, 2.4, "12 passed"),
            Check("ruff check .", False, 1, 0.12, "F401"),
        )
        store = bench.app.workspace.store
        await CheckResults(store).keep(shop.git("rev-parse", BRANCH), story.NOW, checks)
        await open_review(bench)
        await bench.see("checks: ✓ pytest  ✗ ruff")
        await bench.press("C")
        await bench.see("✗ ruff check . failed, exit 1, 0.12 s", "enter output of ruff")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)


@sizes
def test_a_run_that_works_on_what_was_sent(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    follow_up = story.Run(shop.folder, "fixer", story.NOW - 12)
    begun = follow_up.drafts[1]
    where = {"branch": BRANCH, "base_commit": shop.git("rev-parse", BRANCH)}
    follow_up.drafts[1] = begun._replace(payload={**begun.payload, **where})
    follow_up.do("read_file", "3 lines", path="docs/api.md")
    follow_up.begin("write_file", path="docs/api.md", text="# API")

    async def act(bench: Driver) -> None:
        await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
        bench.list.focus()
        await bench.until(lambda: bench.key("review") is not None, "reviewable")
        await bench.press("d")
        await bench.see("● 7f3k fixer running: write_file", "⚠ Execution 7f3k is still running")
        await bench.see("step 1 write_file", "checks: –")

    runs = [(story.DONE, run_on(shop)), (story.RUNNING, follow_up)]
    assert picture(snap_compare, shop.folder, size, runs, act)


@sizes
def test_another_branch_that_would_conflict(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    branch = f"exec/{story.FAILED}/20260101_145000"
    shop.git("switch", "--quiet", "--create", branch)
    shop.commit("feat: other", shop__pricing_py=CODE.replace("result = 0\n", "result = 0.0\n"))
    shop.git("switch", "--quiet", "main")
    runs = [(story.DONE, run_on(shop)), (story.FAILED, run_on(shop, story.FAILED, branch))]

    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.see("⚡ clashes with 7f2z")

    assert picture(snap_compare, shop.folder, size, runs, act)


@sizes
def test_the_question_before_something_is_taken_back(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await open_review(bench)
        await bench.press("M")
        await bench.see("enter merge it")
        await bench.press("f")
        await bench.see("▸fast-forward", "✓ merges cleanly · 3 files")
        await bench.press("enter")
        await bench.see("✓ main has it all")
        await bench.press("u")
        await bench.see("Undo: ", "main goes back from", "y undo it")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run_on(shop))], act)
