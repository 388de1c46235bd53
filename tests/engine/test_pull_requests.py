"""Pull requests over a real push to a bare repository and a local server that speaks the forges' calls."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from paracle.app.domain.errors import Conflict, NotFound, ParacleError
from paracle.app.domain.executions import Receipt
from paracle.app.domain.forges import read_forge
from paracle.app.domain.pull_requests import PullRequest
from paracle.app.git.remotes import PushRefused
from paracle.app.services import pull_requests
from paracle.app.services.forge_client import (
    ForgeClient,
    ForgeError,
    ForgeRefused,
    ForgeUnreachable,
    RateLimited,
)
from paracle.app.services.pull_requests import Wanted
from tests.support.repo import RepoBuilder
from tests.support.studio import Studio, says, writes

TOKEN = "s3cret-t0ken-of-a-person"
GITHUB, GITLAB = "git@github.com:owner/name.git", "https://gitlab.com/group/sub/name.git"
PULLS = "/repos/owner/name/pulls"
MERGES = "/projects/group%2Fsub%2Fname/merge_requests"
ENV = {"GITHUB_TOKEN": TOKEN, "GITLAB_TOKEN": TOKEN}


class Remote:
    """A run with commits, a bare repository that its branch is pushed to, and a server for the calls."""

    def __init__(self, studio: Studio, folder: Path, server: HTTPServer) -> None:
        self.studio, self.server = studio, server
        self.bare = RepoBuilder.clone(studio.repo, folder / "remote.git", "--bare")
        self.receipt: Receipt = studio.run(writes("notes.md", "# notes\n"), says("All done."))[0]

    def at(self, url: str) -> None:
        """Where the remote seems to be; what is pushed goes to the bare repository."""
        self.studio.repo.git("remote", "add", "origin", url)
        self.studio.repo.git("config", "remote.origin.pushurl", str(self.bare.folder))

    def ask(self, env: dict[str, str] | None = None, **wanted: object) -> PullRequest:
        """Ask for a pull request."""
        options: dict[str, object] = {"api": self.server.url_for(""), "target": "main", **wanted}
        with self.studio.open() as here:
            return pull_requests.create(
                here, self.receipt.execution, Wanted(**options), env=ENV if env is None else env  # type: ignore[arg-type]
            )  # fmt: skip

    @property
    def pushed(self) -> bool:
        return self.receipt.branch in self.bare.branches()


@pytest.fixture
def remote(studio: Studio, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Remote:
    folder = tmp_path / "without gh"
    folder.mkdir()
    for program in ("git", "sh"):
        (folder / program).symlink_to(shutil.which(program) or "")
    monkeypatch.setenv("PATH", str(folder))
    return Remote(studio, tmp_path, httpserver)


def test_a_pull_request_is_opened_on_github(remote: Remote) -> None:
    remote.at(GITHUB)
    asked: list[tuple[dict[str, object], str]] = []

    def answer(request: Request) -> Response:
        asked.append((json.loads(request.data), request.headers["Authorization"]))
        return Response(json.dumps({"html_url": "https://github.com/owner/name/pull/7"}), 201)

    remote.server.expect_request(PULLS, method="POST").respond_with_handler(answer)
    found = remote.ask(draft=True)
    assert (found.address, found.created) == ("https://github.com/owner/name/pull/7", True)
    [(sent, header)] = asked
    assert header == f"Bearer {TOKEN}"
    assert (sent["head"], sent["base"], sent["draft"]) == (remote.receipt.branch, "main", True)
    assert sent["title"] == "All done."
    assert "`notes.md`" in str(sent["body"])
    assert remote.pushed
    assert found.patch == ""


def test_a_merge_request_is_opened_on_gitlab(remote: Remote) -> None:
    remote.at(GITLAB)
    asked: list[tuple[dict[str, object], str, str]] = []

    def answer(request: Request) -> Response:
        asked.append(
            (json.loads(request.data), request.headers["PRIVATE-TOKEN"], request.environ["REQUEST_URI"])
        )
        return Response(json.dumps({"web_url": "https://gitlab.com/x/-/merge_requests/1"}), 201)

    remote.server.expect_request(
        "/projects/group/sub/name/merge_requests", method="POST"
    ).respond_with_handler(answer)
    assert remote.ask(title="Notes", draft=True).address == "https://gitlab.com/x/-/merge_requests/1"
    [(sent, header, uri)] = asked
    assert header == TOKEN
    assert uri.endswith(MERGES)
    assert (sent["source_branch"], sent["title"]) == (remote.receipt.branch, "Draft: Notes")


def test_one_that_is_open_already_is_found(remote: Remote) -> None:
    remote.at(GITHUB)
    refusal = {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}
    remote.server.expect_request(PULLS, method="POST").respond_with_json(refusal, status=422)
    query = {"head": f"owner:{remote.receipt.branch}", "base": "main", "state": "open"}
    remote.server.expect_request(PULLS, method="GET", query_string=query).respond_with_json(
        [{"html_url": "https://github.com/owner/name/pull/3"}]
    )
    found = remote.ask()
    assert (found.address, found.created) == ("https://github.com/owner/name/pull/3", False)


def test_one_that_is_open_on_gitlab_is_found_too(remote: Remote) -> None:
    remote.at(GITLAB)
    path = "/projects/group/sub/name/merge_requests"
    refusal = {"message": ["Another open merge request already exists for this source branch"]}
    remote.server.expect_request(path, method="POST").respond_with_json(refusal, status=409)
    query = {"source_branch": remote.receipt.branch, "target_branch": "main", "state": "opened"}
    remote.server.expect_request(path, method="GET", query_string=query).respond_with_json(
        [{"web_url": "https://gitlab.com/x/-/merge_requests/3"}]
    )
    found = remote.ask()
    assert (found.address, found.created) == ("https://gitlab.com/x/-/merge_requests/3", False)


def test_what_a_forge_has_against_it_is_told(remote: Remote) -> None:
    remote.at(GITHUB)
    refusal = {"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}
    remote.server.expect_request(PULLS, method="POST").respond_with_json(refusal, status=422)
    remote.server.expect_request(PULLS, method="GET").respond_with_json([])
    with pytest.raises(ForgeError) as refused:
        remote.ask()
    assert refused.value.detail == "Validation Failed; base invalid"


@pytest.mark.parametrize(
    ("url", "start"),
    [
        (GITHUB, "https://github.com/owner/name/compare/main..."),
        (GITLAB, "https://gitlab.com/group/sub/name/-/merge_requests/new?"),
    ],
)
def test_without_a_token_there_are_an_address_and_a_patch(remote: Remote, url: str, start: str) -> None:
    remote.at(url)
    found = remote.ask(env={})
    assert found.compare.startswith(start)
    assert found.address == ""
    assert "there is no token" in found.reason
    assert remote.pushed
    applies(remote, found)
    assert remote.server.log == []


def test_without_a_remote_there_is_a_patch_and_nothing_is_pushed(remote: Remote, tmp_path: Path) -> None:
    found = remote.ask(patch=tmp_path / "deep" / "it.patch")
    assert (found.compare, found.pushed) == ("", False)
    assert found.reason == "there is no remote 'origin'"
    assert found.patch == str(tmp_path / "deep" / "it.patch")
    applies(remote, found)
    assert not remote.pushed


def test_a_forge_that_is_not_known_gets_neither_branch_nor_token(remote: Remote) -> None:
    remote.at("git@code.example.org:owner/name.git")
    found = remote.ask()
    assert "no forge that is known" in found.reason
    assert not remote.pushed
    assert remote.server.log == []


def test_the_token_goes_to_a_host_of_ones_own_only_when_it_is_named(remote: Remote) -> None:
    remote.at("git@gitlab.example.org:owner/name.git")
    assert "--forge gitlab" in remote.ask().reason
    assert remote.server.log == []
    page = {"web_url": "https://gitlab.example.org/owner/name/-/merge_requests/1"}
    remote.server.expect_request("/projects/owner/name/merge_requests").respond_with_json(page, status=201)
    assert remote.ask(forge="gitlab").address == page["web_url"]


def applies(remote: Remote, found: PullRequest) -> None:
    """The patch makes of the fork what the execution made."""
    remote.studio.repo.git("am", "--quiet", found.patch)
    tip = remote.receipt.tip
    assert remote.studio.repo.show("HEAD", "notes.md") == remote.studio.repo.show(tip, "notes.md")


def test_gh_is_asked_for_its_token(remote: Remote, tmp_path: Path) -> None:
    remote.at(GITHUB)
    program = tmp_path / "without gh" / "gh"
    program.write_text(f'#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo {TOKEN}\n')
    program.chmod(0o755)
    remote.server.expect_request(
        PULLS, method="POST", headers={"Authorization": f"Bearer {TOKEN}"}
    ).respond_with_json({"html_url": "https://github.com/owner/name/pull/9"}, status=201)
    assert remote.ask(env={}).address.endswith("/9")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert remote.ask(env={}).address == ""


# Failures


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, ForgeRefused),
        (403, {}, ForgeRefused),
        (404, {}, ForgeRefused),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, RateLimited),
        (403, {"retry-after": "30"}, RateLimited),
        (429, {}, RateLimited),
        (500, {}, ForgeError),
        (301, {"location": "http://127.0.0.1:9/elsewhere"}, ForgeError),
        (307, {"location": "http://127.0.0.1:9/elsewhere"}, ForgeError),
        (200, {}, ForgeError),
    ],
)
@pytest.mark.parametrize("url", [GITHUB, GITLAB])
def test_a_refusal_is_a_typed_error_without_the_token(
    httpserver: HTTPServer,
    url: str,
    status: int,
    headers: dict[str, str],
    kind: type[ParacleError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in (PULLS, "/projects/group/sub/name/merge_requests"):
        # A server may well repeat what it was sent.
        httpserver.expect_request(path).respond_with_json(
            {"message": f"no: {TOKEN}"}, status=status, headers=headers
        )
    with pytest.raises(kind) as refused:
        ask(httpserver, url)
    assert type(refused.value) is kind
    assert refused.value.hint
    assert TOKEN not in f"{refused.value!r} {refused.value.to_dict()} {caplog.text}"
    assert refused.value.__cause__ is None


def ask(server: HTTPServer, url: str = GITHUB) -> None:
    """Ask a forge alone, with nothing pushed."""
    forge = read_forge(url)
    assert forge is not None
    client = ForgeClient(forge, TOKEN, api=server.url_for(""))
    client.open_request("exec/7f3k/1", "main", "title", "body", draft=False)


@pytest.mark.parametrize("words", ["30", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_how_long_to_wait_is_told(httpserver: HTTPServer, words: str) -> None:
    httpserver.expect_request(PULLS).respond_with_json({}, status=429, headers={"retry-after": words})
    with pytest.raises(RateLimited) as refused:
        ask(httpserver)
    assert refused.value.retry_after == {"30": 30.0, "soon": 60.0}.get(words, 0.0)


def test_an_answer_that_is_no_json_is_a_typed_error(httpserver: HTTPServer) -> None:
    httpserver.expect_request(PULLS).respond_with_data("<html>", status=502)
    with pytest.raises(ForgeError, match="failed"):
        ask(httpserver)


@pytest.mark.parametrize("body", ["{}", "[]", '{"html_url": 7}'])
def test_an_answer_without_an_address_is_no_success(httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request(PULLS).respond_with_data(body, status=201)
    with pytest.raises(ForgeError, match="did not say where"):
        ask(httpserver)


def test_a_forge_that_does_not_answer_is_given_up(remote: Remote) -> None:
    remote.at(GITHUB)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(ForgeUnreachable) as refused:
            remote.ask(api=address, seconds=0.3)
        assert time.monotonic() - begun < 10
    assert "timed out" in refused.value.detail
    with pytest.raises(ForgeUnreachable):
        remote.ask(api=address)


def test_a_hook_that_says_no_is_quoted_and_the_forge_is_not_asked(remote: Remote) -> None:
    remote.at(GITHUB)
    hook = remote.studio.repo.git_folder / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'tests are red' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRefused) as refused:
        remote.ask()
    assert "tests are red" in refused.value.detail + refused.value.said
    assert not remote.pushed
    assert remote.server.log == []


def test_a_branch_that_went_another_way_there_is_not_overwritten(remote: Remote) -> None:
    remote.at(GITHUB)
    other = remote.studio.repo.git("commit-tree", "-m", "other", "HEAD^{tree}")
    remote.studio.repo.git("push", "--quiet", "origin", f"{other}:refs/heads/{remote.receipt.branch}")
    with pytest.raises(PushRefused, match="could not be pushed"):
        remote.ask()
    assert remote.bare.git("rev-parse", remote.receipt.branch) == other


def test_what_cannot_be_asked_for_is_refused(remote: Remote) -> None:
    remote.at(GITHUB)
    idle, _ = remote.studio.run(says("Nothing to do."))
    with remote.studio.open() as here:
        with pytest.raises(Conflict, match="has changed nothing"):
            pull_requests.create(here, idle.execution, env={})
        with pytest.raises(NotFound):
            pull_requests.create(here, "zzzz", env={})
    remote.studio.repo.git("branch", "--quiet", "-D", remote.receipt.branch)
    with pytest.raises(NotFound, match="is gone"):
        remote.ask()
