"""``paracle trust``, and what a project may do before it is trusted: nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import paracle, paracle_json, running

SETTINGS = "name: shop\nworktree:\n  setup: [npm ci]\nchecks:\n  - pytest -q\n"

AUDIT = """
import atexit, sys
STARTED = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.system", "os.exec", "os.spawn"}
seen = []
def look(event, arguments):
    if event in STARTED or event.startswith("socket."):
        seen.append(event)
sys.addaudithook(look)
atexit.register(lambda: print(f"started: {seen}", file=sys.__stderr__))
from paracle.__main__ import main
sys.argv = ["paracle", *sys.argv[1:]]
sys.exit(main())
"""
"""The command with a hook that the interpreter itself calls before any process or socket is made."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a setup command and a check."""
    (tmp_path / "shop" / ".parac").mkdir(parents=True)
    (tmp_path / "shop" / ".parac" / "project.yaml").write_text(SETTINGS)
    return tmp_path / "shop"


def rewrite(shop: Path, before: str, after: str) -> None:
    path = shop / ".parac" / "project.yaml"
    path.write_text(path.read_text().replace(before, after))


def trust_file() -> Path:
    return Path(os.environ["PARACLE_STATE_DIR"]) / "trust.json"


def test_nobody_to_ask_means_that_nothing_is_trusted(shop: Path) -> None:
    done = paracle(shop, "trust")
    assert done.returncode == 3
    assert "setup  npm ci  project.yaml:3" in done.stdout
    assert "check  pytest -q  project.yaml:5" in done.stdout
    assert "paracle trust --yes" in done.stderr
    assert not trust_file().exists()


def test_a_person_is_asked_and_what_they_answer_holds(shop: Path) -> None:
    with running(shop, "trust", on_terminal=True) as command:
        command.wait_for("pytest -q")
        command.press("y\n")
        assert command.end() == 0
    assert paracle_json(shop, "trust")["standing"] == "trusted"


def test_a_person_who_says_no_is_obeyed(shop: Path) -> None:
    with running(shop, "trust", on_terminal=True) as command:
        command.wait_for("pytest -q")
        command.press("n\n")
        assert command.end() == 3
    assert paracle_json(shop, "trust")["trusted"] is False


def test_a_change_asks_again_and_is_shown(shop: Path) -> None:
    assert paracle(shop, "trust", "--yes").returncode == 0
    rewrite(shop, "pytest -q", "pytest -q --pdb")
    done = paracle(shop, "trust")
    assert (done.returncode, "changed since it was trusted" in done.stdout) == (3, True)
    assert "+ check  pytest -q --pdb" in done.stdout
    assert "− check  pytest -q  no longer there" in done.stdout
    assert "  setup  npm ci" in done.stdout


def test_a_command_that_only_moves_is_the_same_command(shop: Path) -> None:
    paracle(shop, "trust", "--yes")
    rewrite(shop, "name: shop\n", "# moved\n\n\nname: another\n")
    assert paracle_json(shop, "trust")["trusted"] is True


def test_the_order_of_commands_is_part_of_what_is_trusted(shop: Path) -> None:
    rewrite(shop, "[npm ci]", "[npm ci, make]")
    paracle(shop, "trust", "--yes")
    rewrite(shop, "[npm ci, make]", "[make, npm ci]")
    assert paracle_json(shop, "trust")["standing"] == "changed since it was trusted"


def test_trust_is_of_one_folder_by_its_real_path(shop: Path, tmp_path: Path) -> None:
    paracle(shop, "trust", "--yes")
    (tmp_path / "link").symlink_to(shop)
    (tmp_path / "copy" / ".parac").mkdir(parents=True)
    (tmp_path / "copy" / ".parac" / "project.yaml").write_text(SETTINGS)
    assert paracle_json(tmp_path / "link", "trust")["trusted"] is True
    assert paracle_json(tmp_path / "copy", "trust")["trusted"] is False
    (listed,) = paracle_json(tmp_path, "trust", "--list")["projects"]
    assert (listed["folder"], len(listed["commands"])) == (str(shop), 2)


def test_trust_is_taken_back(shop: Path) -> None:
    paracle(shop, "trust", "--yes")
    assert paracle_json(shop, "trust", "--revoke")["revoked"] is True
    assert paracle_json(shop, "trust")["standing"] == "not trusted yet"
    assert paracle_json(shop, "trust", "--revoke")["revoked"] is False
    assert paracle_json(shop, "trust", "--list")["projects"] == []


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format": 99, "projects": []}', '{"format": 1, "projects": [{}]}']
)
def test_a_damaged_file_means_that_nothing_is_trusted_and_is_kept_aside(shop: Path, damage: str) -> None:
    paracle(shop, "trust", "--yes")
    trust_file().write_text(damage)
    found = paracle_json(shop, "trust")
    assert (found["trusted"], str(trust_file()) in found["problem"]) == (False, True)
    assert "trust.json" in paracle(shop, "trust", "--list").stderr
    assert paracle_json(shop, "trust", "--yes")["trusted"] is True
    (aside,) = trust_file().parent.glob("trust-damaged-*")
    assert aside.read_text() == damage


