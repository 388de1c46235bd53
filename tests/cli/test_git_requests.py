"""`git pr-create`: a request where there is a forge and a token, else a patch and the page to open it on."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.command import paracle, paracle_json
from tests.support.repo import RepoBuilder

ADDRESS = "https://github.com/owner/name/pull/7"


@dataclass(frozen=True)
class Hosted:
    """A repository that seems to be on GitHub, with an execution; what is pushed goes to ``bare``."""

    repo: RepoBuilder
    bare: RepoBuilder
    branch: str


@pytest.fixture
def hosted(repo: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosted:
    bare = RepoBuilder.clone(repo, tmp_path / "remote.git", "--bare")
    repo.git("remote", "add", "origin", "git@github.com:owner/name.git")
    repo.git("config", "remote.origin.pushurl", str(bare.folder))
    # The machine's own `gh` may be logged in; this one is not.
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Hosted(repo, bare, paracle_json(repo.folder, "run", "reviewer")["branch"])


def test_with_a_token_the_request_is_opened(
    hosted: Hosted, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    httpserver.expect_request("/repos/owner/name/pulls", method="POST").respond_with_json(
        {"html_url": ADDRESS}, status=201
    )
    api = httpserver.url_for("")
    done = paracle(hosted.repo.folder, "git", "pr-create", hosted.branch, "--target", "main", "--api", api)
    assert (done.returncode, done.stdout) == (0, f"{ADDRESS}\n"), done.stderr
    assert f"next: paracle git show {hosted.branch.split('/')[1][:4]}" in done.stderr


def test_without_a_token_the_branch_is_pushed_and_a_patch_made(hosted: Hosted) -> None:
    folder = hosted.repo.folder
    done = paracle(folder, "git", "pr-create", "last", "--target", "main", "--patch", "to-send.patch")
    assert done.returncode == 1
    assert "GITHUB_TOKEN" in done.stderr
    assert "https://github.com/owner/name/compare/" in done.stderr
    assert hosted.branch in hosted.bare.branches()
    assert Path(done.stdout.strip()) == folder / "to-send.patch"
    assert "REVIEW.md" in (folder / "to-send.patch").read_text()
    asked = paracle(folder, "git", "pr-create", "last", "--target", "main", "--json")
    assert (asked.returncode, json.loads(asked.stdout)["address"]) == (1, "")


def test_an_execution_that_is_not_there_is_not_found(repo: RepoBuilder) -> None:
    refused = paracle(repo.folder, "git", "pr-create", "last")
    assert (refused.returncode, "hint: " in refused.stderr) == (4, True)
