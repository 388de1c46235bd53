"""search: the same answer with ripgrep and without, and an end to every pattern."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import OutsideRoot, ToolError
from paracle.app.tools import search
from paracle.app.tools.ripgrep import executable, needed_text
from tests.unit.tools.kit import Kit, until, workers

# Where there is no ripgrep, grep answers to its name: same question, same form of answer.
STAND_IN = r"""#!/bin/sh
for word do
    case "$word" in
        --ignore-case) case_flag=-i ;;
        --regexp=*) text="${word#--regexp=}" ;;
        --) shift; break ;;
    esac
    shift
done
echo called >> "$(dirname "$0")/calls"
exec grep --fixed-strings --text --files-with-matches --null $case_flag -e "$text" -- "$@"
"""


@pytest.fixture
def without_ripgrep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def ripgrep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    if shutil.which("rg") is None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "rg").write_text(STAND_IN)
        (folder / "rg").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield
        assert (folder / "calls").exists()
    else:
        yield


@pytest.fixture
def corpus(kit: Kit) -> Kit:
    kit.write("a.py", "def handler(event):\n    return event.Handler\n\nclass KELVIN: pass\n")
    kit.write("b.txt", "Handler\r\nhandler()\r\nnothing\r\n")
    kit.write("latin.txt", "caf\xe9 handler\n".encode("latin-1"))
    kit.write("wide.txt", b"\xff\xfe" + "a handler here\n".encode("utf-16-le"))
    kit.write("mark.txt", b"\xef\xbb\xbfhandler first\n")
    kit.write("binary.bin", b"handler\0\0")
    kit.write("kelvin.txt", "\N{KELVIN SIGN}elvin and \N{LATIN SMALL LETTER LONG S}trasse\n")
    kit.write("sub dir/-dash.txt", "handler --regexp\n")
    kit.write("ignored/x.txt", "handler\n")
    kit.write(".gitignore", "ignored/\n")
    kit.write(".hidden/x.txt", "a handler\n")
    kit.write("crlf.txt", "handler\r\n")
    return kit


PATTERNS = [
    ("handler", False),
    ("handler", True),
    (r"handler$", False),
    (r"^handler\(", False),
    (r"def (\w+)\(", False),
    (r"return event\.Handler", False),
    (r"handlers?", False),
    (r"(handler|nothing)", False),
    (r"handler|nothing", False),
    (r"(?i)HANDLER", False),
    (r"kelvin", True),
    (r"strasse", True),
    (r"caf\w handler", False),
    (r"caf\xe9", False),
    (r"\x68andler", False),
    (r"han{1}dler", False),
    (r"(?<=a )handler(?! here)", False),
    (r"--regexp", False),
    (r"(h)andle(?:r)", False),
]


async def found(kit: Kit, pattern: str, ignore_case: bool) -> list[tuple[str, int, int]]:
    value = await kit.value("search", pattern=pattern, ignore_case=ignore_case)
    return [(match["path"], match["line"], match["column"]) for match in value["matches"]]


@pytest.fixture
def expected(corpus: Kit) -> dict[tuple[str, bool], list[tuple[str, int, int]]]:
    """What Python's ``re`` says of each line of the corpus, computed here anew."""
    files = {
        "a.py": "utf-8",
        "b.txt": "utf-8",
        "latin.txt": "latin-1",
        "wide.txt": "utf-16",
        "mark.txt": "utf-8-sig",
        "kelvin.txt": "utf-8",
        "sub dir/-dash.txt": "utf-8",
        ".gitignore": "utf-8",
        ".hidden/x.txt": "utf-8",
        "crlf.txt": "utf-8",
    }
    answers = {}
    for pattern, ignore_case in PATTERNS:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
        answers[pattern, ignore_case] = [
            (file, number, match.start() + 1)
            for file in sorted(files)
            for number, line in enumerate((corpus.root / file).read_text(files[file]).splitlines(), 1)
            if (match := compiled.search(line))
        ]
    return answers


async def test_ripgrep_changes_no_answer(
    corpus: Kit, expected: dict[tuple[str, bool], list[tuple[str, int, int]]], ripgrep: None
) -> None:
    assert executable()
    for pattern, ignore_case in PATTERNS:
        assert await found(corpus, pattern, ignore_case) == expected[pattern, ignore_case], pattern


async def test_without_ripgrep_the_answers_are_the_same(
    corpus: Kit, expected: dict[tuple[str, bool], list[tuple[str, int, int]]], without_ripgrep: None
) -> None:
    assert executable() is None
    for pattern, ignore_case in PATTERNS:
        assert await found(corpus, pattern, ignore_case) == expected[pattern, ignore_case], pattern


