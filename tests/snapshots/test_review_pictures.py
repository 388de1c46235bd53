"""What a review looks like in each of its states, over a real branch with an id that is always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.events import Kind
from paracle.app.services.projects import make_lite
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
    repo = RepoBuilder(tmp_path / "shop")
    repo.write("shop/pricing.py", CODE)
    repo.write("README.md", "# shop\n")
    make_lite(repo.folder, "shop")
    repo.commit("feat: a small tea shop")
    repo.git("switch", "--quiet", "--create", BRANCH)
    repo.write("shop/pricing.py", BETTER)
    repo.write("docs/api.md", API)
    repo.write("README.md", "# shop\n\nSells tea.\n")
    repo.commit("feat(fixer): pricing")
    repo.git("switch", "--quiet", "main")
    monkeypatch.setattr("time.time", lambda: story.NOW)
    return repo


def run_on(repo: RepoBuilder) -> story.Run:
    """The account of the run whose branch it is."""
    run = story.Run(repo.folder, "fixer", story.NOW - 300)
    started = run.drafts[1].payload
    run.drafts[1] = type(run.drafts[1])(
        Kind.STARTED, {**started, "branch": BRANCH, "base_commit": repo.head}, run.drafts[1].time
    )
    run.do("write_file", "3 files", path="shop/pricing.py")
    files = [
        {"path": "README.md", "status": "M", "added": 2, "removed": 0},
        {"path": "docs/api.md", "status": "A", "added": 3, "removed": 0},
        {"path": "shop/pricing.py", "status": "M", "added": 3, "removed": 2},
    ]
    tip = repo.git("rev-parse", BRANCH)
    run.tell(Kind.COMMIT, step=1, sha=tip, message="feat(fixer): pricing", files=files)
    account = story.receipt(
        story.DONE, "fixer", "completed", "Done.", files=files, base_commit=repo.head, tip=tip, commits=[tip]
    )
    run.tell(Kind.COMPLETED, receipt=account)
    return run


async def open_review(bench: Driver) -> DiffView:
    """From the workbench to the review of the run."""
    await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
    bench.list.focus()
    await bench.until(lambda: bench.key("review") is not None, "reviewable")
    await bench.press("d")
    await bench.see("✓ merges cleanly", "M Merge")
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
def test_a_merge_with_conflicts(shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]) -> None:
    run = run_on(shop)
    shop.commit("fix: mine", shop__pricing_py=CODE.replace("result = 0\n", "result = 0.0\n"))

    async def act(bench: Driver) -> None:
        await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
        bench.list.focus()
        await bench.until(lambda: bench.key("review") is not None, "reviewable")
        await bench.press("d")
        await bench.see("✗ conflicts with main")
        await bench.press("M")
        await bench.see("and resolve the conflicts")
        await bench.press("enter")
        await bench.see("has markers", "✗ 1 file left", "<<<<<<<")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run)], act)
