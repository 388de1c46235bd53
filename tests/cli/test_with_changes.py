"""`run --with-changes`, `run --on` and `git send`: where a run begins."""

from pathlib import Path

import pytest

from paracle.app.domain.review import Part, Verdict
from paracle.app.services import review
from paracle.app.services.workspace import Workspace
from tests.cli.command import call, make_project, paracle, paracle_json, write_script
from tests.support.repo import RepoBuilder


@pytest.fixture
def shop(tmp_path: Path) -> RepoBuilder:
    """A repository with the agent ``worker``."""
    repo = RepoBuilder(tmp_path / "shop")
    make_project(repo.folder)
    repo.commit("feat: project")
    return repo


def writing(folder: Path, name: str) -> str:
    """A model that writes one file."""
    turns = ({"tool_calls": [call("write_file", path=name, text="new\n")]}, {"text": f"wrote {name}"})
    return write_script(folder / f"{name}.yaml", *turns)


def test_with_changes_a_run_sees_what_is_in_no_commit_and_leaves_it_there(repo: RepoBuilder) -> None:
    repo.write("pkg/loose.py", "# TODO: mine\n")
    before = repo.fingerprint()
    done = paracle(repo.folder, "run", "reviewer", "--with-changes")
    assert done.returncode == 0, done.stderr
    assert "from your files as they are" in done.stderr
    assert "began with your files as they were" in done.stderr
    assert "are not part of this run" not in done.stderr
    assert repo.fingerprint() == before
    assert "pkg/loose.py" in repo.names(paracle_json(repo.folder, "git", "show", "last")["branch"]["base"])


def test_a_merge_says_that_the_files_as_they_were_come_too_and_a_squash_leaves_them_out(
    shop: RepoBuilder, tmp_path: Path
) -> None:
    loose = shop.write("loose.txt", "mine\n")
    paracle_json(shop.folder, "run", "worker", "--with-changes", "--model", writing(tmp_path, "one.txt"))
    loose.unlink()
    merge = paracle(shop.folder, "git", "merge", "last", "--dry-run")
    assert "loose.txt" in merge.stdout
    assert "comes too; --mode squash leaves it out" in merge.stderr
    squash = paracle(shop.folder, "git", "merge", "last", "--mode", "squash")
    assert squash.returncode == 0, squash.stderr
    assert shop.git("diff", "--name-only", "HEAD^", "HEAD") == "one.txt"


def test_a_folder_without_git_takes_the_option_and_says_that_it_changes_nothing(plain: Path) -> None:
    done = paracle(plain, "run", "reviewer", "--with-changes")
    assert done.returncode == 0, done.stderr
    assert "begins with the files as they are in any case" in done.stderr


def test_a_run_on_an_earlier_one_goes_on_with_its_branch(shop: RepoBuilder, tmp_path: Path) -> None:
    first = paracle_json(shop.folder, "run", "worker", "--model", writing(tmp_path, "one.txt"))
    done = paracle(shop.folder, "run", "worker", "--on", "last", "-m", writing(tmp_path, "two.txt"))
    assert done.returncode == 0, done.stderr
    assert f"went on where {first['execution'][:4]} had ended" in done.stderr
    (row,) = paracle_json(shop.folder, "git", "branches")["branches"]
    assert row["branch"] == first["branch"]
    assert len(row["follow_ups"]) == 1
    assert set(shop.names(row["branch"])) >= {"one.txt", "two.txt"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "worker", "--on", "nobody"), 4, "No execution starts with 'nobody'"),
        (("run", "worker", "--on", "last", "--with-changes"), 2, "not both"),
        (("git", "send", "last"), 5, "nothing to send"),
    ],
)
def test_what_cannot_begin_says_why_and_leaves_no_execution(
    arguments: tuple[str, ...], code: int, words: str, shop: RepoBuilder, tmp_path: Path
) -> None:
    paracle_json(shop.folder, "run", "worker", "--model", writing(tmp_path, "one.txt"))
    done = paracle(shop.folder, *arguments, "--model", writing(tmp_path, "two.txt"))
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "hint:" in done.stderr
    assert len(paracle_json(shop.folder, "runs", "list")["executions"]) == 1


def test_a_branch_that_is_gone_is_told_with_the_command_that_brings_it_back(
    shop: RepoBuilder, tmp_path: Path
) -> None:
    first = paracle_json(shop.folder, "run", "worker", "--model", writing(tmp_path, "one.txt"))
    paracle_json(shop.folder, "git", "discard", "last")
    again = ("run", "worker", "--on", first["execution"], "--model", writing(tmp_path, "two.txt"))
    done = paracle(shop.folder, *again)
    assert done.returncode == 4
    hint = f"paracle git archive restore {first['branch']}"
    assert hint in done.stderr
    assert paracle(shop.folder, *hint.split()[1:]).returncode == 0
    assert paracle(shop.folder, *again).returncode == 0


def test_a_review_is_sent_to_the_agent_from_the_command_line(shop: RepoBuilder, tmp_path: Path) -> None:
    first = paracle_json(shop.folder, "run", "worker", "--model", writing(tmp_path, "one.txt"))
    with Workspace.open(shop.folder) as here:
        reviewed = review.open_review(here, "last")
        (file,) = review.files(reviewed)
        review.judge(here, reviewed.execution, file, Part("one.txt"), Verdict.REJECTED)
    sent = paracle_json(shop.folder, "git", "send", "last", "--model", writing(tmp_path, "two.txt"))
    assert (sent["branch"], sent["follows"]) == (first["branch"], first["execution"])
    assert "Rejected in `one.txt`" in sent["inputs"]["task"]
    again = paracle(shop.folder, "git", "send", sent["execution"])
    assert (again.returncode, "nothing new to send" in again.stderr) == (5, True)
    with Workspace.open(shop.folder) as here:
        review.note(here, reviewed.execution, file, None, "and say why")
    again = paracle(shop.folder, "git", "send", sent["execution"])
    assert again.returncode == 0, again.stderr
    assert "wrote two.txt" in again.stdout
