"""The pinned requirements: complete, hashed, and free of any address."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

FILES = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")


def blocks(checkout: Path, file: str) -> list[str]:
    """The logical lines of a requirements file: one requirement with its hashes each."""
    text = (checkout / file).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def pins(checkout: Path, file: str) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for block in blocks(checkout, file):
        requirement = Requirement(re.split(r"\s--hash=", block)[0])
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", block
        found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


@pytest.fixture(scope="module")
def pyproject(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text())


def assert_pinned(requirements: list[str], pinned: dict[str, Version]) -> None:
    for text in requirements:
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not pinned: make lock"
        assert requirement.specifier.contains(version), f"{text} is pinned at {version}: make lock"


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_pinned_with_hashes(checkout: Path, file: str) -> None:
    for block in blocks(checkout, file):
        assert re.match(r"[a-z0-9._-]+==\S+ ", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


@pytest.mark.parametrize("file", FILES)
def test_no_requirements_file_names_an_index_or_a_path(checkout: Path, file: str) -> None:
    text = (checkout / file).read_text()
    for word in ("://", "index", "find-links", "trusted-host", "file:", "#", "@"):
        assert word not in text, word


def test_what_the_project_depends_on_is_pinned(checkout: Path, pyproject: dict[str, Any]) -> None:
    assert_pinned(pyproject["project"]["dependencies"], pins(checkout, "requirements.txt"))


def test_what_development_needs_is_pinned(checkout: Path, pyproject: dict[str, Any]) -> None:
    tools = [entry for entry in pyproject["dependency-groups"]["dev"] if isinstance(entry, str)]
    assert_pinned(tools, pins(checkout, "requirements-dev.txt"))


def test_what_building_needs_is_pinned(checkout: Path, pyproject: dict[str, Any]) -> None:
    assert pyproject["dependency-groups"]["build"] == pyproject["build-system"]["requires"]
    assert_pinned(pyproject["build-system"]["requires"], pins(checkout, "requirements-build.txt"))


def test_the_development_pins_hold_the_others_unchanged(checkout: Path) -> None:
    development = pins(checkout, "requirements-dev.txt")
    for file in ("requirements.txt", "requirements-build.txt"):
        others = pins(checkout, file)
        assert {name: development.get(name) for name in others} == others
