"""A merge's commit is made with the user's hooks and signing, and a disk that refuses is said so."""

import stat
from pathlib import Path

import pytest

from paracle.app.domain.errors import GitError
from paracle.app.domain.history import Mode
from paracle.app.git.failures import DiskFull, ReadOnlyRepository
from paracle.app.git.merging import HookRefused, HookTimeout
from paracle.app.services import history
from tests.support.history import Past
from tests.support.repo import stand_in
from tests.support.studio import children


def hook(past: Past, name: str, script: str) -> None:
    path = past.repo.git_folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("mode", "name"),
    [(Mode.MERGE, "pre-merge-commit"), (Mode.SQUASH, "pre-commit"), (Mode.SQUASH, "commit-msg")],
)
def test_a_hook_that_fails_is_quoted_and_nothing_changes(past: Past, mode: Mode, name: str) -> None:
    run = past.execution({"a": "1\n"})
    hook(past, name, "echo 'the linter found 3 problems' >&2; exit 1")
    before = past.mine()
    with pytest.raises(HookRefused) as refused:
        history.merge(past.workspace, run, mode=mode)
    assert "the linter found 3 problems" in refused.value.detail
    assert past.mine() == before
    assert past.leftovers() == []


def test_a_hook_that_hangs_is_ended(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    hook(past, "pre-commit", "sleep 60")
    before = past.mine()
    with pytest.raises(HookTimeout, match="hook took too long"):
        history.merge(past.workspace, run, mode=Mode.SQUASH, hook_seconds=0.5)
    assert past.mine() == before
    assert past.leftovers() == []


def test_a_hook_sees_the_merged_files_and_may_shape_the_message(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    hook(past, "commit-msg", 'test -f a && echo "Reviewed-by: hook" >> "$1"')
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    assert "Reviewed-by: hook" in past.repo.message("HEAD")


def test_signing_is_as_the_user_has_configured_it(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("config", "commit.gpgSign", "true")
    past.repo.git("config", "gpg.program", "false")
    before = past.mine()
    with pytest.raises(HookRefused, match="sign"):
        history.merge(past.workspace, run)
    assert past.mine() == before


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: cannot create file: No space left on device", DiskFull),
        ("fatal: cannot lock ref 'refs/heads/main': Read-only file system", ReadOnlyRepository),
    ],
)
def test_a_disk_that_refuses_leaves_everything_as_it_was(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[GitError]
) -> None:
    run = past.execution({"a": "1\n"})
    before = past.mine()
    script = f'case "$*" in *update-ref*--stdin*) echo "{said}" >&2; exit 128;; esac\nexec "$REAL" "$@"'
    with monkeypatch.context() as patch:
        patch.setenv("PATH", stand_in(tmp_path / "bin", script))
        with pytest.raises(kind):
            history.merge(past.workspace, run)
    assert past.mine() == before
    assert past.leftovers() == []
    assert history.operations(past.workspace) == ()
    history.merge(past.workspace, run)


def test_no_process_and_no_file_handle_outlives_a_merge(past: Past) -> None:
    first, second = past.execution({"a": "1\n"}), past.execution({"b": "1\n"})
    history.merge(past.workspace, first)
    handles = len(list(Path("/dev/fd").iterdir()))
    history.merge(past.workspace, second)
    history.undo(past.workspace)
    assert len(list(Path("/dev/fd").iterdir())) == handles
    assert children() == []
