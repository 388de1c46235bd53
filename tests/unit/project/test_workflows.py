"""Workflow files: what they say, and everything that is found wrong with them before anything runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import paracle
from paracle.app.domain.errors import NotFound, ProjectError, UsageError
from paracle.app.domain.workflow_plan import Skip
from paracle.app.services import workflow_planning, workflows
from paracle.app.services.workspace import Workspace
from tests.support.workflows import WorkflowFiles

AGENT = """\
description: Looks at files
model: {model}
inputs: {{paths: {{type: "list[path]", default: ["."]}}, depth: {{type: "quick|deep", default: quick}}}}
tools: [read_file, write_file]
permissions: {{write: ["REVIEW.md"]}}
budget: {{usd: 0.5, tokens: 1000}}
output: {{findings: "list[path]", score: number, notes: "list[Note]"}}
"""
GOOD = """
name: review-and-fix
description: Review, then fix what was found
inputs: {paths: {type: list[path], default: ["."]}, ship: {type: bool, default: false}}
steps:
  - {id: review, agent: looker, inputs: {paths: "{{ inputs.paths }}"}, timeout: 5m, retry: 2}
  - id: fix
    agent: looker
    depends_on: review
    when: "{{ steps.review.outputs.findings }}"
    inputs: {paths: "{{ steps.review.outputs.findings }}", task: "Fix {{ project.name }}"}
  - {id: ask, approval: "Ship {{ inputs.paths | length }} paths?", depends_on: [fix], when: inputs.ship}
