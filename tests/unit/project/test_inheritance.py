"""What a child takes from its parents, and what it cannot."""

from __future__ import annotations

from pathlib import Path

from paracle.app.domain.specs import Answer
from tests.support.projects import ProjectFiles

BASE = """
description: The base
temperature: 0.5
inputs: {paths: {type: path, default: src}, depth: {type: int, default: 1}}
tools: [read_file, search]
permissions: {write: ["docs/**"], shell: ask}
budget: {usd: 1, minutes: 5}
playbook: [{say: base}]
"""


def test_what_a_child_does_not_set_is_its_parents(files: ProjectFiles) -> None:
    files.spec("base", BASE, "Be careful.")
    files.spec("child", "extends: base", "Be quick.")
    agent = files.open().agent("child")
    assert (agent.spec.name, agent.spec.extends) == ("child", "base")
    assert (agent.spec.description, agent.spec.temperature) == ("The base", 0.5)
    assert agent.spec.tools == ("read_file", "search")
    assert agent.spec.permissions.write == ("docs/**",)
    assert agent.instructions == "Be careful.\n\nBe quick."
    assert [path.name for path in agent.chain] == ["child.md", "base.md"]
    assert str(agent.origin("description")) == "base.md:2"
    assert str(agent.origin("extends")) == "child.md:2"


def test_what_a_child_sets_wins_even_when_it_is_empty(files: ProjectFiles) -> None:
    files.spec("base", BASE)
    files.spec("child", "extends: base\ndescription:\ntemperature: null\ntools: []\nplaybook:\n")
    spec = files.open().agent("child").spec
    assert (spec.description, spec.temperature, spec.tools, spec.playbook) == ("", None, (), ())
    assert str(files.open().agent("child").origin("tools")) == "child.md:5"


def test_tools_are_replaced_added_and_taken_away_in_that_order(files: ProjectFiles) -> None:
    files.spec("base", "tools: [read_file, search]")
    files.spec("more", "extends: base\nadd_tools: [edit_file, search]\nremove_tools: [read_file]")
    files.spec("other", "extends: more\ntools: [list_files]\nadd_tools: [search]")
    project = files.open()
    more, other = project.agent("more"), project.agent("other")
    assert more.spec.tools == ("search", "edit_file")
    assert str(more.origin("tools.search")) == "base.md:2"
    assert str(more.origin("tools.edit_file")) == "more.md:3"
    assert "tools.read_file" not in more.origins
    assert other.spec.tools == ("list_files", "search")


def test_inputs_merge_by_name_and_budgets_by_key(files: ProjectFiles) -> None:
    files.spec("base", BASE)
    files.spec(
        "child", "extends: base\ninputs: {depth: {type: int, default: 9}, extra: }\nbudget: {minutes: 50}"
    )
    agent = files.open().agent("child")
    assert {name: one.default for name, one in agent.spec.inputs.items()} == {
        "paths": "src", "depth": 9, "extra": None,
    }  # fmt: skip
    assert (agent.spec.budget.usd, agent.spec.budget.minutes) == (1, 50)
    assert str(agent.origin("budget.usd")) == "base.md:7"
    assert str(agent.origin("budget.minutes")) == "child.md:4"
    assert str(agent.origin("inputs.paths")) == "base.md:4"
    assert str(agent.origin("inputs.depth")) == "child.md:3"


def test_permissions_only_narrow_and_a_vain_wish_is_a_warning(files: ProjectFiles) -> None:
    files.spec("base", BASE + "add_tools: [write_file]")
    files.spec(
        "child", "extends: base\npermissions: {write: [docs/api.md, src/x.py], shell: allow, network: deny}"
    )
    agent = files.open().agent("child")
    assert agent.spec.permissions.write == ("docs/api.md",)
    assert (agent.spec.permissions.shell, agent.spec.permissions.network) == (Answer.ASK, Answer.DENY)
    assert str(agent.origin("permissions.write")) == "child.md:3"
    assert str(agent.origin("permissions.shell")) == "base.md:6"
    assert files.check("child") == [
        "child.md:3:22 warning: 'permissions.write' cannot add 'src/x.py' to what the parent allows"
        " (allow it in the parent, or do without)",
        "child.md:3:54 warning: 'permissions.shell' stays 'ask': a child cannot have more than its parent"
        " (allow it in the parent, or do without)",
    ]


