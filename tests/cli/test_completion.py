"""Shell completion: each shell's own protocol, spoken to the real command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paracle.app.cli.commands import ENTRIES

PROGRAM = Path(sys.executable).with_name("paracle")
NAMES = [entry.name for entry in ENTRIES]
STARTING_WITH_RUN = [name for name in NAMES if name.startswith("run")]

IN_BASH = """
eval "$(_PARACLE_COMPLETE=source_bash paracle)"
COMP_WORDS=(paracle run) COMP_CWORD=1
_paracle_completion paracle
printf '%s\\n' "${COMPREPLY[@]}"
"""
LOADED = """
import atexit, sys
atexit.register(lambda: print(*(n for n in sys.modules if n.startswith("paracle.app.cli.")), file=sys.stderr))
from paracle.__main__ import main
sys.argv = ["paracle"]
main()
"""


def ask(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell's completion function does."""
    environment = {**os.environ, **variables}
    return subprocess.run([PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_bash_completes_the_names_of_commands(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "--norc", "-c", IN_BASH]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == STARTING_WITH_RUN


def test_zsh_completes_the_names_of_commands_with_their_help(tmp_path: Path) -> None:
    result = ask(tmp_path, _PARACLE_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="paracle run")
    offered = [line for line in result.stdout.splitlines() if '"run' in line]
    assert len(offered) == len(STARTING_WITH_RUN)
    assert "Run an agent" in result.stdout


def test_fish_completes_the_names_of_commands_with_their_help(tmp_path: Path) -> None:
    result = ask(
        tmp_path,
        _PARACLE_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="paracle run",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == STARTING_WITH_RUN
    assert "\tRun an agent" in result.stdout


def test_every_command_is_offered(tmp_path: Path) -> None:
    result = ask(tmp_path, _PARACLE_COMPLETE="complete_bash", COMP_WORDS="paracle ", COMP_CWORD="1")
    assert result.stdout.split() == NAMES


@pytest.mark.parametrize("option", ["--project", "--verbose", "--version"])
def test_global_options_are_offered(option: str, tmp_path: Path) -> None:
    result = ask(tmp_path, _PARACLE_COMPLETE="complete_bash", COMP_WORDS="paracle --", COMP_CWORD="1")
    assert option in result.stdout.split()


def test_completing_a_command_name_imports_no_command(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "_PARACLE_COMPLETE": "complete_bash",
        "COMP_WORDS": "paracle r",
        "COMP_CWORD": "1",
    }
    command = [sys.executable, "-c", LOADED]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    loaded = {module.removeprefix("paracle.app.cli.") for module in result.stderr.split()}
    assert "commands" in loaded
    assert not loaded & {entry.module for entry in ENTRIES}


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete -o"), ("zsh", "#compdef paracle"), ("fish", "complete --command")]
)
def test_each_shell_has_a_completion_script(shell: str, sign: str, tmp_path: Path) -> None:
    result = ask(tmp_path, _PARACLE_COMPLETE=f"source_{shell}")
    assert result.returncode == 0
    assert sign in result.stdout
    assert "paracle" in result.stdout


def test_installing_for_bash_makes_new_shells_complete(tmp_path: Path, home: Path) -> None:
    install = f"'{PROGRAM}' --install-completion; exit $?"
    subprocess.run(["bash", "--norc", "-c", install], cwd=tmp_path, capture_output=True, check=True)
    asked = ["bash", "--norc", "-c", "source ~/.bashrc; complete -p paracle"]
    result = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "_paracle_completion" in result.stdout
    assert (home / ".bashrc").is_file()