outputs: {findings: "{{ steps.review.outputs.findings }}"}
"""


@pytest.fixture
def files(tmp_path: Path) -> WorkflowFiles:
    """A project with the agent ``looker``."""
    found = WorkflowFiles(tmp_path)
    found.spec("looker", AGENT.format(model="offline"))
    return found


def one_step(step: str, top: str = "") -> str:
    """A workflow whose step under test is on line 3."""
    return f"steps:\n  - {{id: first, agent: looker}}\n  - {{id: second, {step}}}\n{top}"


def test_a_workflow_in_order_has_no_finding_and_says_what_it_means(files: WorkflowFiles) -> None:
    files.workflow("review-and-fix", GOOD)
    assert files.findings() == []
    spec = files.resolved("review-and-fix").spec
    review, fix, ask = spec.steps
    assert (review.timeout, review.attempts, spec.concurrency) == (300.0, 2, 5)
    assert (fix.depends_on, fix.kind, ask.kind, spec.on_error_of(ask)) == (
        ("review",),
        "agent",
        "approval",
        "fail",
    )


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        ("agent: lookr", "3:25 error: there is no agent 'lookr' (did you mean 'looker'?)"),
        ("tool: read_fil", "3:24 error: there is no tool 'read_fil' (did you mean 'read_file'?)"),
        ("workflow: nope", "3:28 error: there is no workflow 'nope' (write .parac/workflows/nope.yaml)"),
        ("agent: looker, depends_on: [frist]", "3:46 error: there is no step 'frist' (did you mean"),
        ("agent: looker, depends_on: second", "3:45 error: 'second' depends on itself"),
        ("agent: looker, inputs: {path: x}", "'looker' has no input 'path' (did you mean 'paths'?)"),
        ("agent: looker, when: inputs.a", "the workflow has no input 'a' (declare it"),
        ("agent: looker, when: project.nmae", "a project has no 'nmae' (did you mean 'name'?)"),
        ("agent: looker, when: frist.x", "nothing is called 'frist' here"),
        ("agent: looker, when: first.x", "nothing is called 'first' here (write 'steps.first.outputs.…')"),
        ("agent: looker, when: item", "there is no 'item' here"),
        ("agent: looker, when: steps.frist.status", "there is no step 'frist' (did you mean 'first'?)"),
        ("agent: looker, when: 'steps[inputs.task].status'", "'steps' needs the id of a step behind it"),
        ("agent: looker, when: steps.first.status", "(add 'first' to depends_on)"),
        ("agent: looker, depends_on: first, when: steps.first.output", "a step has no 'output'"),
        (
            "agent: looker, depends_on: first, when: steps.first.outputs.finding",
            "the step 'first' has no output 'finding' (did you mean 'findings'?)",
        ),
        ("agent: looker, when: steps.second.status", "'second' uses what it gives itself"),
        ("agent: looker, when: 'a |'", "a template cannot be read"),
        ("agent: looker, when: inputs.task | lenght", "there is no filter 'lenght' (did you mean 'length'?)"),
        ("agent: looker, on_error: 'fallback:frist'", "there is no step 'frist' to fall back to"),
        ("agent: looker, on_error: 'fallback:second'", "'second' is its own fallback (use 'retry'"),
        ("agent: looker, outputs: {n: nubmer}", "'nubmer' is not a type (did you mean 'number'?"),
        ("tool: read_file", "the tool 'read_file' needs the input 'path' (add it: 'with: {path: …}')"),
        ("tool: read_file, with: {path: a, pth: b}", "no input 'pth' (did you mean 'path'?)"),
        ("tool: write_file, with: {path: a, text: b}", "'write_file' writes files, but the workflow's perm"),
        ("run: ls", "permissions deny (add 'permissions: {shell: ask}' to the workflow)"),
        ("run: 'echo {{ inputs.task }}'", "'run' is no template, since what an agent wrote"),
        ("agent: looker, tool: search", "a step has exactly one of agent, tool, workflow, "),
        ("agent: looker, with: {a: 1}", "'with' belongs to tool, this step has 'agent'"),
        ("approval: 'Go?', timeout: 1h", "'timeout' and 'default' of an approval need each other"),
        ("approval: 'Go?', retry: 2", "an approval is asked once"),
        ("agent: looker, timeout: soon", "'soon' is not a duration (write 90 or 90s, 5m, 2h, 1d)"),
        ("agent: looker, needs: first", "'needs' is not a known key (it is called 'depends_on' here)"),
        ("agent: looker, on_eror: fail", "'on_eror' is not a known key (did you mean 'on_error'?)"),
        ("agent: looker, on_error: retry", "'steps[2].on_error' cannot be 'retry' (fail, continue"),
        ("agent: looker, max_parallel: 2", "'max_parallel' belongs to 'for_each'"),
        ("agent: looker, batch_size: 2", "'batch_size' belongs to 'for_each'"),
        ("agent: looker, for_each: [a], batch_size: 0", "'steps[2].batch_size' must be at least 1"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_step_is_found_with_its_place_and_its_mend(
    files: WorkflowFiles, step: str, finding: str
) -> None:
    files.workflow("w", one_step(step))
    (line,) = files.findings("w")
    assert line.startswith("w.yaml:3:")
    assert finding in line


@pytest.mark.parametrize(
    ("inputs", "finding"),
    [
        ('paths: "{{ steps.first.outputs.score }}"', "'paths' must be a list of paths, and this is a number"),
        (
            'depth: "{{ steps.first.outputs.findings }}"',
            "'depth' must be quick or deep, and this is a list of paths",
        ),
        ('depth: "{{ inputs.n }}"', "'depth' must be quick or deep, and this is a whole number"),
        ("depth: deeper", "'depth' cannot be 'deeper' (choose one of: quick, deep)"),
        ('paths: ["a", "{{ 1 > 2 }}"]', "'paths' must be a path, and this is yes or no"),
    ],
)
def test_a_value_that_does_not_fit_the_input_is_found(
    files: WorkflowFiles, inputs: str, finding: str
) -> None:
    step = f"agent: looker, depends_on: first, inputs: {{{inputs}}}"
    files.workflow("w", one_step(step, "inputs: {n: {type: int}}\n"))
    (line,) = files.findings("w")
    assert finding in line


@pytest.mark.parametrize(
    "inputs",
    [
        'paths: "{{ steps.first.outputs.findings }}"',
        'paths: "{{ steps.first.outputs.notes }}"',
        'paths: "{{ steps.first.outputs.answer }}"',
        'paths: ["{{ inputs.task }}", b]',
        "depth: \"{{ 'deep' if inputs.task else 'quick' }}\"",
    ],
)
def test_a_value_that_may_fit_is_left_alone(files: WorkflowFiles, inputs: str) -> None:
    files.workflow("w", one_step(f"agent: looker, depends_on: first, inputs: {{{inputs}}}"))
    assert files.findings("w") == []


def test_an_input_that_is_needed_is_missed(files: WorkflowFiles) -> None:
    files.spec("strict", "inputs: {goal: {type: text, required: true}}")
    files.workflow("w", one_step("agent: strict"))
    assert "the agent 'strict' needs the input 'goal'" in files.findings("w")[0]


def test_for_each_needs_a_list_and_gives_lists(files: WorkflowFiles) -> None:
    files.workflow("w", one_step("agent: looker, depends_on: first, for_each: steps.first.outputs.score"))
    assert "'for_each' needs a list, and this is a number" in files.findings("w")[0]
    files.workflow(
        "w",
        """
        steps:
          - {id: each, agent: looker, for_each: "{{ inputs.paths }}", inputs: {paths: "{{ item }}"}}
          - {id: last, agent: looker, depends_on: each, inputs: {depth: "{{ steps.each.outputs.answer }}"}}
        inputs: {paths: {type: "list[path]", default: []}}
        """,
    )
    (line,) = files.findings("w")
    assert "'depth' must be quick or deep, and this is a list of text" in line


def test_a_batch_is_a_list_of_what_the_items_are(files: WorkflowFiles) -> None:
    text = """
        inputs: {{paths: {{type: "list[path]", default: [a, b, c]}}}}
        steps:
          - id: each
            agent: looker
            for_each: inputs.paths
            batch_size: 2
            inputs: {{{name}: "{{{{ item }}}}"}}
    """
    files.workflow("w", text.format(name="paths"))
    assert files.findings("w") == []
    assert files.plan("w").step("each").runs == 2
    files.workflow("w", text.format(name="depth"))
    (line,) = files.findings("w")
    assert "'depth' must be quick or deep, and this is a list of paths" in line


def test_a_circle_of_steps_is_printed_in_full(files: WorkflowFiles) -> None:
    files.workflow(
        "w",
        """
        steps:
          - {id: a, agent: looker, depends_on: [b]}
          - {id: b, agent: looker, depends_on: [c]}
          - {id: c, agent: looker, depends_on: [a]}
        """,
    )
    (line,) = files.findings("w")
    assert "steps wait for each other in a circle: a → b → c → a (take 'b' out of what 'a' waits for)" in line


def test_a_circle_of_workflows_is_printed_in_full_in_each_of_them(files: WorkflowFiles) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        files.workflow(name, f"steps: [{{id: s, workflow: {other}}}]")
    lines = [line for line in files.findings() if "in a circle" in line]
    assert [line.partition("circle: ")[2].partition(" (")[0] for line in lines] == [
        "one → two → three → one",
        "three → one → two → three",
        "two → three → one → two",
    ]


def test_workflows_that_call_each_other_too_deep_are_refused(files: WorkflowFiles) -> None:
    for number in range(200):
        files.workflow(f"w{number}", f"steps: [{{id: s, workflow: w{number + 1}}}]")
    files.workflow("w200", "steps: [{id: s, agent: looker}]")
    assert any("workflows call each other 201 deep; the most is 10" in line for line in files.findings("w0"))
    assert files.findings("w195") == []


def test_steps_with_one_id_are_told_with_the_first_line(files: WorkflowFiles) -> None:
    files.workflow("w", "steps:\n  - {id: a, agent: looker}\n  - {id: a, agent: looker}\n")
    assert files.findings("w") == [
        "w.yaml:3:10 error: there are two steps 'a' (first on line 2) (give one of them another id)"
    ]


def test_a_step_behind_one_that_can_never_run_is_unreachable(files: WorkflowFiles) -> None:
    files.workflow(
        "w", one_step("agent: looker, depends_on: idle", "").replace("first,", "idle, when: false,")
    )
    lines = files.findings("w")
    assert any(
        "error: 'second' can never run: it is behind 'idle', which never runs" in line for line in lines
    )
    assert any("warning: 'idle' can never run: its 'when' is always false" in line for line in lines)


def test_a_step_that_asks_how_a_switched_off_one_ended_is_reachable(files: WorkflowFiles) -> None:
    step = "agent: looker, depends_on: idle, when: \"steps.idle.status == 'skipped'\""
    files.workflow("w", one_step(step).replace("first,", "idle, when: false,"))
    assert [line for line in files.findings("w") if "error" in line] == []


def test_fallbacks_that_only_wait_for_each_other_are_a_circle(files: WorkflowFiles) -> None:
    files.workflow(
        "w",
        """
        steps:
          - {id: a, agent: looker, on_error: "fallback:b"}
          - {id: b, agent: looker, on_error: "fallback:a"}
        """,
    )
    assert "in a circle: a → b → a" in files.findings("w")[0]


def test_a_fallback_that_depends_on_the_step_it_stands_in_for_is_refused(files: WorkflowFiles) -> None:
    files.workflow(
        "w",
        """
        steps:
          - {id: a, agent: looker, on_error: "fallback:c"}
          - {id: b, agent: looker, depends_on: a}
          - {id: c, agent: looker, depends_on: b}
        """,
    )
    (line,) = files.findings("w")
    assert "the fallback 'c' depends on 'a', which has failed when it is needed" in line


def test_what_a_fallback_gives_stands_for_the_step(files: WorkflowFiles) -> None:
    files.spec("plain")
    files.workflow(
        "w",
        """
        steps:
          - {id: a, agent: looker, on_error: "fallback:b"}
          - {id: b, agent: plain, inputs: {task: "{{ steps.a.status }}"}}
          - {id: c, agent: looker, depends_on: a, inputs: {task: "{{ steps.a.outputs.score }}"}}
          - {id: d, agent: looker, depends_on: a, inputs: {task: "{{ steps.b.outputs.answer }}"}}
        """,
    )
    first, second = files.findings("w")
    assert "the step 'b', which stands in for 'a', has no output 'score'" in first
    assert "(write 'steps.a': what its fallback 'b' gives stands for it)" in second


def test_the_outputs_of_a_called_workflow_are_known_with_their_types(files: WorkflowFiles) -> None:
    files.workflow(
        "inner",
        """
        inputs: {n: {type: int, required: true}}
        steps: [{id: a, agent: looker}]
        outputs: {score: "{{ steps.a.outputs.score }}"}
        """,
    )
    files.workflow(
        "outer",
        """
        steps:
          - {id: call, workflow: inner, inputs: {n: many}}
          - {id: use, agent: looker, depends_on: call, inputs: {paths: "{{ steps.call.outputs.score }}"}}
        outputs: {x: "{{ steps.call.outputs.scor }}"}
        """,
    )
    lines = " ".join(files.findings("outer"))
    assert "'n' must be a whole number" in lines
    assert "'paths' must be a list of paths, and this is a number" in lines
    assert "the step 'call' has no output 'scor' (did you mean 'score'?)" in lines


def test_a_callee_with_errors_of_its_own_is_told_at_the_step(files: WorkflowFiles) -> None:
    files.spec("broken", "toolz: [x]")
    files.workflow("bad", "steps: [{id: a, agent: nobody}]")
    files.workflow("w", "steps:\n  - {id: a, agent: broken}\n  - {id: b, workflow: bad}\n")
    assert files.findings("w") == [
        "w.yaml:2:20 error: the agent 'broken' has errors of its own (paracle agents show broken)",
        "w.yaml:3:23 error: the workflow 'bad' has errors of its own (paracle workflow validate bad)",
    ]


def test_all_findings_come_at_once_also_where_a_step_cannot_be_read(files: WorkflowFiles) -> None:
    files.workflow(
        "w",
        """
        nmae: w
        steps:
          - {id: a, agent: looker, retry: {atempts: 2}}
          - {id: b, agent: lookr, depends_on: a, inputs: {task: "{{ steps.a.outputs.x }}"}}
          - {id: c, tool: read_file, depends_on: x}
        """,
    )
    lines = "\n".join(files.findings("w"))
    for words in (
        "'nmae' is not",
        "'atempts' is not",
        "no agent 'lookr'",
        "needs the input 'path'",
        "no step 'x'",
    ):
        assert words in lines
    assert len(files.findings("w")) == 5


def test_a_finding_in_a_block_of_text_names_the_line_within_it(files: WorkflowFiles) -> None:
    files.workflow(
        "w",
        "steps:\n  - id: a\n    agent: looker\n    inputs:\n     task: |\n      One\n      {{ inputs.x }}\n",
    )
    assert files.findings("w")[0].startswith("w.yaml:7 error: the workflow has no input 'x'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file says nothing"),
        ("- a\n", "the file holds a list"),
        ("steps: []", "there is no step"),
        ("steps: [1]", "'steps[1]' must be a mapping"),
        ("steps: [{id: A-b, agent: looker}]", "(write 'a_b')"),
        ("name: other\nsteps: [{id: a, agent: looker}]", "the name 'other' is not that of the file, 'w'"),
        ("steps: [{id: a, agent: looker}]\nsteps: []", "the key 'steps' is there twice"),
    ],
)
def test_a_file_that_is_no_workflow_says_why(files: WorkflowFiles, content: str, words: str) -> None:
    files.workflow("w", content)
    assert words in files.findings("w")[0]
    with pytest.raises(ProjectError, match="Workflow 'w' cannot run"):
        files.resolved("w")


def test_one_bad_file_hides_no_good_one(files: WorkflowFiles) -> None:
    files.write("workflows/bad.yaml", b"\x00\xff")
    files.workflow("review-and-fix", GOOD)
    (line,) = files.findings()
    assert line.startswith("bad.yaml:")
    assert files.resolved("review-and-fix").name == "review-and-fix"
    with pytest.raises(NotFound, match="There is no workflow 'review'"):
        files.resolved("review")


def test_a_plan_has_levels_models_permissions_and_the_most_it_may_cost(files: WorkflowFiles) -> None:
    files.spec("paid", AGENT.format(model="openai:gpt"))
    files.workflow(
        "w",
        """
        inputs: {paths: {type: "list[path]", required: true}, ship: {type: bool, default: false}}
        budget: {usd: 20}
        steps:
          - {id: each, agent: paid, for_each: inputs.paths, retry: 3, inputs: {paths: ["{{ item }}"]}}
          - {id: free, agent: looker, model: offline, depends_on: each}
          - {id: go, approval: "Go?", when: inputs.ship, depends_on: free}
          - {id: ship, run: make ship, depends_on: go}
          - {id: some, agent: paid, for_each: steps.each.outputs.findings, depends_on: each}
        permissions: {shell: ask}
        """,
    )
    plan = files.plan("w", paths=["a", "b"])
    assert plan.levels == (("each",), ("free", "some"), ("go",), ("ship",))
    each = plan.step("each")
    assert (each.runs, each.limit.usd, each.limit.tokens, each.model) == (6, 3.0, 6000, "openai:gpt")
    assert each.permissions is not None and each.permissions.write == ("REVIEW.md",)
    assert plan.step("free").limit.usd == 0
    assert (plan.step("go").skip, plan.step("ship").skip) == (Skip.YES, Skip.YES)
    assert (plan.step("some").runs, plan.step("some").limit.usd) == (None, None)
    assert (plan.limit.usd, plan.limit.tokens, plan.unlimited) == (20, None, ("some",))
    assert files.plan("w", paths=["a"], ship=True).step("ship").skip is Skip.NO
    with pytest.raises(UsageError, match="'paths' is needed"):
        files.plan("w")


def test_a_plan_adds_up_the_workflows_it_calls(files: WorkflowFiles) -> None:
    files.spec("paid", AGENT.format(model="openai:gpt"))
    files.workflow(
        "inner",
        "steps: [{id: a, agent: paid}, {id: b, agent: paid, on_error: 'fallback:c'}, {id: c, agent: paid}]",
    )
    files.workflow("outer", "steps: [{id: x, workflow: inner, retry: 2}, {id: y, workflow: inner}]")
    plan = files.plan("outer")
    assert (plan.limit.usd, plan.limit.tokens) == (4.5, 9000)
    assert files.plan("inner").step("c").reason == "only if 'b' fails"


def test_two_hundred_workflows_are_checked_in_a_second(files: WorkflowFiles) -> None:
    for number in range(200):
        files.workflow(
            f"w{number}", GOOD.replace("review-and-fix", f"w{number}").replace("review", f"review{number}")
        )
    began = time.process_time()
    assert files.findings() == []
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "content",
    [
        "steps:\n"
        + "".join(f"  - {{id: s{n}, agent: looker, depends_on: [s{n + 1}]}}\n" for n in range(999)),
        "steps:\n  - {id: a, agent: looker, when: '" + "inputs.a + " * 20_000 + "1'}\n",
        "steps:\n  - {id: a, agent: looker, when: '" + "(" * 100_000 + "'}\n",
        "metadata: {}\nsteps:\n  - {id: a, agent: looker, prompt: '" + "{{" * 100_000 + "'}\n",
        "steps:\n" + "  - {id: a, agnt: looker}\n" * 2000,
        "x" * 300_000,
    ],
)
def test_a_file_made_to_hurt_costs_little(files: WorkflowFiles, content: str) -> None:
    files.workflow("w", content)
    began = time.process_time()
    lines = files.findings("w")
    assert lines and len(lines) <= 250
    assert all(line.isprintable() and len(line) < 1500 for line in lines)
    assert time.process_time() - began < 5.0


def test_a_link_that_leads_out_of_the_project_is_not_followed(files: WorkflowFiles, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(GOOD)
    (files.parac / "workflows").mkdir()
    (files.parac / "workflows" / "w.yaml").symlink_to(outside)
    os.mkfifo(files.parac / "workflows" / "pipe.yaml")
    lines = files.findings()
    assert "it is a device, socket or pipe where a file is expected" in lines[0]
    assert "it is a link that leads out of the project" in lines[1]


def test_the_workflow_of_the_example_is_in_order(tmp_path: Path) -> None:
    example = Path(paracle.__file__).parent / "examples" / "shop"
    with Workspace.open(shutil.copytree(example, tmp_path / "shop")) as workspace:
        assert workflows.validate(workspace) == ()
        plan = workflow_planning.plan(workspace, "health-check", {})
    assert plan.levels == (("files",), ("review", "document"), ("tell",))
    assert (plan.limit.usd, plan.limit.tokens, plan.step("document").skip) == (0, 0, Skip.YES)


WATCHED = """
import sys
from pathlib import Path
seen = []
watched = ("subprocess.", "os.fork", "os.exec", "os.posix_spawn", "os.system", "socket.")
sys.addaudithook(lambda event, _: event.startswith(watched) and seen.append(event))
from paracle.app.services import workflow_planning, workflows
from paracle.app.services.workspace import Workspace
with Workspace.open(Path(sys.argv[1])) as here:
    steps = workflow_planning.plan(here, "w", {}).steps
    print(len(workflows.listing(here)), len(workflows.validate(here)), len(steps))
print(seen)
"""


def test_listing_checking_and_planning_start_no_process_and_open_no_socket(files: WorkflowFiles) -> None:
    touch = files.root / "touched"
    files.workflow(
        "w",
        f"""
        permissions: {{shell: allow, network: allow}}
        steps:
          - {{id: a, run: "touch {touch}"}}
          - {{id: b, tool: run_command, with: {{argv: [touch, "{touch}"]}}}}
          - {{id: c, agent: looker, for_each: "range(3) | list", when: inputs.task}}
        """,
    )
    command = [sys.executable, "-c", WATCHED, str(files.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (["1 0 3", "[]"], "")
    assert not touch.exists()


def test_a_default_that_is_none_of_the_choices_is_told_what_they_are(files: WorkflowFiles) -> None:
    files.workflow("w", "inputs: {kind: {type: a|b, default: c}}\nsteps: [{id: one, approval: Sure?}]\n")
    (line,) = files.findings("w")
    assert "the default does not fit" in line
    assert "choose one of: a, b" in line
