"""The documenter writes what the syntax tree says, all of it, and counts honestly."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import paracle
from tests.support.player import play, write_files

SHOP = Path(paracle.__file__).parent / "examples" / "shop"


async def document(root: Path, **inputs: object) -> str:
    await play(root, "documenter", **inputs)
    return (root / "docs" / "api.md").read_text(encoding="utf-8")


def public_names(package: Path) -> dict[str, bool]:
    """Name → whether it has a docstring, found with ``ast`` alone."""
    names: dict[str, bool] = {}
    for path in package.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names[path.stem] = ast.get_docstring(tree) is not None
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            names[f"{path.stem}.{node.name}"] = ast.get_docstring(node) is not None
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    names[f"{path.stem}.{node.name}.{inner.name}"] = ast.get_docstring(inner) is not None
    return names


async def test_every_public_name_of_the_shop_is_there_and_the_coverage_is_right(tmp_path: Path) -> None:
    root = shutil.copytree(SHOP, tmp_path / "shop")
    page = await document(root)
    names = public_names(root / "shop")
    documented = sum(names.values())
    share = round(100 * documented / len(names))
    assert f"**{share} % documented**: {documented} of {len(names)} public names in 8 modules" in page
    headings = {line.lstrip("# ").strip("`") for line in page.splitlines() if line.startswith("##")}
    for name in names:
        _, *parts = name.split(".")
        shown = ".".join(parts)
        assert not parts or shown in headings or f"class {shown}" in headings
    assert page.count("*Not documented.*") == len(names) - documented
    assert "_parser" not in page


async def test_signatures_docstrings_and_attributes_are_written_out(tmp_path: Path) -> None:
    source = (
        '"""Measures."""\n'
        "class Box(Base, Generic[T]):\n"
        '    """A box.\n\n    Made of wood.\n\n    Args:\n        width: in metres.\n    """\n'
        "    width: int | None = None\n"
        "    def __init__(self, width: int) -> None: ...\n"
        "    @property\n"
        "    async def area(self) -> float:\n"
        '        """The ``area``."""\n'
    )
    page = await document(write_files(tmp_path, {"box.py": source}))
    assert "```python\nclass Box(width: int)\n```" in page
    assert "extends `Base`, `Generic[T]`" in page
    assert "Made of wood.\n\n**Args**\n\n- `width`: in metres." in page
    assert r"| `width` | `int \| None` | `None` |" in page
    assert "@property\nasync def area(self) -> float" in page
    assert "The `area`." in page


async def test_private_names_and_tests_are_shown_when_asked_for(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "def _hidden(): ...\n", "tests/test_a.py": '"""T."""\n'})
    assert "_hidden" not in await document(tmp_path)
    page = await document(tmp_path, private=True, tests=True)
    assert "def _hidden()" in page and "tests/test_a.py" in page


async def test_a_file_that_does_not_parse_is_named(tmp_path: Path) -> None:
    page = await document(write_files(tmp_path, {"a.py": '"""A."""\n', "b.py": "def (\n"}))
    assert "## Not readable\n\n- `b.py:1`" in page
