"""The project's hooks around merges: refused before anything is touched, told of what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from paracle.app.domain.errors import ProjectError
from paracle.app.domain.history import Mode
from paracle.app.domain.occasions import Vetoed
from paracle.app.git.pending import MergeConflicts
from paracle.app.services import history, merge_conflicts, trust
from tests.support.history import Past, lines

Told = Mapping[str, Any]


def hooked(past: Past, text: str, *, trusted: bool = True) -> None:
    """Give the project hooks, in a commit."""
    folder = past.repo.folder / ".parac"
    folder.mkdir(exist_ok=True)
    (folder / "project.yaml").write_text("name: shop\n")
    (folder / ".gitignore").write_text(".local/\n")
    (folder / "hooks.yaml").write_text(text)
    past.repo.commit("hooks")
    past.workspace.close()
    past.workspace = past.opened()
    if trusted:
        trust.accept(past.workspace, trust.look(past.workspace))


def test_a_veto_before_a_merge_touches_nothing(past: Past) -> None:
    hooked(past, "hooks: [{on: merge.before, run: sh -c 'echo not on Fridays >&2; exit 2'}]\n")
    run = past.execution({"new.py": "a = 1\n"})
    head = past.repo.head
    with pytest.raises(Vetoed, match="not on Fridays") as refused:
        history.merge(past.workspace, run)
    assert refused.value.exit_code == 3
    assert (past.repo.head, past.repo.git("status", "--porcelain")) == (head, "")
    assert history.operations(past.workspace) == ()


def test_hooks_see_the_merge_and_may_change_its_message(past: Past) -> None:
    told: list[Told] = []

    def before(this: Told) -> Any:
        told.append(this)
        return {"arguments": {**this["arguments"], "message": "feat: as the hook says"}}

    run = past.execution({"new.py": "a = 1\n"})
    past.workspace.hooks.add("merge.before", before)
    past.workspace.hooks.add("merge.after", told.append)
    done = history.merge(past.workspace, run, target="main", mode=Mode.SQUASH)
    assert past.repo.git("log", "-1", "--format=%s") == "feat: as the hook says"
    assert [one["kind"] for one in told] == ["merge.before", "merge.after"]
    assert (told[0]["execution"], told[0]["arguments"]["mode"]) == (run, "squash")
    assert told[1]["result"]["value"]["id"] == done.id


def test_what_failed_is_kept_with_the_merge_that_went_on(past: Past) -> None:
    hooked(past, "hooks: [{on: merge.before, run: 'false'}, {on: merge.after, run: no-such-program}]\n")
    run = past.execution({"new.py": "a = 1\n"})
    done = history.merge(past.workspace, run)
    assert len(done.notes) == 2
    assert "(merge.before) failed, and changed nothing: exit 1" in done.notes[0]
    assert "There is no program 'no-such-program'" in done.notes[1]
    assert history.operations(past.workspace)[0].notes == done.notes


def test_hooks_that_are_not_trusted_do_not_run_and_the_merge_says_so(past: Past) -> None:
    text = "hooks: [{on: merge.before, run: sh -c 'exit 2'}, {on: tool.before, run: 'false'}]\n"
    hooked(past, text, trusted=False)
    done = history.merge(past.workspace, past.execution({"new.py": "a = 1\n"}))
    (note,) = done.notes
    assert note.startswith("1 hook not run: the project is not trusted yet")


def test_hooks_that_cannot_be_read_let_nothing_be_merged(past: Past) -> None:
    hooked(past, "hooks: [{on: merge.befor, run: 'false'}]\n", trusted=False)
    run = past.execution({"new.py": "a = 1\n"})
    head = past.repo.head
    with pytest.raises(ProjectError, match=r"hooks\.yaml has errors"):
        history.merge(past.workspace, run)
    assert (past.repo.head, past.repo.git("status", "--porcelain")) == (head, "")


def test_a_merge_that_waited_for_its_conflicts_passes_the_hooks_again(past: Past) -> None:
    told: list[Told] = []
    run = past.execution({"app.py": lines("one", "THEIRS", "three")})
    past.repo.commit("mine", app_py=lines("one", "OURS", "three"))
    past.workspace.hooks.add("merge.before", told.append)
    past.workspace.hooks.add("merge.after", told.append)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    assert [one["kind"] for one in told] == ["merge.before", "merge.after"]
    assert told[1]["result"]["success"] is False
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    assert [one["kind"] for one in told[2:]] == ["merge.before", "merge.after"]
    assert (told[2]["execution"], told[3]["result"]["success"]) == (run, True)
