"""read_file, write_file and edit_file on real files."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from paracle.app.domain.errors import ToolError, ToolRefused
from paracle.app.domain.specs import Permissions
from paracle.app.tools.reasons import in_words
from paracle.app.tools.threads import to_its_end
from tests.unit.tools.kit import Kit


async def test_reading_gives_text_and_counts(kit: Kit) -> None:
    kit.write("a.txt", "one\ntwo\nthree\n")

    outcome = await kit.call("read_file", path="a.txt")

    assert outcome.summary == "3 lines"
    assert outcome.value == {
        "path": "a.txt",
        "text": "one\ntwo\nthree\n",
        "start": 1,
        "end": 3,
        "lines": 3,
        "truncated": False,
        "encoding": "utf-8",
    }


async def test_reading_a_range_says_that_more_follows(kit: Kit) -> None:
    kit.write("a.txt", "".join(f"line {number}\n" for number in range(1, 5001)))

    outcome = await kit.call("read_file", path="a.txt", start=10, limit=2)

    assert outcome.value["text"] == "line 10\nline 11\n"
    assert (outcome.value["end"], outcome.value["truncated"]) == (11, True)
    assert outcome.summary == "lines 10 to 11 of 5,000"


@pytest.mark.parametrize(
    ("stored", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        (b"no end", "no end", "utf-8"),
        (b"a\r\nb\r\n", "a\nb\n", "utf-8"),
        (b"a\x0cb\x1cc\n", "a\x0cb\x1cc\n", "utf-8"),
        (b"\xef\xbb\xbfmark\n", "mark\n", "utf-8"),
        ("é\n".encode("latin-1"), "é\n", "latin-1"),
        (b"\xff\xfe" + "é\n".encode("utf-16-le"), "é\n", "utf-16-le"),
    ],
)
async def test_reading_takes_the_usual_encodings_and_line_ends(
    kit: Kit, stored: bytes, text: str, encoding: str
) -> None:
    kit.write("a.txt", stored)

    value = await kit.value("read_file", path="a.txt")

    assert (value["text"], value["encoding"], value["truncated"]) == (text, encoding, False)


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"\x7fELF\0\0\0", {}, "is a binary file"),
        (b"x" * (17 * 1024 * 1024), {}, "is larger than 16 MiB"),
        (b"y" * (2 * 1024 * 1024), {}, "is longer than 1,048,576 characters"),
        (b"one\n", {"start": 2}, "has no line 2"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_hint(
    kit: Kit, content: bytes, arguments: dict[str, int], said: str
) -> None:
    kit.write("a", content)

    with pytest.raises(ToolError) as caught:
        await kit.call("read_file", path="a", **arguments)

    assert said in caught.value.title
    assert caught.value.hint


async def test_reading_a_folder_or_below_a_file_is_refused_in_words(kit: Kit) -> None:
    kit.write("src/a.py", "")

    with pytest.raises(ToolError, match="'src' is a folder"):
        await kit.call("read_file", path="src")
    with pytest.raises(ToolError, match="a file stands where a folder is needed"):
        await kit.call("read_file", path="src/a.py/b")


async def test_long_text_is_cut_between_lines(kit: Kit) -> None:
    kit.write("a", ("x" * 99 + "\n") * 20_000)

    value = await kit.value("read_file", path="a", limit=50_000)

    assert value["truncated"]
    assert len(value["text"]) <= 1024 * 1024
    assert value["text"] == ("x" * 99 + "\n") * value["end"]


async def test_writing_makes_the_file_and_its_folders(kit: Kit) -> None:
    outcome = await kit.call("write_file", path="docs/api/a.md", text="# A\n\ntext\n")

    assert (kit.root / "docs/api/a.md").read_bytes() == b"# A\n\ntext\n"
    assert outcome.summary == "created, +3"
    assert outcome.value == {
        "path": "docs/api/a.md",
        "created": True,
        "changed": True,
        "added": 3,
        "removed": 0,
    }


async def test_writing_over_a_file_counts_lines_and_keeps_its_mode(kit: Kit) -> None:
    file = kit.write("run.sh", "one\ntwo\nthree\n")
    file.chmod(0o750)

    outcome = await kit.call("write_file", path="run.sh", text="one\n2\nthree\nfour\n")

    assert (outcome.value["added"], outcome.value["removed"]) == (2, 1)
    assert outcome.summary == "+2 \N{MINUS SIGN}1"
    assert stat.S_IMODE(file.stat().st_mode) == 0o750


async def test_a_new_file_has_the_mode_that_the_users_umask_gives(kit: Kit) -> None:
    before = os.umask(0o027)
    try:
        await kit.call("write_file", path="a.txt", text="")
    finally:
        os.umask(before)

    assert stat.S_IMODE((kit.root / "a.txt").stat().st_mode) == 0o640


async def test_writing_the_same_text_again_leaves_the_file_alone(kit: Kit) -> None:
    file = kit.write("a.txt", "same\n")
    before = file.stat()

    outcome = await kit.call("write_file", path="a.txt", text="same\n")

    assert (outcome.summary, outcome.value["changed"]) == ("unchanged", False)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_writing_through_a_link_changes_its_target_and_keeps_the_link(kit: Kit) -> None:
    kit.write("real.txt", "old\n")
    (kit.root / "link.txt").symlink_to("real.txt")

    value = await kit.value("write_file", path="link.txt", text="new\n")

    assert value["path"] == "real.txt"
    assert (kit.root / "link.txt").is_symlink()
    assert (kit.root / "real.txt").read_text() == "new\n"


async def test_writing_without_permission_changes_nothing(kit: Kit) -> None:
    kit.permissions = Permissions(write=("REVIEW.md",))
    kit.write("a.txt", "old\n")

    with pytest.raises(ToolRefused):
        await kit.call("write_file", path="a.txt", text="new\n")
    with pytest.raises(ToolRefused):
        await kit.call("edit_file", path="a.txt", old="old", new="new")
    with pytest.raises(ToolRefused):
        await kit.call("write_file", path="deep/er/a.txt", text="")

    assert {file.name: file.read_text() for file in kit.root.iterdir()} == {"a.txt": "old\n"}


async def test_text_that_utf8_cannot_store_is_refused(kit: Kit) -> None:
    with pytest.raises(ToolError):
        await kit.call("write_file", path="a.txt", text="half \ud800")

    assert not (kit.root / "a.txt").exists()


async def test_rewriting_a_very_long_file_is_quick_and_counts_whole_blocks(kit: Kit) -> None:
    kit.write("a.txt", "".join(f"{number}\n" for number in range(200_000)))

    value = await kit.value("write_file", path="a.txt", text="".join(f"{n} x\n" for n in range(200_000)))

    assert (value["added"], value["removed"]) == (200_000, 200_000)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(kit: Kit) -> None:
    kit.write("a.txt", "old\n")
    script = f"""
