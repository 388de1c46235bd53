"""python_outline and todo_scan on real source."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import time
from typing import Any

import pytest

from paracle.app.domain.errors import ToolError
from paracle.app.tools import python_outline
from paracle.app.tools.scan import scan
from tests.unit.tools.kit import Kit, until, workers

SOURCE = '''"""Shapes.

More about them.
"""
from dataclasses import dataclass

__all__ = ["Shape", "area"]


@dataclass(frozen=True)
class Shape(Base, metaclass=Meta):
    """A shape."""

    sides: int = 4
    name: str

    def grow(self, by: float = 1.0, /, *rest: int, fast: bool = False, **more) -> "Shape":
        """Grow it.

        By how much.
        """
        return self

    class Inner:
        async def wait(self): ...


def area(shape, unit="m"):
    if shape and unit or not shape:
        for side in [s for s in shape if s]:
            print(side)
    try:
        return 1 if shape else 2
    except (ValueError, TypeError):
        def nested():
            if shape:
                pass
        return 0


def helper(): ...


try:
    import fast
except ImportError:
    def fallback(): ...
'''


async def outline(kit: Kit, *paths: str) -> Any:
    return (await kit.value("python_outline", paths=list(paths) or ["."]))["modules"]


async def test_an_outline_tells_what_a_module_defines(kit: Kit) -> None:
    kit.write("pkg/__init__.py", "")
    kit.write("pkg/shapes.py", SOURCE)

    _, module = await outline(kit)

    assert (module["path"], module["module"], module["is_public"]) == ("pkg/shapes.py", "pkg.shapes", True)
    assert (module["summary"], module["docstring"]) == ("Shapes.", "Shapes.\n\nMore about them.")
    assert module["lines"] == SOURCE.count("\n")
    assert module["error"] is None
    assert [one["name"] for one in module["classes"]] == ["Shape", "Shape.Inner"]
    assert [one["name"] for one in module["functions"]] == ["area", "helper", "fallback"]


async def test_an_outline_tells_all_about_a_class_and_its_methods(kit: Kit) -> None:
    kit.write("shapes.py", SOURCE)

    (module,) = await outline(kit)
    shape, inner = module["classes"]
    (grow,) = shape["methods"]

    assert shape["bases"] == ["Base"]
    assert shape["decorators"] == ["dataclass(frozen=True)"]
    assert (shape["line"], shape["end_line"], shape["summary"]) == (11, 25, "A shape.")
    assert shape["attributes"] == [
        {"name": "sides", "annotation": "int", "default": "4", "line": 14},
        {"name": "name", "annotation": "str", "default": None, "line": 15},
    ]
    assert (
        grow["signature"] == "(self, by: float = 1.0, /, *rest: int, fast: bool = False, **more) -> 'Shape'"
    )
    assert [parameter["name"] for parameter in grow["parameters"]] == [
        "self",
        "by",
        "*rest",
        "fast",
        "**more",
    ]
    assert grow["parameters"][1] == {"name": "by", "annotation": "float", "default": "1.0"}
    assert (grow["summary"], grow["docstring"]) == ("Grow it.", "Grow it.\n\nBy how much.")
    assert inner["methods"][0]["is_async"]


async def test_complexity_counts_each_branch_once_and_nested_functions_apart(kit: Kit) -> None:
    kit.write("shapes.py", SOURCE)

    (module,) = await outline(kit)

    complexity = {one["name"]: one["complexity"] for one in module["functions"]}
    # if, and, or, for, comprehension, its if, except, conditional expression: 8 beyond the first path.
    assert complexity == {"area": 9, "helper": 1, "fallback": 1}


async def test_public_is_what_all_lists_else_what_has_no_underscore(kit: Kit) -> None:
    kit.write("listed.py", SOURCE)
    kit.write("plain.py", "class A:\n    def __init__(self): ...\n    def _b(self): ...\ndef _c(): ...\n")
    kit.write("_private.py", "")

    private, listed, plain = await outline(kit)

    assert {one["name"]: one["is_public"] for one in listed["functions"]} == {
        "area": True,
        "helper": False,
        "fallback": False,
    }
    assert [one["is_public"] for one in plain["classes"][0]["methods"]] == [True, False]
    assert not plain["functions"][0]["is_public"]
    assert not private["is_public"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"def f(:\n", "invalid syntax"),
        (b"x = '\n", "unterminated"),
        (b"a\0b", "null"),
        (b"\xff\xfe\xfa", "codec"),
        (b"# coding: nonsense\n", "unknown encoding"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "nest"),
        (b"x = " + b"-" * 200_000 + b"1", ""),
        (b"x" * (5 * 1024 * 1024), "too large"),
    ],
)
async def test_a_file_that_cannot_be_parsed_is_reported_beside_the_good_ones(
    kit: Kit, content: bytes, said: str
) -> None:
    kit.write("bad.py", content)
    kit.write("good.py", "def fine(): ...\n")

    outcome = await kit.call("python_outline")
    bad, good = outcome.value["modules"]

    assert said in bad["error"]["message"]
    assert bad["error"]["message"]
    assert good["functions"][0]["name"] == "fine"
    assert outcome.summary == "2 modules, 1 not readable"


async def test_a_file_that_crashes_the_parser_costs_only_itself(kit: Kit) -> None:
    kit.write("a.py", "x = [" + "(1, 2), " * 400_000 + "]\n")
    kit.write("b.py", "def fine(): ...\n")
    running = asyncio.create_task(kit.call("python_outline"))
    await until(lambda: bool(workers("outline_worker")))

    os.kill(workers("outline_worker").pop(), signal.SIGSEGV)
    crashed, good = (await running).value["modules"]

    assert crashed["error"] == {"line": 0, "message": "Python's parser crashed on it"}
    assert good["functions"][0]["name"] == "fine"


async def test_a_worker_that_cannot_work_is_no_empty_answer() -> None:
    with pytest.raises(ToolError, match="helper process of the tool failed"):
        await scan("no_such_worker", {}, lambda answer: True, seconds=5)


async def test_the_line_of_a_syntax_error_is_given(kit: Kit) -> None:
    kit.write("bad.py", "x = 1\n\ndef f(:\n")

    assert (await outline(kit))[0]["error"]["line"] == 3


async def test_a_surrogate_in_a_docstring_does_not_spoil_the_outline(kit: Kit) -> None:
    kit.write("a.py", '"""half \\ud800"""\n')

    assert (await outline(kit))[0]["docstring"] == "half ?"


async def test_several_paths_are_outlined_once_each_and_one_may_be_a_text(kit: Kit) -> None:
    kit.write("src/a.py", "")
    kit.write("src/b.py", "")
    kit.write("other/c.py", "")

    assert [module["path"] for module in await outline(kit, "src/a.py", "src")] == ["src/a.py", "src/b.py"]
    assert len((await kit.value("python_outline", paths="other"))["modules"]) == 1


async def test_an_outline_too_large_for_a_result_says_how_much_is_left_out(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_outline, "MAX_OUTLINE_BYTES", 2000)
    for number in range(50):
        kit.write(f"m{number:02}.py", "def f(): ...\n")

    outcome = await kit.call("python_outline")

    assert outcome.value["truncated"]
    assert outcome.value["left_out"] + len(outcome.value["modules"]) == 50
    assert f"{outcome.value['left_out']} left out" in outcome.summary


async def test_the_event_loop_never_waits_for_the_parser(kit: Kit) -> None:
    source = "def f(a, b=1):\n    return [a, b, {'k': (a, b)}]\n\n" * 10_000
    kit.write("large.py", source)
    began = time.perf_counter()
    ast.parse(source)
    parsing = time.perf_counter() - began

    longest = 0.0
    running = asyncio.create_task(kit.call("python_outline"))
    while not running.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)
    outcome = await running

    assert outcome.value["left_out"] == 1  # Too much for one result, and parsed all the same.
    assert longest < parsing


async def test_todo_notes_come_with_place_tag_owner_and_text(kit: Kit) -> None:
    kit.write(
        "a.py", 'x = "TODO: no comment"\ny = 1  # TODO(ada): mend this\n# FIXME later\n# methodTODO no\n'
    )
    kit.write("b.js", "// HACK: slow */\n/* XXX */ call()\nmktemp XXXXXX\n")
    kit.write("c.html", "<!-- TODO - title -->\n")

    outcome = await kit.call("todo_scan")

    assert [tuple(note.values()) for note in outcome.value["notes"]] == [
        ("a.py", 2, "TODO", "ada", "mend this"),
        ("a.py", 3, "FIXME", "", "later"),
        ("b.js", 1, "HACK", "", "slow"),
        ("b.js", 2, "XXX", "", "*/ call()"),
        ("c.html", 1, "TODO", "", "title"),
    ]
    assert outcome.summary == "2 TODO, 1 FIXME, 1 HACK, 1 XXX"


async def test_todo_notes_in_python_that_does_not_parse_are_found_all_the_same(kit: Kit) -> None:
    kit.write("bad.py", "def f(:\n    '''open\n# TODO: close it\n")

    assert (await kit.value("todo_scan"))["notes"][0]["text"] == "close it"


async def test_more_todo_notes_than_asked_for_are_announced(kit: Kit) -> None:
    kit.write("a.txt", "TODO: x\n" * 5)

    cut = await kit.call("todo_scan", limit=4)
    whole = await kit.call("todo_scan", limit=5)

    assert (len(cut.value["notes"]), cut.value["truncated"]) == (4, True)
    assert cut.summary == "4 TODO and more"
    assert (len(whole.value["notes"]), whole.value["truncated"]) == (5, False)
    assert (await kit.call("todo_scan", paths=["a.txt"], limit=1)).value["truncated"]


async def test_paths_that_do_not_exist_are_refused(kit: Kit) -> None:
    for tool in ("python_outline", "todo_scan"):
        with pytest.raises(ToolError, match="'gone' does not exist"):
            await kit.call(tool, paths=["gone"])
