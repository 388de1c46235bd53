"""The history as a graph, read from real repositories: where executions left the trunk and came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.history import Mode
from paracle.app.domain.history_graph import HistoryGraph, Run, TrunkCommit, Verdict
from paracle.app.domain.history_lanes import strokes
from paracle.app.domain.review import Part
from paracle.app.domain.review import Verdict as Judged
from paracle.app.services import history, review
from paracle.app.services.history_graph import HistoryReader
from tests.support.folders import Plain
from tests.support.history import Past, lines
from tests.support.repo import RepoBuilder


def read(past: Past, target: str | None = None) -> HistoryGraph:
    return HistoryReader(past.workspace, target).read()


def picture(graph: HistoryGraph) -> list[str]:
    """The lines of the graph, each with the commit's subject or the execution's verdict."""
    shown = []
    for row in graph.rows:
        words = row.node.subject if isinstance(row.node, TrunkCommit) else row.node.outcome
        shown.append(f"{''.join(strokes(row, graph.lanes)).rstrip()} {words}")
    return shown


def runs(graph: HistoryGraph) -> dict[str, Run]:
    return {row.node.id: row.node for row in graph.rows if isinstance(row.node, Run)}


def subjects(graph: HistoryGraph) -> list[str]:
    return [row.node.subject for row in graph.rows if isinstance(row.node, TrunkCommit)]


def test_an_execution_stands_above_the_commit_it_left(past: Past) -> None:
    run = past.execution({"a": "1\n2\n"})
    past.repo.commit("mine")
    past.execution({"b": "1\n"})
    graph = read(past)
    assert (graph.target, graph.complete) == ("main", True)
    assert picture(graph) == ["╭─✓ unreviewed", "• mine", "├─✓ unreviewed", "• first"]
    found = runs(graph)[run]
    assert (found.agent, found.model, found.fork) == (
        "fixer",
        "offline",
        past.repo.git("rev-parse", "main~1"),
    )
    assert found.created > 0


def test_a_merged_execution_has_a_line_to_the_commit_that_brought_it(past: Past) -> None:
    first = past.execution({"a": "1\n"})
    second = past.execution({"b": "1\n"})
    history.merge(past.workspace, first)
    history.merge(past.workspace, second)
    graph = read(past)
    one, two = past.branch(first), past.branch(second)
    assert picture(graph) == [
        f"•─╮ Merge {two} into main",
        f"•─┼─╮ Merge {one} into main",
        "├─✓ │ merged",
        "├───✓ merged",
        "• first",
    ]
    assert runs(graph)[first].merge == past.repo.git("rev-parse", "main~1")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.SQUASH, "merged · squash"),
        (Mode.CHERRY_PICK, "merged · picked"),
        (Mode.REBASE, "merged · rebase"),
        (Mode.FF, "merged · ff"),
    ],
)
def test_a_merge_without_a_merge_commit_is_known_from_its_record(past: Past, mode: Mode, words: str) -> None:
    run = past.execution({"a": "1\n"})
    if mode is not Mode.FF:
        past.repo.commit("mine", mine="1\n")
    history.merge(past.workspace, run, mode=mode)
    graph = read(past)
    found = runs(graph)[run]
    assert (found.outcome, found.merge) == (words, past.repo.head)
    assert graph.rows[0].joins == 0b10
    history.undo(past.workspace)
    assert runs(read(past))[run].outcome == "unreviewed"


def test_a_merge_made_with_plain_git_is_seen_too_even_at_one_remove(past: Past) -> None:
    run, far = past.execution({"a": "1\n"}), past.execution({"b": "1\n"})
    past.repo.git("merge", "--quiet", "--no-ff", "--no-edit", past.branch(run))
    past.repo.git("switch", "--quiet", "--create", "side")
    past.repo.git("merge", "--quiet", "--no-ff", "--no-edit", past.branch(far))
    past.repo.git("switch", "--quiet", "main")
    past.repo.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    found = runs(read(past))
    assert (found[run].outcome, found[run].merge) == ("merged", past.repo.git("rev-parse", "main~1"))
    assert (found[far].outcome, found[far].merge) == ("merged", "")


def test_a_branch_that_went_on_after_its_merge_is_open_again(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    past.repo.git("switch", "--quiet", past.branch(run))
    past.repo.commit("more", b="1\n")
    past.repo.git("switch", "--quiet", "main")
    assert runs(read(past))[run].verdict is Verdict.UNREVIEWED


def test_a_part_that_was_merged_is_told_as_a_part(past: Past) -> None:
    run = past.execution({"a": "1\n", "b": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH, files=["a"])
    found = runs(read(past))[run]
    assert (found.verdict, found.merge) == (Verdict.PARTLY_MERGED, past.repo.head)


def test_executions_on_one_branch_each_stand_for_what_they_did(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    more = past.follow(run, {"b": "1\n"})
    found = runs(read(past))
    assert (found[run].outcome, found[more].outcome) == ("merged · squash", "unreviewed")
    assert found[run].fork == found[more].fork == past.repo.git("rev-parse", "main~1")
    history.merge(past.workspace, run)
    found = runs(read(past))
    assert (found[run].outcome, found[more].outcome) == ("merged · squash", "merged")
    assert (found[run].merge, found[more].merge) == (past.repo.git("rev-parse", "main~1"), past.repo.head)


def test_in_a_folder_without_git_executions_stand_by_themselves(tmp_path: Path) -> None:
    with Plain(tmp_path) as plain:
        applied, open_one = plain.execution({"a": "1\n"}), plain.execution({"b": "1\n"})
        dropped = plain.execution({"c": "1\n"})
        history.merge(plain.workspace, applied)
        history.discard(plain.workspace, dropped)
        reader = HistoryReader(plain.workspace)
        graph = reader.read()
        assert not reader.has_changed()
        with pytest.raises(Conflict, match="no git"):
            HistoryReader(plain.workspace, "main").read()
    found = runs(graph)
    assert (graph.target, len(graph.rows)) == ("", 3)
    assert {one: found[one].outcome for one in found} == {
        applied: "applied",
        open_one: "unreviewed",
        dropped: "discarded",
    }


def test_what_was_applied_to_the_users_files_is_told(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.apply(past.workspace, run)
    assert runs(read(past))[run].verdict is Verdict.APPLIED
    history.undo(past.workspace)
    assert runs(read(past))[run].verdict is Verdict.UNREVIEWED


def test_branches_that_are_gone_leave_their_executions(past: Past) -> None:
    dropped, cleaned = past.execution({"a": "1\n"}), past.execution({"b": "1\n"})
    deleted, idle = past.execution({"c": "1\n"}), past.execution()
    history.merge(past.workspace, cleaned)
    history.discard(past.workspace, dropped)
    history.cleanup(past.workspace)
    past.repo.git("branch", "--delete", "--force", past.branch(deleted))
    found = runs(read(past))
    assert found[dropped].verdict is Verdict.DISCARDED
    assert (found[cleaned].verdict, found[cleaned].merge) == (Verdict.MERGED, past.repo.head)
    assert found[idle].verdict is Verdict.UNCHANGED
    assert {run.fork for run in found.values()} == {past.repo.git("rev-parse", "main~1")}
    history.restore(past.workspace, past.branch(dropped))
    assert runs(read(past))[dropped].verdict is Verdict.UNREVIEWED


def test_what_was_decided_in_the_review_is_held_against_the_whole_diff(past: Past) -> None:
    files = {"app.py": lines("ONE", "two", "THREE"), "n.md": "new\n"}
    wanted = {
        name: past.execution(files) for name in ("accepted", "rejected", "partly accepted", "unreviewed")
    }
    for name, run in wanted.items():
        reviewed = review.open_review(past.workspace, run)
        diff = review.files(reviewed)
        for file in (
            diff if name in ("accepted", "rejected") else diff[:1] if name.startswith("partly") else ()
        ):
            verdict = Judged.REJECTED if name == "rejected" else Judged.ACCEPTED
            review.judge(past.workspace, reviewed.execution, file, Part(file.path), verdict)
    reader = HistoryReader(past.workspace)
    begun = {run.verdict for run in runs(reader.read()).values()}
    assert begun == {Verdict.REVIEWED, Verdict.UNREVIEWED}
    judged = reader.judge()
    assert judged is not None
    assert {run: found.outcome for run, found in runs(judged).items()} == {i: n for n, i in wanted.items()}
    assert reader.judge() is None
    assert runs(reader.read())[wanted["accepted"]].verdict is Verdict.ACCEPTED


def test_a_branch_from_another_branch_stands_where_that_one_left_the_trunk(past: Past) -> None:
    past.repo.git("switch", "--quiet", "--create", "feature")
    past.repo.commit("feature work")
    run = past.execution({"a": "1\n"})
    past.repo.git("switch", "--quiet", "main")
    past.repo.commit("mine")
    assert picture(read(past)) == ["• mine", "├─✓ unreviewed", "• first"]
    over_feature = read(past, "feature")
    assert picture(over_feature) == ["╭─✓ unreviewed", "• feature work", "• first"]
    assert runs(over_feature)[run].fork == past.repo.git("rev-parse", "feature")


def test_branches_without_an_account_and_without_a_common_history_are_shown(past: Past) -> None:
    past.repo.git("branch", "exec/0lder00000/20250101_000000")
    past.repo.git("switch", "--quiet", "--orphan", "exec/0rphan0000/20250101_000000")
    past.repo.commit("elsewhere", z="1\n")
    past.repo.git("switch", "--quiet", "main")
    graph = read(past)
    found = runs(graph)
    assert (found["0lder00000"].word, found["0lder00000"].fork) == ("unknown", past.repo.head)
    assert found["0rphan0000"].fork == ""
    assert sorted(line[:3] for line in picture(graph)) == ["  ?", "• f", "╭─?"]


def test_a_detached_head_is_a_trunk_without_a_name(past: Past) -> None:
    past.execution({"a": "1\n"})
    past.repo.commit("mine")
    past.repo.git("checkout", "--quiet", "--detach", "HEAD~1")
    graph = read(past)
    assert (graph.target, picture(graph)) == ("", ["╭─✓ unreviewed", "• first"])


def test_before_the_first_commit_and_without_git_there_are_only_executions(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    graph = read(past)
    assert (graph.target, list(runs(graph)), subjects(graph)) == ("unborn", [run], [])
    past.repo.git_folder.rename(past.repo.folder / "git")
    graph = read(past)
    assert (graph.target, list(runs(graph)), subjects(graph)) == ("", [run], [])


def test_a_target_that_does_not_exist_is_told(past: Past) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        read(past, "nowhere")


def test_older_commits_come_page_by_page_and_stay_while_new_ones_come(past: Past) -> None:
    old = past.execution({"a": "1\n"})
    for number in range(7):
        past.repo.commit(f"round {number}")
    reader = HistoryReader(past.workspace, page=3)
    graph = reader.read()
    assert (subjects(graph), graph.complete) == (["round 6", "round 5", "round 4"], False)
    assert ([run.id for run in graph.waiting], graph.runs) == ([old], 1)
    graph = reader.more()
    assert subjects(graph)[-1] == "round 1"
    past.repo.commit("newest")
    assert reader.has_changed()
    assert subjects(reader.read()) == ["newest", *(f"round {number}" for number in range(6, 0, -1))]
    graph = reader.more()
    assert (subjects(graph)[-1], graph.complete, list(runs(graph))) == ("first", True, [old])
    past.repo.git("reset", "--quiet", "--hard", "HEAD~3")
    assert subjects(reader.read()) == [*(f"round {number}" for number in range(4, -1, -1)), "first"]


def test_nothing_has_changed_until_something_has(past: Past) -> None:
    reader = HistoryReader(past.workspace)
    reader.read()
    assert not reader.has_changed()
    run = past.execution({"a": "1\n"})
    assert reader.has_changed()
    reader.read()
    past.repo.git("branch", "--force", past.branch(run), "main")
    assert reader.has_changed()
    reader.read()
    past.repo.git("switch", "--quiet", "--create", "other")
    assert reader.has_changed()
    assert reader.read().target == "other"
    assert not reader.has_changed()


def test_hostile_subjects_and_authors_do_not_break_the_reading(past: Past) -> None:
    past.repo.git(
        "-c", "user.name=\x1b[31mA\x7f", "commit", "--allow-empty", "-q", "-m", "\x1b[2Jx\x01\ty\n\nbody"
    )
    past.repo.git("-c", "i18n.commitEncoding=latin-1", "commit", "--allow-empty", "-q", "-m", "ähm")
    assert len(subjects(read(past))) == 3


def test_a_shallow_clone_ends_where_its_history_ends(past: Past) -> None:
    for number in range(3):
        past.repo.commit(f"round {number}")
    clone = RepoBuilder.clone(past.repo, past.repo.folder.parent / "clones" / "my project", "--depth=2")
    with Past.reopen(clone.folder.parent) as shallow:
        graph = read(shallow)
        assert (subjects(graph), graph.complete) == (["round 2", "round 1"], True)
