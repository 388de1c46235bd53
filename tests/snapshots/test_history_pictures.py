"""What the history looks like, over a real repository whose commits and ids are always the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.history import Operation, RefMove
from paracle.app.services.projects import make_lite
from paracle.app.store.operations import Operations
from paracle.app.store.store import Store
from paracle.widgets.history_graph import GraphView
from tests.snapshots import story
from tests.snapshots.test_pictures import Compare, picture, sizes
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver

MERGED, SQUASHED, OPEN = "7f3hq2m8ct", "5kd2m0w7aa", "9xr4b1t6yy"
FAILED, IDLE, RUNNING = "7f2z04ckxe", "3nn8c5v2ee", "7f3kd91wra"


class Shop:
    """A tea shop with an afternoon of executions behind it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.minutes(240)
        self.repo = RepoBuilder(folder)
        # What a project is made of may change; the names of the commits shall not.
        self.repo.write(".git/info/exclude", ".parac/\n.gitignore\n")
        make_lite(folder, "shop")
        self.repo.commit("feat: a small tea shop", shop__cart_py="items = []\n")
        self.runs: list[tuple[str, story.Run]] = []
        patch.setattr("time.time", lambda: story.NOW)

    def minutes(self, ago: int) -> None:
        """Let what follows be committed so long before now."""
        self._ago = ago
        for role in ("AUTHOR", "COMMITTER"):
            self._patch.setenv(f"GIT_{role}_DATE", f"{int(story.NOW) - ago * 60} +0000")

    def run(self, identifier: str, agent: str, ago: int, *, model: str = "offline", **files: str) -> None:
        """An execution that committed these files; without any it has no branch."""
        self.minutes(ago)
        run = story.Run(self.repo.folder, agent, story.NOW - ago * 60)
        branch, base = self.branch(identifier), self.repo.head
        tip = base
        if files:
            self.repo.git("switch", "--quiet", "--create", branch)
            tip = self.repo.commit(f"feat({agent}): work", **files)
            self.repo.git("switch", "--quiet", "main")
        where = {"branch": branch, "base_commit": base, "model": model}
        for number, extra in ((0, {"model": model}), (1, where)):
            run.drafts[number] = run.drafts[number]._replace(payload={**run.drafts[number].payload, **extra})
        usage = {
            "input_tokens": 5200,
            "output_tokens": 900,
            "cost_micro": 0 if model == "offline" else 21_400,
        }
        run.begin("write_file", path="shop/cart.py")
        if identifier != RUNNING:
            run.tell(
                Kind.STEP_COMPLETED, step=1, action="tool", name="write_file", seconds=0.25, result=None,
                usage=usage, summary="written",
            )  # fmt: skip
            self._end(run, identifier, agent, tip, usage, files, model)
        self.runs.append((identifier, run))

    def _end(
        self,
        run: story.Run,
        identifier: str,
        agent: str,
        tip: str,
        usage: dict[str, int],
        files: dict[str, str],
        model: str,
    ) -> None:
        changes = [
            {
                "path": name.replace("__", "/").replace("_py", ".py"),
                "status": "M",
                "added": text.count("\n"),
                "removed": 1,
            }
            for name, text in files.items()
        ]
        state = "failed" if identifier == FAILED else "completed"
        error = {
            "title": "There is no 'shopp'",
            "detail": "",
            "hint": "did you mean 'shop'?",
            "code": "tool_error",
        }
        account = story.receipt(
            identifier, agent, state, "Prices are whole cents now.", files=changes, tip=tip, commits=[tip],
            usage=usage, model=model, offline=model == "offline", branch=self.branch(identifier),
            base_commit=self.repo.head, error=error if state == "failed" else None,
        )  # fmt: skip
        if files:
            run.tell(Kind.COMMIT, step=1, sha=tip, message="feat: work", files=changes)
        if state == "failed":
            run.tell(Kind.FAILED, receipt=account, error=error)
        else:
            run.tell(Kind.COMPLETED, receipt=account)

    @staticmethod
    def branch(identifier: str) -> str:
        return f"exec/{identifier}/20260101_120000"

    def live(self) -> None:
        """Let it all happen."""
        self.run(MERGED, "documenter", 200, docs__api_py="# API\n\nThe cart.\n")
        self.run(IDLE, "reviewer", 190)
        self.run(
            SQUASHED, "fixer", 180, model="openai:gpt-5-mini", shop__cart_py="items = ()\n", README="# shop\n"
        )
        self.minutes(150)
        self.repo.commit("fix: prices in cents", shop__pricing_py="cents = 100\n")
        self.minutes(120)
        self.repo.git("merge", "--quiet", "--no-ff", "-m", "Merge the documentation", self.branch(MERGED))
        self.minutes(90)
        self.repo.commit(
            "fixer: make the cart safe to share", shop__cart_py="items = ()\n", README="# shop\n"
        )
        self.squashed = self.repo.head
        self.run(OPEN, "fixer", 60, model="openai:gpt-5-mini", shop__pricing_py="cents = 10 ** 2\nfree = 0\n")
        self.run(FAILED, "release-notes", 25)
        self.run(RUNNING, "reviewer", 1)

    async def remember_squash(self) -> None:
        """Write down the operation that brought one of the branches, as a merge in the workbench does."""
        move = RefMove("refs/heads/main", self.repo.git("rev-parse", "main~1"), self.squashed)
        details = {
            "branch": self.branch(SQUASHED),
            "tip": self.repo.git("rev-parse", self.branch(SQUASHED)),
            "mode": "squash",
            "part": False,
        }
        done = Operation(
            "0p5kd2m0w7", story.NOW - 5400, "merge", (SQUASHED,), "squash it", (move,), details, settled=False
        )
        with Store(self.repo.folder / ".parac" / ".local") as store:
            await Operations(store).begin(done)
            await Operations(store).settle(replace(done, settled=True))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path / "shop", monkeypatch)