def test_a_permission_that_a_child_does_not_mention_stays(files: ProjectFiles) -> None:
    files.spec("base", BASE + "add_tools: [write_file]")
    files.spec("child", "extends: base\npermissions: {shell: no}")
    permissions = files.open().agent("child").spec.permissions
    assert (permissions.write, permissions.shell) == (("docs/**",), Answer.DENY)


def test_permissions_count_as_set_where_no_parent_speaks_of_them(files: ProjectFiles) -> None:
    files.spec("base", "tools: [write_file]")
    files.spec("child", "extends: base\npermissions: {write: [a.md], shell: allow}")
    permissions = files.open().agent("child").spec.permissions
    assert (permissions.write, permissions.shell) == (("a.md",), Answer.ALLOW)


def test_no_step_of_a_long_line_gains_what_an_earlier_one_lost(files: ProjectFiles) -> None:
    files.spec("a", "tools: [write_file]\npermissions: {write: ['**'], shell: allow, network: allow}")
    files.spec("b", "extends: a\npermissions: {shell: deny, write: [docs/**]}")
    files.spec("c", "extends: b\npermissions: {shell: allow, write: ['**'], network: ask}")
    permissions = files.open().agent("c").spec.permissions
    assert (permissions.write, permissions.shell, permissions.network) == ((), Answer.DENY, Answer.ASK)


def test_a_parents_playbook_brings_its_templates(files: ProjectFiles) -> None:
    files.write("agents/specs/templates/a.j2", "text")
    files.spec(
        "base",
        "tools: [write_file]\npermissions: {write: [a.md]}\nplaybook: [{write: a.md, template: a.j2}]",
    )
    files.spec("child", "extends: base")
    assert files.open().agent("child").templates == {"a.j2": "text"}
    files.spec("own", "extends: base\nplaybook: [{say: done}]")
    assert files.open().agent("own").templates == {}


def test_a_circle_is_named_in_full(files: ProjectFiles) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "b"), ("self", "self")):
        files.spec(name, f"extends: {parent}")
    hint = "(take 'extends' out of one of them)"
    assert files.check("a") == [f"c.md:2:10 error: agents extend each other in a circle: b → c → b {hint}"]
    assert files.check("b") == [f"c.md:2:10 error: agents extend each other in a circle: b → c → b {hint}"]
    assert files.check("self") == [
        f"self.md:2:10 error: agents extend each other in a circle: self → self {hint}"
    ]


def test_five_levels_above_are_allowed_and_six_are_not(files: ProjectFiles) -> None:
    files.spec("a0", "description: root")
    for level in range(1, 7):
        files.spec(f"a{level}", f"extends: a{level - 1}")
    assert files.open().agent("a5").spec.description == "root"
    (line,) = files.check("a6")
    assert line.startswith(
        "a6.md:2:10 error: there are more than 5 levels above 'a6': a6 → a5 → a4 → a3 → a2 → a1 → a0 ("
    )


def test_a_missing_parent_brings_the_nearest_name(files: ProjectFiles) -> None:
    files.spec("base")
    files.spec("child", "extends: bsae")
    assert files.check("child") == [
        "child.md:2:10 error: there is no agent 'bsae' to extend (did you mean 'base'?)"
    ]


def test_a_broken_parent_is_shown_at_its_own_place(files: ProjectFiles) -> None:
    files.spec("base", "tmperature: 1")
    files.spec("child", "extends: base\ntools: [serch]")
    assert files.check("child") == [
        "base.md:2:1 error: 'tmperature' is not a known key (did you mean 'temperature'?)",
        "child.md:3:9 error: there is no tool 'serch' (did you mean 'search'?)",
    ]
    assert len(files.problems()) == 2


def test_editing_a_parent_changes_its_children_at_once(files: ProjectFiles) -> None:
    path: Path = files.spec("base", "description: one")
    files.spec("child", "extends: base")
    project = files.open()
    before = project.agent("child")
    path.write_text(path.read_text().replace("one", "two"))
    after = project.agent("child")
    assert (before.spec.description, after.spec.description) == ("one", "two")
    assert before.config_hash() != after.config_hash()