import asyncio, resource
from pathlib import Path
from paracle.app.domain.errors import ToolError
from tests.unit.tools.kit import Kit
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {resource.getrlimit(resource.RLIMIT_FSIZE)[1]}))
try:
    asyncio.run(Kit(Path({str(kit.root)!r})).call("write_file", path="a.txt", text="x" * 100_000))
except ToolError as error:
    print(error)
"""
    tests = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], cwd=tests, capture_output=True, text=True)

    assert done.stdout == "'a.txt' cannot be written: it would be too large for the file system\n", (
        done.stderr
    )
    assert {file.name: file.read_text() for file in kit.root.iterdir()} == {"a.txt": "old\n"}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "may not be opened by this user"),
        (errno.EROFS, "is on a read-only file system"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EMFILE, "too many files are open"),
        (errno.EIO, "the disk reported an error"),
    ],
)
def test_each_refusal_of_the_system_names_the_file_and_a_way_out(number: int, said: str) -> None:
    with pytest.raises(ToolError) as caught, in_words("a.txt"):
        raise OSError(number, os.strerror(number))

    assert caught.value.title.startswith("'a.txt' ")
    assert said in caught.value.title
    assert caught.value.hint


async def test_an_edit_replaces_one_passage(kit: Kit) -> None:
    kit.write("a.py", "def f():\n    return 1\n\ndef g():\n    return 2\n")

    outcome = await kit.call(
        "edit_file", path="a.py", old="def g():\n    return 2", new="def g():\n    return 3"
    )

    assert (kit.root / "a.py").read_text() == "def f():\n    return 1\n\ndef g():\n    return 3\n"
    assert outcome.value == {"path": "a.py", "lines": [4], "added": 1, "removed": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nold\r\nb\r\n", b"a\r\nnew\r\nline\r\nb\r\n"),
        (b"a\nold\nb\n", b"a\nnew\nline\nb\n"),
        (b"\xef\xbb\xbfa\r\nold\r\n", b"\xef\xbb\xbfa\r\nnew\r\nline\r\n"),
        (b"\xe9\nold\n", b"\xe9\nnew\nline\n"),
        (b"mixed\r\nold\nold2\nb", b"mixed\r\nnew\nline\nold2\nb"),
        (
            b"\xff\xfe" + "é\r\nold\r\n".encode("utf-16-le"),
            b"\xff\xfe" + "é\r\nnew\r\nline\r\n".encode("utf-16-le"),
        ),
    ],
)
async def test_an_edit_keeps_encoding_mark_and_line_ends(kit: Kit, before: bytes, after: bytes) -> None:
    file = kit.write("a.txt", before)

    await kit.call("edit_file", path="a.txt", old="old\n", new="new\nline\n")

    assert file.read_bytes() == after


async def test_an_edit_of_several_passages_needs_their_number(kit: Kit) -> None:
    file = kit.write("a.txt", "x = 1\ny = 2\nx = 1\n")

    with pytest.raises(ToolError) as caught:
        await kit.call("edit_file", path="a.txt", old="x = 1", new="x = 3")
    assert caught.value.title == "The passage is 2 times in 'a.txt', not 1 time"
    assert caught.value.detail == "on lines 1, 3"
    assert "set count to 2" in caught.value.hint

    value = await kit.value("edit_file", path="a.txt", old="x = 1", new=r"\1", count=2)
    assert value["lines"] == [1, 3]
    assert file.read_text() == "\\1\ny = 2\n\\1\n"


async def test_a_passage_that_is_not_there_is_answered_with_the_nearest_line(kit: Kit) -> None:
    kit.write("a.py", "import os\n\n\ndef compute(value):\n        return value\n")

    with pytest.raises(ToolError) as caught:
        await kit.call("edit_file", path="a.py", old="def compute(values):", new="")

    assert caught.value.title == "The passage is not in 'a.py'"
    assert caught.value.detail == "nearest is line 4: def compute(value):"


async def test_an_edit_that_the_encoding_cannot_store_changes_nothing(kit: Kit) -> None:
    file = kit.write("a.txt", b"\xe9 old\n")

    with pytest.raises(ToolError, match="latin-1"):
        await kit.call("edit_file", path="a.txt", old="old", new="\N{EURO SIGN}")

    assert file.read_bytes() == b"\xe9 old\n"


async def test_a_write_that_is_cancelled_is_over_when_the_cancellation_arrives() -> None:
    begun, go_on = threading.Event(), threading.Event()
    written: list[str] = []

    def write() -> None:
        begun.set()
        go_on.wait(20)
        written.append("done")

    running = asyncio.create_task(to_its_end(write))
    await asyncio.to_thread(begun.wait, 20)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert written == ["done"]
