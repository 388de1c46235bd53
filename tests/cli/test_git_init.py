"""`git init-workflow`: a folder is made ready for branches after a yes, and a ready one stays as it is."""

import json
from pathlib import Path

import pytest

from paracle.app.services import history_ready
from tests.cli.command import paracle, paracle_json, running
from tests.support.confinement import as_a_user
from tests.support.folders import Plain
from tests.support.repo import RepoBuilder, tree_fingerprint
from tests.support.studio import paracle as from_outside


def checks(data: dict[str, list[dict[str, str]]]) -> dict[str, dict[str, str]]:
    """What was looked at, by its name."""
    return {check["name"]: check for check in data["checks"]}


def test_a_plain_folder_gets_a_repository_and_a_first_commit_without_secrets(plain: Path) -> None:
    paracle(plain, "init")
    for name in (
        ".env",
        "pkg/server.key",
        "node_modules/a/index.js",
        ".parac/.local/old.db",
        "odd [1].pem",
    ):
        (plain / name).parent.mkdir(parents=True, exist_ok=True)
        (plain / name).write_text("secret\n")
    (plain / ".gitignore").write_text("*.log")
    (plain / "debug.log").write_text("log\n")

    dry = paracle(plain, "git", "init-workflow", "--dry-run")
    assert dry.returncode == 0
    assert dry.stdout.splitlines()[:2] == [
        f"1. git init in {plain}",
        "2. add to .gitignore, so that it is not committed: "
        "node_modules/, /.env, /odd \\[1].pem, /pkg/server.key",
    ]
    assert "next: paracle git init-workflow --yes" in dry.stderr
    assert not (plain / ".git").exists()

    done = paracle(plain, "git", "init-workflow", "--yes")
    assert done.returncode == 0, done.stderr
    repo = RepoBuilder.of(plain)
    committed = set(repo.names("HEAD"))
    assert committed >= {
        ".gitignore",
        "pkg/__init__.py",
        "pkg/sums.py",
        ".parac/project.yaml",
        ".parac/.gitignore",
    }
    assert not {name for name in committed if "secret" in repo.show("HEAD", name)}
    assert "debug.log" not in committed
    assert repo.git("status", "--porcelain") == ""
    assert (plain / ".gitignore").read_text().startswith("*.log\nnode_modules/\n")
    assert repo.git("log", "--format=%an") == "Ada Tester"
    assert "next: paracle run" in done.stderr
    run = paracle_json(plain, "run", "reviewer")
    (branch,) = paracle_json(plain, "git", "branches")["branches"]
    assert branch["execution"] == run["execution"]


def test_a_ready_repository_is_left_alone_and_reported_on(repo: RepoBuilder) -> None:
    hook = repo.git_folder / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    repo.git("config", "commit.gpgSign", "true")
    repo.write(".gitattributes", "*.bin filter=lfs\n")
    before = repo.fingerprint()
    done = paracle(repo.folder, "git", "init-workflow", "--yes")
    assert "There is nothing to do" in done.stderr
    data = paracle_json(repo.folder, "git", "init-workflow")
    assert (data["plan"]["steps"], data["done"], data["ready"]) == ([], False, True)
    found = checks(data)
    assert found["target"]["words"].startswith("main")
    assert found["identity"]["words"] == "Ada Tester <ada@example.org>"
    assert "commit-msg" in found["hooks"]["words"]
    assert "signed" in found["signing"]["words"]
    assert "LFS" in found["lfs"]["words"]
    assert "free" in found["worktrees"]["words"]
    assert found["left over"]["words"] == "nothing was run here yet"
    assert repo.fingerprint() == before


