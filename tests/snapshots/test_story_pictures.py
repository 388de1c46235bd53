"""What two runs over the same lines look like, from the badge that warns of it to the last undo."""

from __future__ import annotations

import asyncio

import pytest

from paracle.app.domain.feedback import with_sent
from paracle.app.domain.review import Review
from paracle.app.services import review
from paracle.app.services.workspace import Workspace
from paracle.app.store.reviews import Reviews
from paracle.widgets.diff_view import DiffView
from tests.snapshots import story
from tests.snapshots import test_review_pictures as reviews
from tests.snapshots.test_pictures import Compare, picture, sizes
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver

shop = reviews.shop
OTHER = f"exec/{story.FAILED}/20260101_145000"
Runs = list[tuple[str, story.Run]]


@pytest.fixture
def runs(shop: RepoBuilder) -> Runs:
    """The accounts of two runs that have changed one line, each its own way."""
    shop.git("switch", "--quiet", "--create", OTHER)
    shop.commit("feat: other", shop__pricing_py=reviews.CODE.replace("result = 0\n", "result = 0.0\n"))
    shop.git("switch", "--quiet", "main")
    return [
        (story.DONE, reviews.run_on(shop)),
        (story.FAILED, reviews.run_on(shop, story.FAILED, OTHER)),
    ]


async def list_branches(bench: Driver) -> None:
    """From the workbench to the branches."""
    await bench.press("3")
    await bench.see("2 branches", "⚡ 1 pair clashes", "clashes with 7f2z")


async def merge_a_part(bench: Driver) -> None:
    """From the branches to the review of one of them, of which a hunk is merged."""
    await list_branches(bench)
    await bench.press("j", "enter")
    await bench.see("Review  7f3h", "✓ merges cleanly", "M Merge", "step 1 write_file")
    bench.app.screen.query_one(DiffView).go_to("shop/pricing.py", hunk=0)
    await bench.press("space")
    await bench.see("✓ accepted")
    await bench.press("M")
    await bench.see("✓ merges cleanly · 1 file", "w the whole branch")
    await bench.press("enter")
    await bench.see("takes it back")
    await settled(bench)


async def settled(bench: Driver) -> None:
    """Take the message away, which would go by itself at some moment."""
    bench.app.clear_notifications()
    await bench.see_no_more("Done")


@sizes
def test_branches_of_which_two_would_conflict(
    shop: RepoBuilder, runs: Runs, snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert picture(snap_compare, shop.folder, size, runs, list_branches)


@sizes
def test_a_branch_of_which_a_part_was_merged(
    shop: RepoBuilder, runs: Runs, snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert picture(snap_compare, shop.folder, size, runs, merge_a_part)


@sizes
def test_the_other_branch_conflicts_after_that(
    shop: RepoBuilder, runs: Runs, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await merge_a_part(bench)
        await bench.press("escape")
        await bench.see("2 branches", "✗ conflicts in shop/pricing.py")

    assert picture(snap_compare, shop.folder, size, runs, act)


@sizes
def test_a_merge_that_was_taken_back(
    shop: RepoBuilder, runs: Runs, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await merge_a_part(bench)
        await bench.press("u")
        await bench.see("y undo it")
        await bench.press("y")
        await bench.see("undo: squash")
        await settled(bench)
        await bench.see("⚡ clashes with 7f2z", "✓ merges cleanly")

    assert picture(snap_compare, shop.folder, size, runs, act)


def tell_the_agent(here: Workspace) -> None:
    """Mark all that is rejected and noted as sent, without a run that would answer."""
    reviewed = review.open_review(here, story.DONE)
    told, differs = review.load(here, reviewed.execution), review.files(reviewed)
    change = Reviews(here.store).change(
        story.DONE, story.NOW, lambda thought: with_sent(thought, told, differs), Review()
    )
    asyncio.run(change)


@sizes
def test_what_the_agent_was_told_already(
    shop: RepoBuilder, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def act(bench: Driver) -> None:
        await reviews.decide(bench)
        await asyncio.to_thread(tell_the_agent, bench.app.workspace)
        await bench.press("R")
        await bench.see("✎ say what it raises · sent", "✓ merges cleanly", "step 1 write_file")

    assert picture(snap_compare, shop.folder, size, [(story.DONE, reviews.run_on(shop))], act)
