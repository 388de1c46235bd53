"""What is listed, shipped and left at home."""

import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

CODE = ("app", "screens", "widgets")
DATA = ("examples", "scaffolds", "tutorials")
CACHES = {"__pycache__", ".local", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


@pytest.fixture(scope="module")
def pyproject(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text())


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not CACHES & set(path.parts)]


def test_every_package_of_the_tree_is_listed(checkout: Path, pyproject: dict[str, Any]) -> None:
    found = {"paracle"}
    for top in CODE:
        for source in files_below(checkout / top):
            if source.suffix == ".py":
                found.add(".".join(("paracle", *source.parent.relative_to(checkout).parts)))
    assert sorted(found) == pyproject["tool"]["setuptools"]["packages"]


def test_every_listed_package_says_it_is_one(checkout: Path, pyproject: dict[str, Any]) -> None:
    for package in pyproject["tool"]["setuptools"]["packages"]:
        folder = checkout.joinpath(*package.split(".")[1:])
        assert (folder / "__init__.py").is_file(), package


def test_the_tests_are_no_package(checkout: Path) -> None:
    # The root is a package: with an __init__.py here, pytest and import-linter would take the
    # tests for a part of it, under the name of the checkout's folder.
    assert not (checkout / "tests" / "__init__.py").exists()


def test_the_wheel_installs_one_top_level_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"paracle"}


def test_the_wheel_holds_every_module(checkout: Path, wheel: zipfile.ZipFile) -> None:
    expected = {"paracle/__init__.py", "paracle/__main__.py"}
    for top in CODE:
        for source in files_below(checkout / top):
            if source.suffix == ".py":
                expected.add(f"paracle/{source.relative_to(checkout).as_posix()}")
    modules = {name for name in wheel.namelist() if name.endswith(".py") and not is_data(name)}
    assert modules == expected


def test_the_wheel_holds_every_data_file(checkout: Path, wheel: zipfile.ZipFile) -> None:
    expected = {"paracle/py.typed"}
    for top in (*CODE, *DATA):
        for path in files_below(checkout / top):
            if path.suffix != ".pyc" and (top in DATA or path.suffix != ".py"):
                expected.add(f"paracle/{path.relative_to(checkout).as_posix()}")
    assert expected <= set(wheel.namelist()), expected - set(wheel.namelist())


def test_the_wheel_holds_no_tests_and_no_caches(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert not name.startswith("paracle/tests/"), name
        assert not CACHES & set(name.split("/")), name


def is_data(name: str) -> bool:
    return name.split("/")[1] in DATA