async def open_history(bench: Driver) -> GraphView:
    """From the workbench to the history."""
    await bench.press("3")
    await bench.see("Branches", "R Look again")
    await bench.press("right_square_bracket")
    await bench.until(lambda: bool(bench.app.screen.query_one(GraphView).shown), "read")
    return bench.app.screen.query_one(GraphView)


@sizes
def test_the_history_of_an_afternoon(shop: Shop, snap_compare: Compare, size: tuple[int, int]) -> None:
    shop.live()

    async def act(bench: Driver) -> None:
        await asyncio.to_thread(lambda: asyncio.run(shop.remember_squash()))
        await open_history(bench)
        await bench.see("merged · squash", "unreviewed", "a small tea shop")

    assert picture(snap_compare, shop.repo.folder, size, shop.runs, act)


@sizes
def test_a_receipt_beside_the_history(shop: Shop, snap_compare: Compare, size: tuple[int, int]) -> None:
    shop.live()

    async def act(bench: Driver) -> None:
        graph = await open_history(bench)
        graph.go_to(OPEN)
        await bench.press("enter")
        await bench.see("Receipt 9xr4", "Prices are whole cents now.")

    assert picture(snap_compare, shop.repo.folder, size, shop.runs, act)


@sizes
def test_a_history_that_is_filtered(shop: Shop, snap_compare: Compare, size: tuple[int, int]) -> None:
    shop.live()

    async def act(bench: Driver) -> None:
        await open_history(bench)
        await bench.press("slash")
        await bench.write("fixer")
        await bench.see("3 matches")

    assert picture(snap_compare, shop.repo.folder, size, shop.runs, act)


@sizes
def test_a_history_without_runs(shop: Shop, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_history(bench)
        await bench.see("a small tea shop", "no run yet")

    assert picture(snap_compare, shop.repo.folder, size, [], act)
