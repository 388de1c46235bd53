"""What a process has loaded, seen in its `sys.modules`. The static contracts cannot see run time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from paracle.app.cli.commands import ENTRIES

HEADLESS = ("domain", "engine", "git", "models", "project", "services", "store", "tools")
LAZY = {"anthropic", "genai_prices", "jinja2", "keyring", "mcp", "openai", "pydantic_ai"}
HEAVY = LAZY | {"git", "pydantic", "rich", "sqlite3", "sqlite_utils", "textual", "watchfiles"}

REPORT = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
IMPORT_ALL = """
from importlib import import_module
from pkgutil import walk_packages
package = import_module({name!r})
for module in walk_packages(package.__path__, package.__name__ + "."):
    import_module(module.name)
"""
RUN = """
import contextlib, io, sys
from paracle.__main__ import main
sys.argv = ["paracle", *{arguments!r}]
with contextlib.redirect_stdout(io.StringIO()):
    assert main() == 0
"""


def loaded_by(code: str, folder: Path) -> set[str]:
    """The top-level modules in a fresh interpreter after running some code."""
    command = [sys.executable, "-c", f"{code}\n{REPORT}"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_asking_the_command_for_help_or_version_loads_nothing_heavy(argument: str, tmp_path: Path) -> None:
    assert not loaded_by(RUN.format(arguments=[argument]), tmp_path) & HEAVY


def test_importing_the_package_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not loaded_by("import paracle", tmp_path) & (HEAVY | {"typer"})


@pytest.mark.parametrize("part", HEADLESS)
def test_every_module_of_a_headless_part_loads_without_textual(part: str, tmp_path: Path) -> None:
    loaded = loaded_by(IMPORT_ALL.format(name=f"paracle.app.{part}"), tmp_path)
    assert not loaded & {"textual", "typer"}


def test_the_python_api_loads_no_textual_and_nothing_lazy(tmp_path: Path) -> None:
    assert not loaded_by("from paracle import Engine, Project", tmp_path) & (LAZY | {"textual", "typer"})


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_a_command_loads_textual_and_what_is_lazy_only_when_it_acts(name: str, tmp_path: Path) -> None:
    assert not loaded_by(RUN.format(arguments=[name, "--help"]), tmp_path) & (LAZY | {"textual"})


def test_importing_every_widget_loads_no_part_but_the_domain(tmp_path: Path) -> None:
    code = IMPORT_ALL.format(name="paracle.widgets") + (
        "import sys; parts = {n.split('.')[2] for n in sys.modules if n.startswith('paracle.app.')}\n"
        "assert parts <= {'domain'}, parts"
    )
    assert "textual" in loaded_by(code, tmp_path)