@given(
    pattern=st.text(alphabet="abk\\.[](){}|*+?^$x1-,:=!i ", max_size=12),
    line=st.text(alphabet="abk.x1-, iI\N{KELVIN SIGN}", max_size=30),
    ignore_case=st.booleans(),
)
@example(pattern=r"\x41bc", line="Abc", ignore_case=False)
@example(pattern=r"abc?", line="ab", ignore_case=False)
@example(pattern=r"abc{0}", line="ab", ignore_case=False)
@example(pattern=r"[])abc]", line="a", ignore_case=False)
@settings(deadline=None)
def test_every_match_holds_the_text_that_ripgrep_looks_for(
    pattern: str, line: str, ignore_case: bool
) -> None:
    with suppress(re.error, OverflowError, FutureWarning, DeprecationWarning):
        if re.search(pattern, line, re.IGNORECASE if ignore_case else 0):
            text = needed_text(pattern, ignore_case=ignore_case)
            assert text is None or text in line or (ignore_case and text.lower() in line.lower())


def test_the_longest_sure_text_is_chosen() -> None:
    assert needed_text(r"def (\w+)_handler\(self", ignore_case=False) == "_handler(self"
    assert needed_text(r"handlers?", ignore_case=False) == "handler"
    assert needed_text(r"foo|bar", ignore_case=False) is None


async def test_a_broken_ripgrep_does_not_lose_matches(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kit.write("a.txt", "handler\n")
    broken = tmp_path / "rg"
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert await found(kit, "handler", False) == [("a.txt", 1, 1)]


async def test_matches_come_with_place_and_text_and_a_summary(corpus: Kit) -> None:
    outcome = await corpus.call("search", pattern="def ", glob="*.py")

    assert outcome.value["matches"] == [
        {"path": "a.py", "line": 1, "column": 1, "text": "def handler(event):"}
    ]
    assert outcome.summary == "1 match in 1 file"
    assert (await corpus.call("search", pattern="no such thing")).summary == "no match"


async def test_more_matches_than_asked_for_are_announced(kit: Kit) -> None:
    kit.write("a.txt", "x\n" * 10)

    cut = await kit.call("search", pattern="x", max_results=3)
    whole = await kit.call("search", pattern="x", max_results=10)

    assert (len(cut.value["matches"]), cut.value["truncated"]) == (3, True)
    assert (len(whole.value["matches"]), whole.value["truncated"]) == (10, False)


async def test_a_long_line_is_shown_around_its_match(kit: Kit) -> None:
    kit.write("a.txt", "a" * 5000 + "needle" + "b" * 5000)

    (match,) = (await kit.value("search", pattern="needle"))["matches"]

    assert match["column"] == 5001
    assert "needle" in match["text"]
    assert len(match["text"]) <= 402


async def test_files_too_large_to_search_are_counted(kit: Kit) -> None:
    kit.write("big.txt", b"x" * (8 * 1024 * 1024 + 1))

    value = await kit.value("search", pattern="x$")

    assert (value["matches"], value["skipped"]) == ([], 1)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(" * 500, "a{99999999999999999999}"])
async def test_a_faulty_pattern_is_refused_with_the_cause(kit: Kit, pattern: str) -> None:
    with pytest.raises(ToolError) as caught:
        await kit.call("search", pattern=pattern)

    assert "is not a regular expression" in caught.value.title
    assert caught.value.detail


async def test_a_pattern_that_never_ends_is_stopped_and_its_process_is_gone(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write("a.txt", "a" * 60 + "!\n")
    monkeypatch.setattr(search, "MAX_SECONDS", 1.0)

    with pytest.raises(ToolError) as caught:
        await kit.call("search", pattern=r"^(a+)+$")

    assert "was stopped after 1 s" in caught.value.title
    assert caught.value.hint
    assert workers("search_worker") == set()


async def test_cancelling_a_search_ends_its_process(kit: Kit) -> None:
    kit.write("a.txt", "a" * 60 + "!\n")
    running = asyncio.create_task(kit.call("search", pattern=r"^(a+)+$"))
    await until(lambda: bool(workers("search_worker")))

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert workers("search_worker") == set()


async def test_searching_out_of_the_root_is_refused(kit: Kit) -> None:
    with pytest.raises(OutsideRoot):
        await kit.call("search", pattern="root", path="/etc")
