"""The reviewer finds what is there, says where, and names nothing that is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import paracle
from tests.support.player import play, write_files

SHOP = Path(paracle.__file__).parent / "examples" / "shop"


async def review(root: Path, **inputs: object) -> str:
    await play(root, "reviewer", **inputs)
    return (root / "REVIEW.md").read_text(encoding="utf-8")


async def test_it_finds_the_real_problems_of_the_shop(tmp_path: Path) -> None:
    root = shutil.copytree(SHOP, tmp_path / "shop")
    report = await review(root)
    for path, culprit, words in [
        ("shop/cart.py", "lines: list[Line] = []", "`Cart.__init__(… lines=[] …)`"),
        ("shop/orders.py", "except:", "`except:`"),
        ("shop/pricing.py", "def discount_for(", "ways through it"),
        ("shop/catalogue.py", "open(path)", "`with open(path) as file:`"),
        ("shop/catalogue.py", "TODO", "TODO: the supplier"),
        ("shop/orders.py", "FIXME", "FIXME (grace)"),
        ("shop/report.py", "def revenue(", "function `revenue`"),
        ("shop/report.py", "print(", "`print("),
    ]:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        number = next(number for number, line in enumerate(lines, 1) if culprit in line)
        assert any(f"`{path}:{number}` " in line and words in line for line in report.splitlines()), culprit
    assert "tests/test_shop.py" not in report


CASES = {
    "Mutable default arguments": "'''A.'''\ndef f(a, b={}, *, c=set()):\n    '''F.'''\n",
    "Bare `except:`": "try:\n    pass\nexcept:\n    pass\n",
    "Broad `except Exception`": "try:\n    pass\nexcept (ValueError, Exception) as error:\n    pass\n",
    "Commands given to a shell": "import subprocess\nsubprocess.run('ls', shell=True)\n",
    "`eval` and `exec`": "value = eval(input())\n",
    "Input trusted too far": "import pickle\nx = pickle.load(file)\n",
    "Possible secrets in the source": "API_KEY = 'hunter2hunter2'\n",
    "Text files opened without an encoding": "with open('a.txt', 'w') as file:\n    pass\n",
    "Very long functions": "'''A.'''\ndef _f():\n" + "    x = 1\n" * 70,
    "Functions with too many branches": "'''A.'''\ndef _f(x):\n" + "    if x: pass\n" * 12,
    "Prints outside of scripts": "print('here')\n",
    "TODO notes": "x = 1  # TODO: think\n",
    "FIXME, XXX and HACK notes": "x = 1  # HACK: think\n",
    "Public names without a docstring": "'''M.'''\nclass Thing: ...\n",
    "Files that do not parse": "class\n",
}


@pytest.mark.parametrize("title", CASES)
async def test_each_rule_finds_its_problem_and_no_other_rule_does(tmp_path: Path, title: str) -> None:
    write_files(tmp_path, {"a.py": CASES[title]})
    report = await review(tmp_path)
    assert [line for line in report.splitlines() if line.startswith("### ")] == [f"### {title}"]


async def test_what_only_looks_like_a_problem_is_left_alone(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a.py": '"""A."""\n'
            "import ast, model\n"
            "x = ast.literal_eval('1')\n"
            "model.eval()\n"
            "y = open('a', 'rb').read()\n"
            "z = open('a', encoding='utf-8').read()\n"
            "except_ = 1\n"
            "# print('off')\n"
            "password = get_password('long enough')\n"
            "def f(a=(), b=None, c='[]'):\n    '''F.'''\n"
            "def _private(): ...\n"
            "try:\n    pass\nexcept:  # noqa: E722\n    raise\n",
            "cli.py": "print('usage')\n",
            "tool.py": "if __name__ == '__main__':\n    print('hi')\n",
        },
    )
    assert "**Nothing found**" in await review(tmp_path)


async def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "password = 'correct-horse-battery'\n"})
    report = await review(tmp_path)
    assert "`a.py:1`" in report
    assert "correct-horse" not in report


async def test_tests_are_reviewed_when_asked_for(tmp_path: Path) -> None:
    broken = {"tests/data/half.py": "class\n", "tests/test_a.py": "def test_a(x=[]): ...\n"}
    write_files(tmp_path, {**broken, "a.py": "x = 1\n"})
    report = await review(tmp_path)
    assert "2 test modules left out" in report and "**Nothing found**" in report
    assert "`tests/test_a.py:1`" in await review(tmp_path, tests=True)


async def test_the_thresholds_are_inputs(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "'''A.'''\ndef _f(x):\n    if x: pass\n    if x: pass\n"})
    assert "**Nothing found**" in await review(tmp_path)
    assert "3 ways through it" in await review(tmp_path, complexity=2)
    assert "has 3 lines" in await review(tmp_path, length=2)


async def test_of_very_many_places_the_worst_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    functions = "".join(f"def _f{n}(x):\n" + "    if x: pass\n" * (11 + n % 50) for n in range(100))
    write_files(tmp_path, {"a.py": functions})
    report = await review(tmp_path)
    assert "| Functions with too many branches | 100 |" in report
    assert "- … and 60 more places" in report
    assert report.index("has 61 ways") < report.index("has 60 ways")


async def test_its_own_report_is_no_place_to_find_notes(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "x = 1  # TODO: think\n"})
    assert await review(tmp_path) == await review(tmp_path)


async def test_only_the_named_paths_are_reviewed(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/x.py": "def f(a=[]): ...\n", "b/y.py": "def f(a=[]): ...\n", "c.py": "class\n"})
    report = await review(tmp_path, paths="a,c.py")
    assert "`a/x.py:1`" in report and "`c.py:1`" in report
    assert "b/y.py" not in report
