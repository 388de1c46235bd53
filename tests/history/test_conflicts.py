"""Conflicts wait beside the checkout: resolved, taken from a side, or given up."""

from pathlib import Path

import pytest

from paracle.app.domain.conflict_blocks import Side
from paracle.app.domain.errors import Conflict, NotFound, UsageError
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.failures import GitTooOld
from paracle.app.git.pending import MergeConflicts
from paracle.app.git.refs import RefMoved
from paracle.app.git.takes import Unresolved
from paracle.app.services import history, merge_conflicts
from tests.support.history import Past, lines, write
from tests.support.repo import stand_in

REPLAYING = [Mode.REBASE, Mode.CHERRY_PICK]
MAKING = [Mode.MERGE, Mode.SQUASH, *REPLAYING]


def conflicting(past: Past) -> str:
    run = past.execution({"app.py": lines("one", "TWO", "three"), "new.py": "n = 1\n"})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    return run


@pytest.mark.parametrize("mode", MAKING)
def test_a_conflict_waits_beside_the_checkout_until_it_is_resolved(past: Past, mode: Mode) -> None:
    run = conflicting(past)
    before = past.mine()
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run, mode=mode)
    assert past.mine() == before
    assert met.value.pending.paths == ("app.py",)

    with pytest.raises(Unresolved):
        history.resume(past.workspace)
    (Path(met.value.pending.folder) / "app.py").write_text(lines("one", "TWO zwei", "three"))
    done = history.resume(past.workspace, run)

    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO zwei", "three")
    assert (past.repo.folder / "new.py").read_text() == "n = 1\n"
    assert past.repo.git("status", "--porcelain") == ""
    assert past.repo.head == done.moves[0].after
    assert past.leftovers() == []
    assert history.waiting(past.workspace) == ()


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("ours", lines("one", "zwei", "three")),
        ("theirs", lines("one", "TWO", "three")),
        ("base", lines("one", "two", "three")),
        ("both", "one\n\n\n\nzwei\nTWO\n\n\n\nthree\n\n\n\n"),
    ],
)
def test_a_conflict_is_resolved_by_taking_a_side(past: Past, side: str, expected: str) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    merge_conflicts.take(past.workspace, "app.py", side)  # type: ignore[arg-type]
    history.resume(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == expected


def test_what_was_typed_before_a_side_is_taken_is_kept(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    (Path(met.value.pending.folder) / "app.py").write_text("hours of work\n")
    merge_conflicts.take(past.workspace, "app.py", "ours")
    (kept,) = [entry for entry in history.archive(past.workspace) if entry.operation.endswith("-typed")]
    assert past.repo.show(kept.commit, "app.py") == "hours of work"


FIVE = ("one", "two", "three", "four", "five")


def conflicting_twice(past: Past) -> str:
    """A run and a commit that both changed the second and the fourth line of ``code.py``; a merge waits."""
    past.repo.commit("code", code_py=lines(*FIVE))
    run = past.execution({"code.py": lines("one", "TWO", "three", "FOUR", "five")})
    past.repo.commit("mine", code_py=lines("one", "zwei", "three", "vier", "five"))
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    return run


def code(past: Past) -> bytes:
    """The file in conflict as the merge's work tree has it."""
    return (Path(merge_conflicts.resolution(past.workspace).folder) / "code.py").read_bytes()


def test_each_block_is_told_with_its_lines_and_what_it_was_resolved_by(past: Past) -> None:
    run = conflicting_twice(past)
    now = merge_conflicts.resolution(past.workspace)
    assert (now.ours, now.theirs, now.words) == ("main", f"fixer {run[:4]}", "0 of 2 resolved")
    (file,) = merge_conflicts.resolution(past.workspace, run).files
    assert (file.path, file.kind, file.why) == ("code.py", "text", "2 blocks left")
    first, second = file.blocks
    assert (first.ours, first.base, first.theirs) == (("zwei",), ("two",), ("TWO",))
    text = code(past).decode().splitlines()
    assert text[first.line - 1].startswith("<<<<<<<")
    assert text[second.last - 1].startswith(">>>>>>>")

    merge_conflicts.take(past.workspace, "code.py", "theirs", block=1)
    now = merge_conflicts.resolution(past.workspace)
    assert [block.took for block in now.files[0].blocks] == ["theirs", ""]
    assert (now.words, now.last) == ("1 of 2 resolved", "code.py, block 1: theirs")
    with pytest.raises(Conflict, match="resolved already"):
        merge_conflicts.take(past.workspace, "code.py", "ours", block=1)
    with pytest.raises(NotFound, match="no block 3"):
        merge_conflicts.take(past.workspace, "code.py", "ours", block=3)
    with pytest.raises(NotFound, match="is not in conflict"):
        merge_conflicts.take(past.workspace, "notes.md", "ours")
    with pytest.raises(Unresolved, match="conflicts left"):
        history.resume(past.workspace)

    merge_conflicts.take(past.workspace, "code.py", "both", block=2)
    assert merge_conflicts.resolution(past.workspace).open == ()
    history.resume(past.workspace)
    expected = lines("one", "TWO", "three", "vier", "five").replace("vier\n", "vier\nFOUR\n")
    assert (past.repo.folder / "code.py").read_text() == expected
    assert past.leftovers() == []
    assert past.repo.git("for-each-ref", "refs/paracle/merging") == ""


def test_what_was_taken_is_taken_back_by_another_process_too(past: Past) -> None:
    conflicting_twice(past)
    begun = code(past)
    merge_conflicts.take(past.workspace, "code.py", "base", block=2)
    halfway = code(past)
    merge_conflicts.take(past.workspace, "code.py", "theirs")
    past.repo.git("gc", "--quiet", "--prune=now")
    with past.opened() as another:
        assert merge_conflicts.untake(another) == "code.py: theirs"
        assert code(past) == halfway
        assert merge_conflicts.resolution(another).files[0].why == "1 block left"
        assert merge_conflicts.untake(another) == "code.py, block 2: base"
        assert code(past) == begun
        with pytest.raises(NotFound, match="Nothing was taken yet"):
            merge_conflicts.untake(another)
    with pytest.raises(Unresolved):
        history.resume(past.workspace)


def test_edits_by_hand_are_taken_back_and_never_lost(past: Past) -> None:
    conflicting_twice(past)
    file = Path(merge_conflicts.resolution(past.workspace).folder) / "code.py"
    merge_conflicts.take(past.workspace, "code.py", "ours", block=1)
    taken = file.read_bytes()
    edited = taken.replace(b"five", b"FIVE by hand")
    file.write_bytes(edited)
    merge_conflicts.take(past.workspace, "code.py", "theirs")
    assert merge_conflicts.untake(past.workspace) == "code.py: theirs"
    assert file.read_bytes() == edited
    file.write_bytes(edited + b"and more\n")
    assert merge_conflicts.keep_edits(past.workspace) == ("code.py",)
    assert merge_conflicts.keep_edits(past.workspace) == ()
    assert merge_conflicts.resolution(past.workspace).last == "code.py: edited by hand"
    assert merge_conflicts.untake(past.workspace) == "code.py: edited by hand"
    assert file.read_bytes() == taken  # two edits in a row are one
    kept = [past.repo.show(entry.commit, "code.py") for entry in history.archive(past.workspace)]
    assert {edited.decode().strip(), edited.decode() + "and more"} <= {text.strip() for text in kept} | set(
        kept
    )


def test_a_block_that_was_resolved_by_hand_leaves_the_other_its_number(past: Past) -> None:
    conflicting_twice(past)
    file = Path(merge_conflicts.resolution(past.workspace).folder) / "code.py"
    text = file.read_text()
    (first, _) = merge_conflicts.resolution(past.workspace).files[0].blocks
    kept = text.splitlines(keepends=True)
    file.write_text("".join([*kept[: first.line - 1], "by hand\n", *kept[first.last :]]))
    (found,) = merge_conflicts.resolution(past.workspace).files
    assert [block.took for block in found.blocks] == ["hand", ""]
    merge_conflicts.take(past.workspace, "code.py", "ours", block=2)
    history.resume(past.workspace)
    expected = lines("one", "by hand", "three", "vier", "five")
    assert (past.repo.folder / "code.py").read_text() == expected


def test_a_marker_that_is_left_alone_is_told_and_not_merged(past: Past) -> None:
    conflicting_twice(past)
    file = Path(merge_conflicts.resolution(past.workspace).folder) / "code.py"
    file.write_text("one\n>>>>>>> run\n")
    (found,) = merge_conflicts.resolution(past.workspace).files
    assert (found.why, found.stray) == ("a marker is left in line 2", 2)
    with pytest.raises(Unresolved):
        history.resume(past.workspace)


def test_text_that_looks_like_markers_does_not_pass_for_them(past: Past) -> None:
    guide = "Guide\n=======\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> theirs\n"
    past.repo.commit("guide", **{"guide.md": guide + "end\n"})
    run = past.execution({"guide.md": guide + "another end\n"})
    past.repo.commit("mine", **{"guide.md": guide + "my end\n"})
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    (file,) = merge_conflicts.resolution(past.workspace).files
    (block,) = file.blocks
    assert (block.ours, block.theirs) == (("my end",), ("another end",))
    merge_conflicts.take(past.workspace, "guide.md", "theirs", block=1)
    history.resume(past.workspace)
    assert (past.repo.folder / "guide.md").read_text() == guide + "another end\n"


def test_the_length_of_markers_that_an_attribute_asks_for_is_kept(past: Past) -> None:
    past.repo.commit("rst", **{".gitattributes": "*.rst conflict-marker-size=20\n", "a.rst": "a\n"})
    run = past.execution({"a.rst": "theirs\n"})
    past.repo.commit("mine", **{"a.rst": "mine\n"})
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    assert (Path(met.value.pending.folder) / "a.rst").read_text().startswith("<" * 20 + " ")
    with pytest.raises(Unresolved):
        history.resume(past.workspace)
    merge_conflicts.take(past.workspace, "a.rst", "ours", block=1)
    history.resume(past.workspace, run)
    assert (past.repo.folder / "a.rst").read_text() == "mine\n"


def test_line_ends_of_a_checkout_are_kept_in_every_block(past: Past) -> None:
    past.repo.git("config", "core.autocrlf", "true")
    past.repo.commit("code", code_py=lines(*FIVE))
    run = past.execution({"code.py": lines("one", "TWO", "three", "FOUR", "five").replace("\n", "\r\n")})
    past.repo.commit("mine", code_py=lines("one", "zwei", "three", "vier", "five").replace("\n", "\r\n"))
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    merge_conflicts.take(past.workspace, "code.py", "theirs", block=1)
    merge_conflicts.take(past.workspace, "code.py", "both", block=2)
    content = code(past)
    assert content.count(b"\n") == content.count(b"\r\n")
    history.resume(past.workspace)
    committed = past.repo.show("HEAD", "code.py")
    assert ("\r" in committed, "vier\nFOUR\n" in committed) == (False, True)


KINDS: dict[str, tuple[dict[str, str | bytes | None], dict[str, str | bytes | None], str]] = {
    "deleted by the run": ({"it": None}, {"it": "mine\n"}, "deleted"),
    "deleted by the user": ({"it": "theirs\n"}, {"it": None}, "deleted"),
    "binary": ({"it": b"\0theirs"}, {"it": b"\0mine"}, "binary"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("side", ["ours", "theirs", "base"])
def test_what_has_no_blocks_is_decided_as_a_whole_and_taken_back(past: Past, name: str, side: Side) -> None:
    theirs, mine, kind = KINDS[name]
    past.repo.commit("it", it="it\n")
    run = past.execution(theirs)
    write(past.repo.folder, mine)
    past.repo.commit("mine")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    (found,) = merge_conflicts.resolution(past.workspace).files
    assert (found.kind, len(found.blocks), bool(found.why)) == (kind, 1, True)
    with pytest.raises(UsageError, match="has no blocks"):
        merge_conflicts.take(past.workspace, "it", side, block=1)
    with pytest.raises(Unresolved):
        merge_conflicts.take(past.workspace, "it", "both")
    merge_conflicts.take(past.workspace, "it", side)
    assert merge_conflicts.resolution(past.workspace).files[0].took == side
    merge_conflicts.untake(past.workspace)
    assert merge_conflicts.resolution(past.workspace).files == (found,)
    merge_conflicts.take(past.workspace, "it", side)
    if side == "ours":  # the commit then records only that the branches met
        history.resume(past.workspace)
        assert not past.repo.git("status", "--porcelain")
        return
    history.resume(past.workspace)
    expected = {"theirs": theirs["it"], "base": "it\n"}[side]
    file = past.repo.folder / "it"
    content = expected.encode() if isinstance(expected, str) else expected
    assert (file.read_bytes() if file.exists() else None) == content


def test_links_are_never_followed(past: Past, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    run = past.execution({"app.py": "theirs\n"})
    (past.repo.folder / "app.py").unlink()
    (past.repo.folder / "app.py").symlink_to(outside)
    past.repo.commit("a link")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    for found in merge_conflicts.resolution(past.workspace).files:
        for side in ("theirs", "ours"):
            merge_conflicts.take(past.workspace, found.path, side)
        merge_conflicts.untake(past.workspace)
        merge_conflicts.untake(past.workspace)
    history.abort(past.workspace)
    assert outside.read_text() == "precious\n"
    assert past.leftovers() == []


def test_each_commit_that_is_replayed_has_conflicts_of_its_own(past: Past) -> None:
    run = past.execution({"app.py": lines("one", "TWO", "three")}, {"app.py": lines("one", "TWO", "THREE")})
    past.repo.commit("mine", app_py=lines("one", "zwei", "drei"))
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run, mode=Mode.REBASE)
    merge_conflicts.take(past.workspace, "app.py", "theirs", block=1)
    with pytest.raises(MergeConflicts):
        history.resume(past.workspace)
    now = merge_conflicts.resolution(past.workspace)
    assert (now.words, now.last) == ("0 of 1 resolved", "")
    merge_conflicts.take(past.workspace, "app.py", "both", block=1)
    history.resume(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO", "drei").replace(
        "drei\n", "drei\nTHREE\n"
    )


def test_a_file_deleted_on_one_side_needs_a_decision(past: Past) -> None:
    run = past.execution({"app.py": None})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    with pytest.raises(Unresolved):
        history.resume(past.workspace)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    assert "app.py" not in past.repo.names("HEAD")


def test_giving_up_restores_the_state_exactly_and_keeps_what_was_typed(past: Past) -> None:
    run = conflicting(past)
    before = past.mine()
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    (Path(met.value.pending.folder) / "app.py").write_text("hours of work\n")

    given_up = history.abort(past.workspace)

    assert past.mine() == before
    assert past.leftovers() == []
    assert (
        past.repo.show(f"refs/paracle/archive/{given_up.id}/snapshot/{met.value.pending.id}", "app.py")
        == "hours of work"
    )


def test_a_target_that_moved_while_conflicts_were_resolved_is_not_overwritten(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    past.repo.commit("meanwhile", later_py="1\n")
    before = past.mine()
    with pytest.raises(RefMoved):
        history.resume(past.workspace)
    assert past.mine() == before
    assert len(history.waiting(past.workspace)) == 1


def test_a_second_merge_of_a_branch_that_waits_is_refused(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    with pytest.raises(Conflict, match="waits for its conflicts"):
        history.merge(past.workspace, run)


def test_a_git_without_merge_tree_is_refused_naming_both_versions(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"})
    monkeypatch.setenv(
        "PATH",
        stand_in(
            tmp_path / "bin", 'test "$1" = version && echo git version 2.37.9 && exit\nexec "$REAL" "$@"'
        ),
    )
    with pytest.raises(GitTooOld) as refused:
        history.merge(past.workspace, run)
    assert "2.37.9" in refused.value.detail
    assert "2.38" in refused.value.detail


@pytest.mark.parametrize("mode", MAKING)
def test_a_resolved_merge_that_could_not_land_lands_later(past: Past, mode: Mode) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run, mode=mode)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    past.repo.write("notes.md", "work in progress\n")
    with pytest.raises(CheckoutBusy):
        history.resume(past.workspace)
    past.repo.git("checkout", "--", "notes.md")
    history.resume(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO", "three")
    assert past.leftovers() == []


def test_giving_up_keeps_a_commit_that_was_made_already(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    folder = Path(met.value.pending.folder)
    (folder / "app.py").write_text("resolved by hand\n")
    past.repo.git("-C", str(folder), "commit", "--quiet", "--all", "--no-edit")
    history.abort(past.workspace)
    (kept,) = history.archive(past.workspace)
    assert past.repo.show(kept.commit, "app.py") == "resolved by hand"


def test_a_path_of_any_bytes_is_resolved_and_taken_back(past: Past) -> None:
    name = 'a "b"\\\n\udce9.txt'
    write(past.repo.folder, {name: "it\n"})
    past.repo.commit("it")
    run = past.execution({name: "theirs\n"})
    write(past.repo.folder, {name: "mine\n"})
    past.repo.commit("mine")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    (found,) = merge_conflicts.resolution(past.workspace).files
    assert (found.path, found.kind) == (name, "text")
    merge_conflicts.take(past.workspace, name, "both", block=1)
    merge_conflicts.untake(past.workspace)
    assert merge_conflicts.resolution(past.workspace).files == (found,)
    merge_conflicts.take(past.workspace, name, "theirs")
    history.resume(past.workspace)
    assert (past.repo.folder / name).read_text() == "theirs\n"


def test_a_submodule_that_both_moved_is_taken_from_a_side(past: Past) -> None:
    def point(commit: str) -> None:
        past.repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit * 40},sub")
        past.repo.git("commit", "--quiet", "--message", f"sub at {commit}")

    (past.repo.folder / "sub").mkdir()
    point("1")
    run = past.execution({"new.py": "1\n"})
    branch = past.branch(run)
    past.repo.git("switch", "--quiet", branch)
    point("2")
    past.repo.git("switch", "--quiet", "main")
    point("3")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    (found,) = merge_conflicts.resolution(past.workspace).files
    assert (found.kind, found.blocks[0].theirs) == ("submodule", ("submodule at 222222222222",))
    merge_conflicts.take(past.workspace, "sub", "theirs")
    assert merge_conflicts.resolution(past.workspace).files[0].took == "theirs"
    merge_conflicts.untake(past.workspace)
    assert merge_conflicts.resolution(past.workspace).files == (found,)
    merge_conflicts.take(past.workspace, "sub", "theirs")
    history.resume(past.workspace)
    assert past.repo.git("rev-parse", "HEAD:sub") == "2" * 40


def test_a_file_that_was_renamed_differently_is_decided_path_by_path(past: Past) -> None:
    past.repo.commit("it", **{"it.txt": lines("one", "two", "three")})
    run = past.execution({"it.txt": None, "theirs.txt": lines("one", "two", "three")})
    past.repo.git("mv", "it.txt", "mine.txt")
    past.repo.git("commit", "--quiet", "--message", "renamed")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    found = merge_conflicts.resolution(past.workspace).files
    assert {file.path: (file.kind, file.has) for file in found} == {
        "it.txt": ("rename", ("base",)),
        "mine.txt": ("rename", ("ours",)),
        "theirs.txt": ("rename", ("theirs",)),
    }
    for path in ("it.txt", "mine.txt", "theirs.txt"):
        merge_conflicts.take(past.workspace, path, "theirs")
    history.resume(past.workspace)
    assert {"it.txt", "mine.txt", "theirs.txt"} & set(past.repo.names("HEAD")) == {"theirs.txt"}
