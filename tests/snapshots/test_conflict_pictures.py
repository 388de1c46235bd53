"""What the conflicts of a merge look like, from the first to the last."""

from __future__ import annotations

import pytest

from tests.snapshots import story
from tests.snapshots import test_review_pictures as reviews
from tests.snapshots.test_pictures import Compare, picture, sizes
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver

shop = reviews.shop
MINE = reviews.CODE.replace("result = 0\n", "result = 0.0\n").replace("/ 100", "/ 100.0")


@pytest.fixture
def run(shop: RepoBuilder) -> story.Run:
    """The account of a run that has changed the same two places as the person since."""
    run = reviews.run_on(shop)
    shop.commit("fix: mine", shop__pricing_py=MINE)
    return run


async def open_conflicts(bench: Driver, words: str = "0 of 2 resolved") -> None:
    """From the workbench to the conflicts of the merge."""
    await bench.until(lambda: bench.list.go_to(story.DONE), "listed")
    bench.list.focus()
    await bench.until(lambda: bench.key("review") is not None, "reviewable")
    await bench.press("d")
    await bench.see("✗ conflicts with main")
    await bench.press("M")
    await bench.see("and resolve the conflicts")
    await bench.press("enter")
    await bench.see(words)


@sizes
def test_a_merge_with_conflicts(
    shop: RepoBuilder, run: story.Run, snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert picture(snap_compare, shop.folder, size, [(story.DONE, run)], open_conflicts)


@sizes
def test_a_conflict_that_was_resolved(
    shop: RepoBuilder, run: story.Run, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await open_conflicts(bench)
        await bench.press("o")
        await bench.see("1 of 2 resolved")
        await bench.press("t")
        await bench.see("✓ all resolved", "resolved: fixer")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run)], act)


@sizes
def test_a_file_that_was_deleted_on_one_side(
    shop: RepoBuilder, run: story.Run, snap_compare: Compare, size: tuple[int, int]
) -> None:
    shop.git("rm", "--quiet", "shop/pricing.py")
    shop.git("commit", "--quiet", "--message", "chore: without prices")

    async def act(bench: Driver) -> None:
        await open_conflicts(bench, "one side deleted it")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, run)], act)
