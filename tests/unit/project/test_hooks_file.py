"""``hooks.yaml``: what it says, what is wrong with it, and the commands that it carries."""

from __future__ import annotations

import pytest

from paracle.app.domain.hooks import HookMatch
from paracle.app.domain.occasions import Occasion, read_said, step_of
from paracle.app.project.carried import pinned
from tests.support.projects import ProjectFiles

EVERYTHING = """\
hooks:
  - on: tool.before
    match: {tool: [write_file, "edit_*"], agent: rev*, step: fix, workflow: "*"}
    run: .parac/guard.sh --strict
    timeout: 2s
    on_failure: veto
    description: Keeps secrets out
  - {on: execution.after, run: "notify 'all done' && true"}
"""


def test_hooks_are_read_in_their_order(files: ProjectFiles) -> None:
    path = files.write("hooks.yaml", EVERYTHING)
    loaded = files.open().loaded_hooks()
    guard, notify = loaded.hooks
    assert (guard.on, guard.run, guard.timeout) == ("tool.before", ".parac/guard.sh --strict", 2.0)
    assert (guard.on_failure, guard.label) == ("veto", "Keeps secrets out")
    assert guard.match.tool == ("write_file", "edit_*")
    assert (notify.timeout, notify.on_failure, notify.match) == (10.0, "allow", HookMatch())
    assert notify.label == "notify 'all done' && true"
    assert [(one.kind, one.text, one.place) for one in loaded.commands] == [
        ("hook", "tool.before: .parac/guard.sh --strict", f"{path}:4"),
        ("hook", "execution.after: notify 'all done' && true", f"{path}:8"),
    ]
    assert files.problems() == []


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "hooks: []\n"])
def test_a_file_that_says_nothing_has_no_hooks(files: ProjectFiles, text: str) -> None:
    files.write("hooks.yaml", text)
    assert (files.open().loaded_hooks().hooks, files.problems()) == ((), [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "- {on: tool.before, run: a}",
            "hooks.yaml:1:1 error: the file does not begin with 'hooks:' (write 'hooks:' and below it"
            " '- {on: tool.before, run: …}')",
        ),
        (
            "hooks:\n  - {on: tool.before, run: a, mach: {}}",
            "hooks.yaml:2:31 error: 'mach' is not a known key (did you mean 'match'?)",
        ),
        (
            "hooks:\n  - {on: tool.after, run: a, on_failure: veto}",
            "hooks.yaml:2:5 error: 'hooks[1]': an after hook can veto nothing (take 'on_failure' out, or"
            " write '.before')",
        ),
        (
            "hooks:\n  - {on: merge.before, run: a, match: {tool: x}}",
            "hooks.yaml:2:5 error: 'hooks[1]': 'match.tool' never fits 'merge.before' (it can be narrowed by"
            " 'agent', 'workflow')",
        ),
        (
            "hooks:\n  - {on: tool.before, run: 'a \"b'}",
            "hooks.yaml:2:28 error: 'hooks[1].run': this cannot be run: a quote in it is not closed, or a"
            " backslash ends it (write a program and its arguments, such as pytest -q)",
        ),
        (
            "hooks:\n  - {on: tool.before, run: a, timeout: 2h}",
            "hooks.yaml:2:40 error: 'hooks[1].timeout' must be at most 3600, not 7200.0 (The most that it may"
            " take: 2, 30s, 1m.)",
        ),
    ],
)
def test_what_is_wrong_is_found_at_its_place(files: ProjectFiles, text: str, problem: str) -> None:
    files.write("hooks.yaml", f"{text}\n")
    assert files.problems() == [problem]
    loaded = files.open().loaded_hooks()
    assert (loaded.has_errors, loaded.hooks, loaded.commands) == (True, (), ())


@pytest.mark.parametrize(
    "run", ["sh guard.sh", "./guard.sh --strict", "cat x | sh 'guard.sh' && true", "/ROOT/guard.sh;true"]
)
def test_a_file_that_a_hook_names_is_part_of_what_is_trusted(files: ProjectFiles, run: str) -> None:
    run = run.replace("/ROOT", str(files.root))
    files.write("hooks.yaml", f'hooks: [{{on: tool.before, run: "{run}"}}]\n')
    (files.root / "guard.sh").write_text("exit 2\n")

    def carried() -> str:
        (command,) = pinned(files.open().loaded_hooks().commands, files.root)
        return command.shown

    first = carried()
    assert first.startswith(f"tool.before: {run}\n# ")
    (files.root / "guard.sh").write_text("exit 0\n")
    assert carried() != first
    (files.root / "guard.sh").unlink()
    assert carried() == f"tool.before: {run}"


def test_a_link_that_leads_out_is_not_read(files: ProjectFiles) -> None:
    (files.parac / "hooks.yaml").symlink_to("/etc/hosts")
    (problem,) = files.problems()
    assert "it is a link that leads out of the project" in problem


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"agent": "rev*"}, True),
        ({"agent": ["fixer", "reviewer"]}, True),
        ({"agent": "fixer"}, False),
        ({"agent": "reviewer", "tool": "read_*"}, False),
        ({"step": "fix"}, True),
        ({"step": "all/*"}, True),
        ({"step": "all"}, False),
        ({"workflow": "*"}, True),
    ],
)
def test_every_key_of_a_match_must_fit(match: dict[str, str], fits: bool) -> None:
    occasion = Occasion(
        "tool", "write_file", {}, agent="reviewer", workflow="ship", step=step_of("all/fix[2]~3")
    )
    assert occasion.fits(HookMatch.model_validate(match)) is fits


def test_what_is_not_there_fits_no_glob() -> None:
    assert not Occasion("tool", "write_file", {}, agent="reviewer").fits(HookMatch(workflow=("*",)))
    assert not Occasion("model", "offline", {}, agent="reviewer").fits(HookMatch(tool=("*",)))


TOOL = Occasion("tool", "write_file", {"path": "a"})
MODEL = Occasion("model", "m", {"turn": 1, "said": ["x"]})


@pytest.mark.parametrize("answer", [None, {}, {"veto": None}, {"veto": False}])
def test_an_answer_that_says_nothing_leaves_everything(answer: object) -> None:
    said = read_said(answer, TOOL)
    assert (said.veto, said.arguments) == (None, {"path": "a"})


def test_a_veto_needs_no_reason_and_is_one_line() -> None:
    assert read_said({"veto": True}, TOOL).veto == ""
    assert read_said({"veto": "no\n  never"}, TOOL).veto == "no never"


@pytest.mark.parametrize(
    ("occasion", "answer", "words"),
    [
        (TOOL, "no", "it gave str where an object is expected"),
        (TOOL, {"vetoed": "x"}, "it gave 'vetoed', which is not known"),
        (TOOL, {"arguments": []}, "it gave arguments that are no object"),
        (TOOL, {"arguments": {"path": {1, 2}}}, "it gave arguments that are no JSON"),
        (TOOL, {"arguments": {"path": float("nan")}}, "it gave arguments that are no JSON"),
        (TOOL, {"task": "x"}, "it gave a task, which only an execution has"),
        (
            MODEL,
            {"arguments": {"turn": 2, "said": ["x"]}},
            "it changed 'turn', which no hook can change here",
        ),
        (MODEL, {"arguments": {"turn": 1, "said": "x"}}, "it gave 'said' in a wrong form"),
        (Occasion("step", "s", {"kind": "agent"}), {"arguments": {}}, "it changed 'kind', which no hook can"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(occasion: Occasion, answer: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_said(answer, occasion)
