"""The explainer answers and writes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import paracle
from tests.support.player import play, write_files

SHOP = Path(paracle.__file__).parent / "examples" / "shop"


async def explain(root: Path, **inputs: object) -> str:
    return (await play(root, "explainer", **inputs)).answer


async def test_it_explains_the_shop(tmp_path: Path) -> None:
    root = shutil.copytree(SHOP, tmp_path / "shop")
    before = sorted(root.rglob("*"))
    answer = await explain(root)
    assert answer.startswith("**shop** is ")
    assert "The till of a small tea shop: a catalogue, a cart" in answer
    assert "The command `shop` runs `shop.__main__:main`." in answer
    assert "`python -m shop`: The command at the till" in answer
    assert "`discount_for` in `shop/pricing.py:22`" in answer
    assert "- for `dev`: `pytest>=8`" in answer
    assert sorted(root.rglob("*")) == before


async def test_dependencies_are_read_in_the_standards_terms_and_in_poetrys(tmp_path: Path) -> None:
    standard = '[project]\nrequires-python = ">=3.12"\ndependencies = ["httpx[http2]>=0.27", "rich"]\n'
    poetry = '[tool.poetry.dependencies]\npython = "^3.11"\nhttpx = "^0.27"\nrich = {version = "*"}\n'
    for settings, python in ((standard, ">=3.12"), (poetry, "^3.11")):
        root = write_files(tmp_path, {"a.py": "x = 1\n", "pyproject.toml": settings})
        answer = await explain(root)
        assert f"- Python `{python}`" in answer
        assert "- `httpx" in answer and "- `rich" in answer


async def test_a_library_without_entry_point_is_said_to_be_one(tmp_path: Path) -> None:
    assert "there to be imported" in await explain(write_files(tmp_path, {"a.py": "x = 1\n"}))


async def test_scripts_are_named(tmp_path: Path) -> None:
    script = "if __name__ == '__main__':\n    pass\n"
    assert "`run.py` runs as a script" in await explain(write_files(tmp_path, {"run.py": script}))


async def test_the_settings_nearest_the_top_count(tmp_path: Path) -> None:
    files = {"a.py": "x = 1\n", "b/pyproject.toml": "[project]\ndependencies = ['deep']\n"}
    files["pyproject.toml"] = "[project]\ndependencies = ['top']\n"
    answer = await explain(write_files(tmp_path, files))
    assert "`top`" in answer and "`deep`" not in answer


async def test_odd_settings_are_no_reason_to_fail(tmp_path: Path) -> None:
    odd = "[project]\ndependencies = {a = 1}\nscripts = 3\ndescription = 1\n[dependency-groups]\nx = [{}]\n"
    answer = await explain(write_files(tmp_path, {"a.py": "x = 1\n", "pyproject.toml": odd}))
    assert "no packages, as far as `pyproject.toml` says" in answer
