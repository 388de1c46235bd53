"""``project.yaml``: how a work tree is made ready, and the commands that judge a run."""

from __future__ import annotations

import pytest

from tests.support.projects import ProjectFiles


def test_setup_checks_and_patterns_are_read(files: ProjectFiles) -> None:
    files.write(
        "project.yaml",
        """\
        name: shop
        worktree:
          copy: [.env, data/*.csv]
          setup:
            - npm ci
            - |
              make deps
              make fixtures
        checks: [pytest -q, "ruff check . && mypy"]
        """,
    )
    settings = files.open().settings
    assert settings.worktree.copy_ == (".env", "data/*.csv")
    assert settings.worktree.setup == ("npm ci", "make deps\nmake fixtures\n")
    assert settings.checks == ("pytest -q", "ruff check . && mypy")
    assert files.problems() == []


def test_every_command_is_carried_with_its_kind_and_place(files: ProjectFiles) -> None:
    path = files.write("project.yaml", "checks:\n  - a\n  - b\nworktree: {setup: [c]}\n")
    carried = files.open().loaded_settings().commands
    assert [(one.kind, one.text, one.place) for one in carried] == [
        ("setup", "c", f"{path}:4"),
        ("check", "a", f"{path}:2"),
        ("check", "b", f"{path}:3"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'checks: ["a \'b"]',
            "project.yaml:1:10 error: 'checks[1]': this cannot be run: a quote in it is not closed, or a"
            " backslash ends it (write a program and its arguments, such as pytest -q)",
        ),
        (
            "worktree:\n  setup:\n    - ''",
            "project.yaml:3:7 error: 'worktree.setup[1]': this cannot be run: it is empty (write a program"
            " and its arguments, such as pytest -q)",
        ),
        (
            "worktree: {copy: [../key]}",
            "project.yaml:1:19 error: 'worktree.copy[1]': '../key' leads out of the project (patterns name"
            " files below the project's folder, as in .gitignore)",
        ),
        (
            "worktree: {setups: [a]}",
            "project.yaml:1:12 error: 'setups' is not a known key (did you mean 'setup'?)",
        ),
        (
            "checks: pytest",
            "project.yaml:1:9 error: 'checks' must be a list, not 'pytest' (write it as checks: [a, b])",
        ),
    ],
)
def test_a_bad_command_or_pattern_is_found_at_its_place(files: ProjectFiles, text: str, problem: str) -> None:
    files.write("project.yaml", f"{text}\n")
    assert problem in files.problems()
    assert files.open().loaded_settings().commands == ()


@pytest.mark.parametrize(
    "older",
    [
        "author: Ada\nname: shop\n",
        "schema_version: '1.0'\nmetadata: {name: shop}\nspec: {description: x}\n",
        "project: {name: shop}\n",
    ],
)
def test_older_forms_still_load_and_may_have_the_new_keys(files: ProjectFiles, older: str) -> None:
    files.write("project.yaml", f"{older}checks: [pytest]\nworktree: {{setup: [npm ci]}}\n")
    project = files.open()
    assert (project.name, project.settings.checks) == ("shop", ("pytest",))
    assert project.settings.worktree.setup == ("npm ci",)
    (warning,) = files.problems()
    assert "warning" in warning


def test_an_older_section_that_has_a_new_keys_name_is_left_alone(files: ProjectFiles) -> None:
    files.write("project.yaml", "name: shop\nauthor: Ada\nchecks: {lint: true}\nworktree: [a]\n")
    assert files.open().settings.checks == ()
    (warning,) = files.problems()
    assert "warning" in warning
