"""Agents of a project: listed, resolved, and explained when they are not in order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paracle.app.domain.agents import ResolvedAgent
from paracle.app.domain.errors import NotFound, ProjectError
from paracle.app.domain.specs import Answer
from paracle.app.project import Project
from tests.support.projects import ProjectFiles, brief

REVIEWER = """
name: code-reviewer
description: Reviews a change and writes REVIEW.md
model: offline
temperature: 0.2
inputs: {paths: {type: list[path], default: ["."]}, depth: {type: "quick|deep", default: quick}}
tools: [read_file, search, python_outline, write_file]
permissions: {write: ["REVIEW.md"], shell: ask, network: deny}
budget: {usd: 0.50, tokens: 50000, minutes: 5, tool_calls: 100}
cache: {ttl: 1h}
output: {findings: list[Finding], confidence: probability}
playbook:
  - tool: python_outline
    with: {paths: "{{ inputs.paths }}"}
    save: outline
  - write: REVIEW.md
    template: review.md.j2
    when: "{{ outline }}"
  - say: "{{ outline | length }} modules reviewed"
"""


def own(project: Project) -> list[str]:
    return [entry.name for entry in project.agents() if not entry.builtin]


def place(agent: ResolvedAgent, field: str) -> str:
    return str(agent.origin(field))


def test_a_whole_spec_is_read_with_its_template_and_its_words(files: ProjectFiles) -> None:
    files.spec("code-reviewer", REVIEWER, "You review changes.")
    files.write("agents/specs/templates/review.md.j2", "# Review\n{{ outline }}\n")
    agent = files.open().agent("code-reviewer")
    spec = agent.spec
    assert agent.problems == ()
    assert spec.inputs["paths"].parsed.is_list and spec.inputs["depth"].default == "quick"
    assert (spec.permissions.shell, spec.budget.usd, spec.cache and spec.cache.ttl) == (Answer.ASK, 0.5, "1h")
    assert [action.verb for action in spec.playbook] == ["tool", "write", "say"]
    assert agent.templates == {"review.md.j2": "# Review\n{{ outline }}\n"}
    assert agent.instructions == "You review changes."
    assert agent.chain == (files.specs / "code-reviewer.md",)


def test_the_line_behind_every_value_is_known(files: ProjectFiles) -> None:
    files.spec("code-reviewer", REVIEWER)
    files.write("agents/templates/review.md.j2", "x")
    agent = files.open().agent("code-reviewer")
    assert place(agent, "description") == "code-reviewer.md:3"
    assert place(agent, "inputs.depth") == "code-reviewer.md:6"
    assert place(agent, "tools.search") == "code-reviewer.md:7"
    assert place(agent, "permissions.write") == "code-reviewer.md:8"
    assert place(agent, "budget.usd") == "code-reviewer.md:9"
    assert place(agent, "playbook") == "code-reviewer.md:12"
    assert place(agent, "instructions") == "code-reviewer.md:22"
    assert place(agent, "skills") == "default"


def test_crlf_and_a_byte_order_mark_change_neither_values_nor_lines(files: ProjectFiles) -> None:
    text = "\ufeff---\r\ndescription: one\r\ntemperature: hot\r\n---\r\n\r\nWork.\r\nWell.\r\n"
    files.raw_spec("a", text.encode())
    assert files.check("a") == [
        "a.md:3:14 error: 'temperature' must be a number, not 'hot' (From 0 to 2; for language models.)"
    ]
    files.raw_spec("a", text.replace("hot", "1").encode())
    agent = files.open().agent("a")
    assert agent.instructions == "Work.\nWell."
    assert place(agent, "instructions") == "a.md:6"


def test_a_model_that_no_spec_names_comes_from_the_project(files: ProjectFiles) -> None:
    files.spec("a")
    assert files.open().agent("a").spec.model == "offline"
    assert place(files.open().agent("a"), "model") == "default"
    files.write("project.yaml", "name: shop\nmodel: ollama:qwen3\n")
    agent = files.open().agent("a")
    assert (agent.spec.model, place(agent, "model")) == ("ollama:qwen3", "project.yaml:2")


def test_numbers_and_words_count_as_the_text_that_was_written(files: ProjectFiles) -> None:
    files.spec("a", "description: 2024\nplaybook: [{say: 1.10, when: true}]")
    spec = files.open().agent("a").spec
    assert (spec.description, spec.playbook[0].say, spec.playbook[0].when) == ("2024", "1.10", "true")


def test_all_problems_of_a_file_are_told_at_once_each_at_its_place(files: ProjectFiles) -> None:
    files.spec(
        "bad",
        """
        naem: bad
        temperature: 3
        budget: {usd: -1, tokns: 3}
        inputs: {a: {type: pth}}
        tools: search
        permissions:
          shell: maybe
          write: [[a]]
        playbook:
          - {say: x, tool: search}
          - say: [1]
        cache: {ttl: soon}
        output: none
        """,
    )
    assert files.check("bad") == [
        "bad.md:2:1 error: 'naem' is not a known key (did you mean 'name'?)",
        "bad.md:3:14 error: 'temperature' must be at most 2, not 3 (From 0 to 2; for language models.)",
        "bad.md:4:15 error: 'budget.usd' must be at least 0, not -1 (Dollars for model calls.)",
        "bad.md:4:19 error: 'tokns' is not a known key (did you mean 'tokens'?)",
        "bad.md:5:20 error: 'inputs.a.type': 'pth' is not an input type (did you mean 'path'?)",
        "bad.md:6:8 error: 'tools' must be a list, not 'search' (write it as tools: [a, b])",
        "bad.md:8:10 error: 'permissions.shell' cannot be 'maybe' (choose one of: allow, ask, deny)",
        "bad.md:9:11 error: 'permissions.write[1]' must be text, not a list",
        "bad.md:11:5 error: 'playbook[1]': an action has exactly one of tool, write, ask, say"
        " (this one has tool and say)",
        "bad.md:12:10 error: 'playbook[2].say' must be text, not a list (The answer of the run; a template.)",
        "bad.md:13:14 error: 'cache.ttl' cannot be 'soon' (A duration such as 30m, 1h or 7d.)",
        "bad.md:14:9 error: 'output' must be a mapping of 'key: value', not 'none'"
        " (Name → type of what it returns, for workflows.)",
    ]


@pytest.mark.parametrize(
    ("matter", "expected"),
    [
        ("tools: [read_flie]", "2:9 error: there is no tool 'read_flie' (did you mean 'read_file'?)"),
        ("add_tools: [search, serch]", "2:21 error: there is no tool 'serch' (did you mean 'search'?)"),
        ("remove_tools:\n  - shell", "3:5 error: there is no tool 'shell' ("),
        ("skills: [reviewing]", "2:10 error: there is no skill 'reviewing' (write .parac/agents/skills/"),
        ("extends: nobody", "2:10 error: there is no agent 'nobody' to extend"),
        ("name: other", "2:7 error: the name 'other' is not that of the file, 'a' (write 'name: a', or"),
        ("name: A b", "2:7 error: 'name': a name is lower-case letters, digits and dashes"),
        ("playbook: [{tool: search}]", "2:19 error: the playbook calls 'search', which is not among the"),
        (
            "playbook: [{write: a.md, text: x}]\npermissions: {write: [a.md]}",
            "2:20 error: the playbook writes a file, but 'write_file' is not among the agent's tools",
        ),
        (
            "tools: [write_file]\nplaybook: [{write: a.md, text: x}]",
            "3:20 error: the playbook writes a file, but the agent may write none (add 'permissions: {w",
        ),
        (
            "tools: [search]\npermissions: {write: [a.md]}",
            "3:22 warning: 'permissions.write' has no effect: the agent has no tool that writes",
        ),
        ("playbook: [{say: '{{ a '}]", "2:18 error: a template cannot be read: "),
        ("playbook:\n - say: |\n    one\n    {% if %}", "5 error: a template cannot be read: "),
        ("playbook: [{say: x, when: 'a ==='}]", "2:27 error: a template cannot be read: "),
        (
            "tools: [search]\nplaybook: [{tool: search, with: {path: [{deep: '{{ a | nope }}'}]}}]",
            "3:48 error: a template cannot be read: ",
        ),
    ],
)  # fmt: skip
def test_a_promise_that_cannot_be_kept_is_shown_where_it_is_made(
    files: ProjectFiles, matter: str, expected: str
) -> None:
    files.spec("a", matter)
    assert any(line.startswith(f"a.md:{expected}") for line in files.check("a")), files.check("a")


def test_templates_are_named_where_they_are_missing_and_checked_where_they_are_not(
    files: ProjectFiles,
) -> None:
    matter = (
        "tools: [write_file]\npermissions: {write: ['**']}\nplaybook:\n  - {write: a.md, template: reprot.j2}"
    )
    files.spec("a", matter)
    files.write("agents/templates/report.j2", "x")
    assert files.check("a") == [
        "a.md:5:29 error: there is no template 'reprot.j2' (did you mean 'report.j2'?)"
    ]
    files.write("agents/specs/templates/reprot.j2", "one\n{% for %}\n")
    (line,) = files.check("a")
    assert line.startswith("reprot.j2:2 error: a template cannot be read")
    files.spec("a", matter.replace("reprot.j2", "../../../../etc/passwd"))
    assert "there is no template '../../../../etc/passwd'" in files.check("a")[0]


def test_tools_go_unchecked_where_nobody_knows_them(files: ProjectFiles) -> None:
    files.spec("a", "tools: [whatever]")
    assert files.open(known_tools=None).check("a") == ()


def test_a_spec_that_links_out_of_the_project_is_not_read(
    files: ProjectFiles, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "key"
    secret.write_text("---\ndescription: secret\n---\n")
    (files.specs / "a.md").symlink_to(secret)
    (line,) = files.check("a")
    assert "it is a link that leads out of the project" in line


def test_one_bad_file_hides_no_good_one(files: ProjectFiles) -> None:
    files.spec("good", "description: fine")
    files.raw_spec("binary", b"\x00\x01")
    files.raw_spec("empty", b"")
    files.raw_spec("latin", "---\ndescription: caf\xe9\n---\n".encode("latin-1"))
    files.raw_spec("open", "---\nname: open\n")
    files.raw_spec("bare", "Just words.\n")
    files.raw_spec("laughs", "---\na: &a [x]\nb: &b [*a, *b]\n---\n")
    (files.specs / "folder.md").mkdir()
    with (files.specs / "huge.md").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    entries = {entry.name: entry for entry in files.open().agents() if not entry.builtin}
    assert not entries["good"].is_broken and entries["good"].description == "fine"
    broken = {name for name, entry in entries.items() if entry.is_broken}
    assert broken == {"binary", "empty", "latin", "open", "bare", "laughs", "folder", "huge"}
    assert files.open().agent("good").spec.description == "fine"
    assert len(files.open().problems()) == len(broken)


def test_a_broken_agent_does_not_run_and_says_all_of_it(files: ProjectFiles) -> None:
    files.spec("a", "tools: [x, y]")
    with pytest.raises(ProjectError) as caught:
        files.open().agent("a")
    assert caught.value.title == "Agent 'a' cannot run"
    assert [problem.column for problem in caught.value.problems] == [9, 12]


def test_an_agent_that_is_not_there_brings_the_nearest_name(files: ProjectFiles) -> None:
    files.spec("code-reviewer")
    for call in (files.open().agent, files.open().check):
        with pytest.raises(NotFound) as caught:
            call("code-revewer")
        assert caught.value.hint == "did you mean 'code-reviewer'?"


def test_an_edit_shows_at_the_next_call_also_one_of_the_same_size(files: ProjectFiles) -> None:
    path = files.spec("a", "description: one")
    old = path.stat().st_mtime - 3600
    os.utime(path, (old, old))
    project = files.open()
    assert project.agent("a").spec.description == "one"
    path.write_text(path.read_text().replace("one", "two"))
    os.utime(path, (old, old))
    assert project.agent("a").spec.description == "two"
    path.unlink()
    assert own(project) == []


def test_names_come_from_the_listing_without_reading_or_pydantic(files: ProjectFiles) -> None:
    files.raw_spec("broken", b"\x00")
    files.spec("Old_Name")
    script = (
        "import sys; from pathlib import Path; from paracle.app.project import Project;"
        "print(*Project.open(Path(sys.argv[1])).agent_names());"
        "sys.exit(any(name in sys.modules for name in ('pydantic', 'yaml', 'jinja2', 'watchfiles')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(files.root)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"broken", "old-name"} <= set(done.stdout.split())


def test_a_file_named_in_the_modern_way_hides_one_that_is_not(files: ProjectFiles) -> None:
    files.spec("coder", "description: new")
    files.spec("Coder", "description: old")
    assert own(files.open()) == ["coder"]
    assert files.open().agent("coder").spec.description == "new"
    assert files.problems() == [
        "Coder.md warning: it is not used: coder.md is the same agent (remove or rename one)"
    ]


def test_a_name_that_no_agent_can_have_is_a_problem_and_not_a_crash(files: ProjectFiles) -> None:
    files.spec("1st", "description: x")
    files.spec("größe", "description: x")
    names = [Path(line.split(":")[0].split(" ")[0]).name for line in brief(files.open().problems())]
    assert names == ["1st.md", "größe.md"]


def test_dot_files_and_read_me_are_no_agents(files: ProjectFiles) -> None:
    for name in (".hidden", "README", "AGENTS"):
        files.raw_spec(name, "words")
    files.write("agents/specs/notes.txt", "words")
    assert own(files.open()) == []
