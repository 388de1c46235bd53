"""The top of the repository, and where the code under test comes from."""

import os
import subprocess
from pathlib import Path

import paracle

TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "__init__.py",
    "__main__.py",
    "app",
    "examples",
    "py.typed",
    "pyproject.toml",
    "requirements-build.txt",
    "requirements-dev.txt",
    "requirements.txt",
    "scaffolds",
    "screens",
    "tests",
    "tutorials",
    "widgets",
}


def test_the_top_level_holds_what_was_agreed(checkout: Path) -> None:
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout
    tops = {name.partition("/")[0] for name in listed.split("\0") if name}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


def test_the_code_under_test_is_the_wheel_when_the_wheel_is_meant(checkout: Path) -> None:
    assert paracle.__file__ is not None
    from_checkout = Path(paracle.__file__).resolve().parent == checkout.resolve()
    assert from_checkout == ("PARACLE_WHEELS" not in os.environ)