def test_an_unborn_repository_gets_its_first_commit_with_the_users_hooks(tmp_path: Path) -> None:
    repo = RepoBuilder(tmp_path / "unborn")
    repo.write("app.py", "1\n")
    RepoBuilder(repo.folder / "nested").commit("inner")
    hook = repo.git_folder / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no commits on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = paracle(repo.folder, "git", "init-workflow", "--yes", "--json")
    assert refused.returncode == 1
    error = json.loads(refused.stdout)["error"]
    assert "no commits on Fridays" in error["detail"]
    assert error["hint"]
    hook.unlink()
    data = paracle_json(repo.folder, "git", "init-workflow", "--yes")
    assert data["plan"]["left_out"] == ["nested/"]
    assert (data["done"], data["commit"]) == (True, repo.head)
    assert repo.names("HEAD") == ["app.py"]


def test_a_repository_that_would_commit_the_record_of_runs_gets_a_line_against_it(repo: RepoBuilder) -> None:
    paracle(repo.folder, "init")
    (repo.folder / ".parac" / ".gitignore").unlink()
    head = repo.head
    data = paracle_json(repo.folder, "git", "init-workflow", "--yes")
    assert len(data["plan"]["steps"]) == 1
    repo.git("check-ignore", ".parac/.local/engine.db")
    assert repo.head == head
    assert paracle_json(repo.folder, "git", "init-workflow")["plan"]["steps"] == []


def test_it_asks_first_and_a_no_changes_nothing(plain: Path) -> None:
    before = tree_fingerprint(plain)
    with running(plain, "git", "init-workflow", on_terminal=True) as command:
        command.wait_for("1. git init")
        command.press("n\n")
        assert command.end() == 3
    nobody = paracle(plain, "git", "init-workflow")
    assert (nobody.returncode, "--yes" in nobody.stderr) == (3, True)
    asked = paracle_json(plain, "git", "init-workflow")
    assert (asked["done"], asked["ready"]) == (False, False)
    assert tree_fingerprint(plain) == before


@pytest.mark.parametrize("case", ["nested", "ignored", "merging", "staged secret", "nobody"])
def test_each_refusal_says_the_way_out(
    case: str, tmp_path: Path, plain: Path, repo: RepoBuilder, home: Path
) -> None:
    folder, code, hint = repo.folder, 5, ""
    match case:
        case "nested":
            outer = RepoBuilder(tmp_path / "outer")
            outer.write("inner/app.py", "1\n")
            folder, hint = outer.folder / "inner", f"paracle -C {outer.folder} git init-workflow"
        case "ignored":
            repo.commit("ignore", **{".gitignore": "inner/\n"})
            repo.write("inner/app.py", "1\n")
            folder, hint = repo.folder / "inner", ".gitignore"
        case "merging":
            paracle(repo.folder, "init")
            (repo.folder / ".parac" / ".gitignore").unlink()
            (repo.git_folder / "MERGE_HEAD").write_text(repo.head + "\n")
            hint = "git status"
        case "staged secret":
            unborn = RepoBuilder(tmp_path / "unborn")
            unborn.write(".env", "S=1\n")
            unborn.git("add", ".env")
            folder, hint = unborn.folder, "git rm --cached .env"
        case "nobody":
            (home / ".gitconfig").write_text("[init]\n\tdefaultBranch = main\n")
            folder, code, hint = plain, 1, "git config --global user.name"
    refused = paracle(folder, "git", "init-workflow", "--yes", "--json")
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, hint in error["hint"]) == (code, True), error


def test_a_folder_that_cannot_be_written_is_refused(plain: Path) -> None:
    plain.chmod(0o555)
    refused = from_outside("git", "init-workflow", "--yes", cwd=plain, prefix=as_a_user())
    plain.chmod(0o755)
    assert (refused.returncode, f"chmod u+w {plain}" in refused.stderr) == (1, True), refused.stderr
    assert not (plain / ".git").exists()


def test_idle_work_trees_are_counted(tmp_path: Path) -> None:
    with Plain(tmp_path) as here:
        run = here.execution({"a": "1\n"}, leaves={"b": "1\n"})
        (here.worktree(run) / "b").unlink()
        (left,) = [check for check in history_ready.readiness(here.workspace) if check.name == "left over"]
        assert (left.words, left.mend) == ("1 idle work tree", "paracle git prune")
