"""Files are shown for reading: bounded, and honest about what is not shown."""

from __future__ import annotations

import pytest

from paracle.widgets.text_detail import TextDetail
from tests.tui.hosting import SIZES, SMALL, Host, shown


@pytest.mark.parametrize("size", SIZES)
async def test_code_is_shown_with_line_numbers(size: tuple[int, int]) -> None:
    app = Host(TextDetail())
    async with app.run_test(size=size) as pilot:
        app.query_one(TextDetail).show("src/a.py", b"def f():\n\treturn '[red]'\n")
        await pilot.pause()
        rows = [line.split() for line in shown(app).splitlines()]
    assert rows[0] == ["src/a.py", "·", "25", "B", "·", "2", "lines"]
    assert ["1", "def", "f():"] in rows
    assert ["2", "return", "'[red]'"] in rows


async def test_markdown_is_a_page_and_m_shows_it_as_written() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(TextDetail)
        detail.show("README.md", b"# Title\n\nSome *words*.\n")
        detail.focus_text()
        await pilot.pause()
        assert "# Title" not in shown(app)
        await pilot.press("m")
        await pilot.pause()
        assert "# Title" in shown(app)
        await pilot.press("m")
        await pilot.pause()
        assert "# Title" not in shown(app)


async def test_the_markdown_key_is_dim_for_other_files_and_says_why() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(TextDetail)
        detail.show("a.py", b"x = 1\n")
        detail.focus_text()
        await pilot.pause()
        assert not app.screen.active_bindings["m"].enabled
        assert detail.why_not("toggle_rendered") == "this file is not Markdown"


async def test_long_markdown_is_shown_as_written() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(TextDetail)
        detail.show("LONG.md", b"# Title\n\nwords\n\n" * 300)
        await pilot.pause()
        assert "# Title" in shown(app)
        assert detail.why_not("toggle_rendered") == "too long to be shown as a page"


@pytest.mark.parametrize(
    ("data", "total", "said"),
    [
        (b"\x7fELF\0\0\1", 5_000_000, "4.8 MiB of binary data"),
        (b"", 0, "The file is empty."),
        (b"caf\xe9\n", None, "not UTF-8, read as Latin-1"),
        (b"x\n" * 7000, None, "first 5,000 of 7,000 lines"),
        ("é".encode() * 10 + b"\xc3", 400, "first 21 B shown"),
        (b"a\xe2\x80\xaeb\n", None, "a�b"),
    ],
)
async def test_what_is_not_plain_text_is_said(data: bytes, total: int | None, said: str) -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        app.query_one(TextDetail).show("some/file.txt", data, total)
        await pilot.pause()
        assert said in shown(app)


async def test_a_file_that_cannot_be_read_gives_its_reason() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(TextDetail)
        detail.show("a.py", b"x = 1\n")
        detail.show_message("b.py", "It is gone.")
        await pilot.pause()
        text = shown(app)
    assert "It is gone." in text
    assert "x = 1" not in text


async def test_long_lines_scroll_sideways_beside_their_numbers() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        detail = app.query_one(TextDetail)
        detail.show("a.txt", b"start " + b"." * 80 + b" finish\nsecond\n")
        detail.focus_text()
        await pilot.pause()
        assert "finish" not in shown(app)
        await pilot.press(*["l"] * 22)
        await pilot.pause()
        line = next(line for line in shown(app).splitlines() if line.strip().startswith("1 "))
    assert line.rstrip().endswith("finish")


async def test_selected_text_comes_without_line_numbers() -> None:
    app = Host(TextDetail())
    async with app.run_test(size=SMALL) as pilot:
        app.query_one(TextDetail).show("a.txt", b"first line\nsecond line\n")
        await pilot.pause()
        app.screen.text_select_all()
        await pilot.pause()
        selected = app.screen.get_selected_text()
    assert selected is not None
    assert "first line\nsecond line" in selected
