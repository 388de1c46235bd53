"""The account of a finished run: nothing hidden, and the next command ready to type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paracle.app.domain.conversation import Usage
from paracle.app.domain.executions import FileChange, Receipt
from paracle.app.domain.states import State
from paracle.widgets.receipt_view import ReceiptView, next_command, touched
from tests.tui.hosting import MIDDLE, SIZES, SMALL, Host, shown

RECEIPT = Receipt(
    execution="7f3kaaaaaa",
    agent="documenter",
    state=State.COMPLETED,
    config_hash="deadbeefdeadbeef",
    model="offline",
    offline=True,
    inputs={},
    answer="## Documented\n\nWrote **docs/api.md**.",
    seconds=12.4,
    steps=9,
    tool_calls={"python_outline": 1, "write_file": 2},
    refused=1,
    usage=Usage(),
    branch="exec/7f3kaaaaaa/20261120_081300",
    base_commit="abcdef1234567",
    tip="9876fedcba",
    commits=("9876fedcba",),
    files=(FileChange("docs/api.md", "A", 48, 0), FileChange("logo.png", "M", -1, -1)),
    allowed=("docs/**", "README.md"),
    worktree="/state/w t",
)
MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize("size", SIZES)
async def test_the_answer_comes_with_who_gave_it_and_what_to_type_next(size: tuple[int, int]) -> None:
    app = Host(ReceiptView())
    async with app.run_test(size=size) as pilot:
        app.query_one(ReceiptView).show(RECEIPT)
        await pilot.pause()
        text = shown(app)
    assert "✓ done  documenter  7f3k · 12 s" in text
    assert "Wrote docs/api.md." in text
    assert "no language model was asked" in text
    assert "next  git diff abcdef12 exec/7f3kaaaaaa/20261120_081300" in text


async def test_what_could_be_written_stands_above_what_was() -> None:
    app = Host(ReceiptView())
    async with app.run_test(size=MIDDLE) as pilot:
        app.query_one(ReceiptView).show(RECEIPT)
        await pilot.pause()
        rows = [line.split() for line in shown(app).splitlines()]
    assert ["could", "write", "docs/**", "README.md"] in rows
    assert ["added", "docs/api.md", "+48", f"{MINUS}0"] in rows
    assert ["changed", "logo.png", "binary"] in rows
    assert ["⚠", "1", "call", "refused"] in rows
    assert ["tool", "calls", "python_outline", "1", "write_file", "2"] in rows
    assert ["commits", "9876fedc"] in rows


async def test_a_failed_run_says_why_and_what_to_do() -> None:
    error = {"title": "The [model] gave up", "detail": "three tries", "hint": "try later", "code": "model"}
    app = Host(ReceiptView())
    async with app.run_test(size=MIDDLE) as pilot:
        app.query_one(ReceiptView).show(
            replace(RECEIPT, state=State.FAILED, answer="", error=error, files=())
        )
        await pilot.pause()
        text = shown(app)
    assert "✗ failed" in text
    assert "The [model] gave up" in text
    assert "→ try later" in text
    assert "next  paracle runs log 7f3k" in text


def test_without_git_the_next_command_compares_folders() -> None:
    assert next_command(replace(RECEIPT, branch="", base_commit="")) == "diff -ru . '/state/w t'"


def test_of_very_many_files_the_rest_is_counted() -> None:
    files = tuple(FileChange(f"f{number}", "A", 1, 0) for number in range(1000))
    text = touched(replace(RECEIPT, files=files)).plain
    assert "1,000 files" in text
    assert text.count("added") == 200
    assert "… 800 more" in text


async def test_y_copies_the_next_command() -> None:
    app = Host(ReceiptView())
    async with app.run_test(size=SMALL) as pilot:
        view = app.query_one(ReceiptView)
        view.focus()
        await pilot.pause()
        assert not app.screen.active_bindings["y"].enabled
        assert view.why_not("copy_next") == "no receipt is shown"
        view.show(RECEIPT)
        await pilot.pause()
        await pilot.press("y")
        assert app.clipboard == "git diff abcdef12 exec/7f3kaaaaaa/20261120_081300"
