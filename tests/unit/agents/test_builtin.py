"""What holds for every agent that ships with Paracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.models.offline import OfflineModel
from paracle.app.tools.registry import builtin_tools
from tests.support.player import agent_of, play, write_files

AGENTS = ("documenter", "explainer", "reviewer")
WRITES = {"documenter": ("docs/api.md",), "explainer": (), "reviewer": ("REVIEW.md",)}


@pytest.mark.parametrize("name", AGENTS)
def test_it_resolves_without_a_problem_and_can_be_played(tmp_path: Path, name: str) -> None:
    agent = agent_of(tmp_path, name)
    assert agent.builtin
    assert agent.problems == ()
    assert OfflineModel(agent, {}).name == "offline"


@pytest.mark.parametrize("name", AGENTS)
def test_it_says_what_it_does_and_what_each_input_means(tmp_path: Path, name: str) -> None:
    agent = agent_of(tmp_path, name)
    assert agent.spec.description
    assert len(agent.instructions.split()) > 150
    for declared in agent.spec.inputs.values():
        assert declared.description.endswith(".")
        assert declared.default is not None


@pytest.mark.parametrize("name", AGENTS)
def test_it_may_do_no_more_than_it_needs(tmp_path: Path, name: str) -> None:
    spec = agent_of(tmp_path, name).spec
    assert spec.permissions.write == WRITES[name]
    assert (spec.permissions.shell, spec.permissions.network) == ("deny", "deny")
    writing = {tool.name for tool in builtin_tools(spec.tools).values() if tool.writes}
    assert writing == ({"write_file"} if WRITES[name] else set())
    assert spec.budget.usd and spec.budget.tokens and spec.budget.minutes and spec.budget.tool_calls


@pytest.mark.parametrize("name", AGENTS)
async def test_the_same_folder_gives_the_same_answer(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"a.py": "def one(x=[]):\n    return x\n", "b/c.py": '"""C."""\n'})
    first = await play(tmp_path, name)
    assert await play(tmp_path, name) == first


@pytest.mark.parametrize("name", AGENTS)
async def test_a_folder_without_python_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"index.html": "<p>hi</p>"})
    answer = (await play(tmp_path, name)).answer
    assert "no Python code" in answer or "none of them Python" in answer


HOSTILE = {
    "broken.py": "def half(:\n",
    "strange `name` | x.py": 'def f(a="| `` *") -> "x | y":\n    """Does `this | that`."""\n',
    "surrogate.py": 'def f():\n    """A \\ud800 half.\n\n    # not a heading\n    """\n',
    "braces.py": 'def f(a="{{ inputs }}"):\n    """{% raw %} {{ nothing }}"""  # TODO: {{ x }}\n',
    "empty.py": "",
    "deep.py": "x = " + "(" * 5000 + ")" * 5000 + "\n",
    "pkg/__init__.py": "from .gone import *\n",
    "pyproject.toml": "[project\n",
    "README.md": "\n\n\n",
}


@pytest.mark.parametrize("name", AGENTS)
async def test_code_that_is_strange_or_broken_is_no_reason_to_fail(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, HOSTILE)
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\nx = 1\n")
    (tmp_path / "zeros.py").write_bytes(b"\0\0\0")
    (tmp_path / "loop").symlink_to(tmp_path)
    played = await play(tmp_path, name)
    written = "".join((tmp_path / path).read_text(encoding="utf-8") for path in WRITES[name])
    assert "broken.py:1" in played.answer + written


@pytest.mark.parametrize("name", ["documenter", "reviewer"])
async def test_no_module_of_a_large_project_is_left_out(tmp_path: Path, name: str) -> None:
    body = "".join(f'def name_{number}(first: int, second: str = "") -> None: ...\n' for number in range(40))
    write_files(tmp_path, {f"part{number % 7}/module_{number}.py": body for number in range(200)})
    assert "200 modules" in (await play(tmp_path, name)).answer


@pytest.mark.parametrize("name", ["documenter", "reviewer"])
async def test_the_answer_stands_in_the_file_that_it_sums_up(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"a.py": "def one(x=[]):\n    return x\n"})
    answer = (await play(tmp_path, name)).answer
    text = (tmp_path / WRITES[name][0]).read_text(encoding="utf-8")
    assert text.splitlines()[2] == answer
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert "\n\n\n" not in text