def test_a_fingerprint_that_does_not_fit_its_commands_is_damage(shop: Path) -> None:
    paracle(shop, "trust", "--yes")
    trust_file().write_text(trust_file().read_text().replace("npm ci", "npm install"))
    rewrite(shop, "npm ci", "npm install")
    assert paracle_json(shop, "trust")["trusted"] is False


def test_what_a_terminal_would_hide_is_spelled_out(shop: Path) -> None:
    rewrite(shop, "pytest -q", '"echo \\u202egnp.exe \\e[2K\\r harmless"')
    assert "echo \\u202egnp.exe \\x1b[2K\\r harmless" in paracle(shop, "trust").stdout


def test_a_long_command_is_shown_to_its_end(shop: Path) -> None:
    rewrite(shop, "pytest -q", f"echo {'x' * 5000} ; end-of-it")
    assert "end-of-it" in paracle(shop, "trust").stdout


def test_a_project_without_commands_has_nothing_to_trust(shop: Path) -> None:
    (shop / ".parac" / "project.yaml").write_text("name: shop\n")
    assert paracle_json(shop, "trust")["standing"] == "nothing to trust"
    done = paracle(shop, "trust", "--yes")
    assert (done.returncode, done.stdout.startswith("· nothing to trust")) == (0, True)


def test_a_file_with_errors_cannot_be_trusted(shop: Path) -> None:
    rewrite(shop, "checks:", "checkz:")
    done = paracle(shop, "trust", "--yes")
    assert (done.returncode, "project.yaml has errors" in done.stderr) == (3, True)
    assert "paracle validate" in done.stderr


def test_options_that_exclude_each_other_are_refused(shop: Path) -> None:
    assert paracle(shop, "trust", "--yes", "--revoke").returncode == 2


def test_the_doctor_says_that_commands_wait_for_trust(shop: Path) -> None:
    def said() -> dict[str, str]:
        checks = paracle_json(shop, "doctor")["checks"]
        return next(check for check in checks if check["name"] == "trust")

    assert (said()["level"], said()["mend"]) == ("note", "paracle trust")
    paracle(shop, "trust", "--yes")
    assert (said()["level"], said()["words"]) == ("ok", "1 setup command and 1 check trusted")


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("agents", "list"),
        ("agents", "show", "reviewer"),
        ("schema", "project"),
        ("runs", "list"),
        ("trust", "--json"),
        ("trust", "--list"),
    ],
)
def test_looking_at_a_hostile_project_starts_no_process_and_opens_no_socket(
    shop: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = tmp_path / "ran"
    (shop / ".parac" / "project.yaml").write_text(
        json.dumps({"worktree": {"copy": ["**"], "setup": [f"touch {ran}"]}, "checks": [f"touch {ran}"]})
    )
    (shop / ".worktreeinclude").write_text("**\n")
    (shop / ".parac" / "AGENTS.md").symlink_to("/etc/passwd")
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, *arguments],
        cwd=shop,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "started: []" in done.stderr, done.stderr
    assert not ran.exists()


def test_while_a_file_has_errors_the_commands_of_the_others_are_shown_and_it_is_named(shop: Path) -> None:
    (shop / ".parac" / "hooks.yaml").write_text("hooks: [{on: never}]\n")
    done = paracle(shop, "trust")
    assert (done.returncode, done.stdout.startswith("⚠ not trusted while a file has errors")) == (0, True)
    assert "hooks.yaml has errors" in done.stdout
    assert "check  pytest -q  project.yaml:5" in done.stdout
    assert "paracle validate" in done.stderr
    assert (paracle(shop, "trust", "--yes").returncode, trust_file().exists()) == (3, False)


def test_a_file_that_a_command_names_is_shown_below_it_and_a_change_of_it_asks_again(shop: Path) -> None:
    rewrite(shop, "pytest -q", "sh scripts/check.sh")
    (shop / "scripts").mkdir()
    (shop / "scripts" / "check.sh").write_text("pytest -q\n")
    assert "         # scripts/check.sh sha256:" in paracle(shop, "trust", "--yes").stdout
    (shop / "scripts" / "check.sh").write_text("pytest\n")
    done = paracle(shop, "trust")
    assert (done.returncode, "+        # scripts/check.sh sha256:" in done.stdout) == (3, True)
