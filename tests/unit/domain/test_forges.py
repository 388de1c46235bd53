"""Addresses of remotes, and what a pull request says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.conversation import Usage
from paracle.app.domain.errors import UsageError
from paracle.app.domain.executions import FileChange, Receipt
from paracle.app.domain.forges import ForgeKind, read_forge
from paracle.app.domain.pull_requests import body_of, title_of
from paracle.app.domain.states import State


@pytest.mark.parametrize(
    ("url", "kind", "host", "project"),
    [
        ("https://github.com/owner/name.git", "github", "github.com", "owner/name"),
        ("https://user:secret@github.com/owner/name", "github", "github.com", "owner/name"),
        ("git@github.com:owner/name.git", "github", "github.com", "owner/name"),
        ("ssh://git@ssh.github.com:443/owner/name.git", "github", "github.com", "owner/name"),
        ("git@gitlab.com:group/sub/name.git", "gitlab", "gitlab.com", "group/sub/name"),
        ("https://gitlab.example.org:8443/g/n/", "gitlab", "gitlab.example.org:8443", "g/n"),
        ("ssh://git@code.example.org:2222/o/n.git", "other", "code.example.org", "o/n"),
    ],
)
def test_a_forge_is_read_from_a_remotes_address(url: str, kind: str, host: str, project: str) -> None:
    forge = read_forge(url)
    assert forge is not None
    assert (forge.kind, forge.host, forge.project) == (kind, host, project)
    assert "secret" not in f"{forge} {forge.web} {forge.api}"


@pytest.mark.parametrize(
    "url",
    ["/srv/repo.git", "../repo", "file:///srv/repo.git", "C:/repo", "https://github.com/", "x", "http://["],
)
def test_a_folder_is_no_forge(url: str) -> None:
    assert read_forge(url) is None


@given(st.text(max_size=40))
def test_any_text_is_read_without_a_fault(url: str) -> None:
    forge = read_forge(url)
    assert forge is None or "/" in forge.project


def test_a_person_can_say_what_kind_a_forge_is() -> None:
    forge = read_forge("git@code.example.org:o/n.git", "github")
    assert forge is not None
    assert forge.named
    assert forge.api == "https://code.example.org/api/v3"
    with pytest.raises(UsageError, match="not a kind"):
        read_forge("git@code.example.org:o/n.git", "sourcehut")


def test_the_page_to_open_a_request_on_quotes_the_branch() -> None:
    hub, lab = read_forge("git@github.com:o/n"), read_forge("git@gitlab.com:o/n")
    assert hub is not None
    assert lab is not None
    assert hub.compare("main", "exec/7f/2") == "https://github.com/o/n/compare/main...exec%2F7f%2F2?expand=1"
    assert lab.compare("main", "a b").endswith("source_branch%5D=a+b&merge_request%5Btarget_branch%5D=main")


def test_a_token_never_goes_over_an_open_line() -> None:
    for kind in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        forge = read_forge("http://code.example.org/o/n", kind)
        assert forge is not None
        assert forge.api.startswith("https://")


def receipt(**more: object) -> Receipt:
    about: dict[str, object] = {
        "execution": "7f3k000000", "agent": "worker", "state": State.COMPLETED, "config_hash": "",
        "model": "m:x", "offline": False, "inputs": {}, "answer": "All done.\n\nReally.", "seconds": 3.0,
        "steps": 4, "tool_calls": {"write_file": 2}, "refused": 1, "usage": Usage(1, 2, 30_000),
        "branch": "b", "base_commit": "", "tip": "", "commits": (), "files": (), "worktree": "",
        "allowed": ("src/**",),
    }  # fmt: skip
    return Receipt(**{**about, **more})  # type: ignore[arg-type]


def test_the_description_is_made_of_the_receipt() -> None:
    files = (FileChange("a|b`.py", "M", 3, 1), FileChange("logo.png", "A", -1, -1))
    said = body_of(receipt(files=files), "do it")
    assert said.startswith("**Task:** do it\n\nAll done.\n\nReally.\n\n| file |")
    assert "| `a\\|b'.py` | M | 3 | 1 |\n| `logo.png` | A | binary |  |" in said
    assert "execution `7f3k000000`: 4 steps, 2 tool calls, 3.0 s, $0.03. Answered by m:x." in said
    assert "1 call refused" in said
    assert "It may write `src/**`" in said


def test_a_long_list_of_files_is_cut_and_says_so() -> None:
    files = tuple(FileChange(f"{number}.py", "M", 1, 1) for number in range(60))
    assert "… 10 more" in body_of(receipt(files=files), "")


def test_the_title_is_the_task_else_the_answer_else_the_agent() -> None:
    assert title_of(receipt(), "mend it") == "mend it"
    assert title_of(receipt(), "") == "All done. Really."
    assert title_of(receipt(answer=""), " ") == "Changes by worker"
