"""Random sequences of taking, editing and taking back: giving up leaves everything as it was."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import Conflict, NotFound, UsageError
from paracle.app.git.pending import MergeConflicts
from paracle.app.git.takes import Unresolved
from paracle.app.services import history, merge_conflicts
from tests.support.history import Past, write
from tests.support.sequences import Template

PATHS = ("a.txt", "b.txt", "gone.txt", "it.bin", "sub/deep.txt")
WORDS = ("one", "two", "three", "four", "five", "six", "seven")

Step = tuple[Any, ...]


@st.composite
def contents(draw: st.DrawFn) -> dict[str, str | bytes | None]:
    """The files as one side has them."""

    def text() -> str:
        lines = [draw(st.sampled_from([word, word.upper(), f"{word}\r"])) for word in WORDS]
        return "\n".join(lines) + draw(st.sampled_from(["\n", ""]))

    return {
        "a.txt": text(),
        "b.txt": text(),
        "gone.txt": draw(st.sampled_from([None, "changed\n", "changed too\n"])),
        "it.bin": draw(st.sampled_from([b"\0one", b"\0two", b"\0three"])),
        "sub/deep.txt": text(),
    }


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("take"),
            st.sampled_from(PATHS),
            st.sampled_from(["ours", "theirs", "base", "both"]),
            st.one_of(st.none(), st.integers(1, 3)),
        ),
        st.tuples(st.just("edit"), st.sampled_from(PATHS), st.sampled_from(["", "by hand\n", "<<<<<<< a\n"])),
        st.tuples(st.just("untake")),
        st.tuples(st.just("note")),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        (home / ".gitconfig").write_text(
            "[user]\nname = Ada\nemail = a@example.org\n[init]\ndefaultBranch = main\n"
        )
        patch.setenv("HOME", str(home))
        return Template.make(tmp_path_factory.mktemp("template") / "past")


@pytest.mark.timeout(300)
@given(contents(), contents(), steps)
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_giving_up_restores_everything_whatever_was_taken(
    template: Template,
    theirs: dict[str, str | bytes | None],
    mine: dict[str, str | bytes | None],
    sequence: list[Step],
) -> None:
    with TemporaryDirectory() as folder, template.copy(Path(folder) / "past") as past:
        base: dict[str, str | bytes | None] = {
            path: b"\0base" if path.endswith("bin") else "\n".join(WORDS) + "\n" for path in PATHS
        }
        write(past.repo.folder, base)
        past.repo.commit("base")
        run = past.execution(theirs)
        write(past.repo.folder, mine)
        past.repo.commit("mine")
        before = past.mine()
        try:
            history.merge(past.workspace, run, target="main")
        except MergeConflicts as met:
            play(past, Path(met.pending.folder), sequence)
        else:
            return
        history.abort(past.workspace)
        assert past.mine() == before
        assert past.leftovers() == []
        assert past.repo.git("for-each-ref", "refs/paracle/merging") == ""
        assert past.repo.healthy()


def play(past: Past, folder: Path, sequence: list[Step]) -> None:
    """Do the steps, then take every one of them back, and look whether it is as it was at first."""
    begun = looks(folder), merge_conflicts.resolution(past.workspace).files
    for kind, *rest in sequence:
        try:
            if kind == "take":
                path, side, block = rest
                merge_conflicts.take(past.workspace, path, side, block=block)
            elif kind == "edit":
                file = folder / rest[0]
                file.parent.mkdir(exist_ok=True)
                file.write_text(rest[1])
                merge_conflicts.keep_edits(past.workspace)
            elif kind == "untake":
                merge_conflicts.untake(past.workspace)
            else:
                merge_conflicts.keep_edits(past.workspace)
        except (Conflict, NotFound, Unresolved, UsageError):
            pass  # a refusal; that nothing was changed by it is seen at the end
    while merge_conflicts.resolution(past.workspace).last:
        merge_conflicts.untake(past.workspace)
    in_conflict = {file.path for file in begun[1]}
    now = looks(folder)
    assert {path: now.get(path) for path in in_conflict} == {path: begun[0].get(path) for path in in_conflict}
    assert merge_conflicts.resolution(past.workspace).files == begun[1]


def looks(folder: Path) -> dict[str, bytes]:
    """The files that are there, with their bytes."""
    return {path: (folder / path).read_bytes() for path in PATHS if (folder / path).exists()}
