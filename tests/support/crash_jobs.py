"""What the workers of :mod:`tests.support.crashing` run: chains, fan-outs, approvals, nested work, agents."""

from __future__ import annotations

from pathlib import Path

from tests.support.studio import Studio

INPUTS = "inputs: {task: {type: text, required: true}}\n"
MAY = "permissions: {write: ['**'], shell: allow}\n"

CHAIN = """\
on_error: continue
steps:
  - {id: a, tool: write_file, with: {path: "{{ inputs.task }}/a.txt", text: one}}
  - id: b
    tool: run_command
    depends_on: a
    with: {argv: [sh, -c, "echo {{ inputs.task }} b/call >> EFFECTS"]}
  - {id: c, tool: read_file, depends_on: b, with: {path: README.md}}
  - id: d
    tool: run_command
    depends_on: c
    with: {argv: [sh, -c, "echo {{ inputs.task }} d/call >> EFFECTS; sleep 0.02; echo two > d.txt"]}
  - {id: e, tool: write_file, depends_on: d, with: {path: "{{ inputs.task }}/e.txt", text: three}}
"""
FAN = """\
on_error: continue
steps:
  - id: each
    tool: run_command
    for_each: [0, 1, 2, 3]
    max_parallel: 3
    with: {argv: [sh, -c, "echo {{ inputs.task }} each[{{ item }}]/call >> EFFECTS"]}
  - {id: p, tool: read_file, with: {path: README.md}}
  - {id: q, tool: search, with: {pattern: total}}
  - {id: w, tool: write_file, with: {path: w.txt, text: side by side}}
  - id: broken
    tool: read_file
    with: {path: nowhere}
    retry: {attempts: 3, delay: 0.01, jitter: 0}
    on_error: fallback:spare
  - {id: spare, tool: read_file, with: {path: README.md}}
  - {id: join, tool: write_file, depends_on: [each, p, q, w, broken], with: {path: join.txt, text: all}}
"""
GATES = """\
on_error: continue
steps:
  - {id: gate, approval: "May {{ inputs.task }} go on?"}
  - {id: left, approval: Left?, depends_on: gate}
  - {id: right, approval: Right?, depends_on: gate}
  - id: run
    tool: run_command
    depends_on: [left, right]
    with: {argv: [sh, -c, "echo {{ inputs.task }} run/call >> EFFECTS"]}
  - {id: late, approval: Nobody answers this, timeout: 0.05, default: approve, depends_on: run}
"""
NESTED = """\
on_error: continue
steps:
  - {id: helper, agent: helper}
  - {id: inner, workflow: chain, depends_on: helper, inputs: {task: "{{ inputs.task }}/inner"}}
  - {id: again, agent: helper, depends_on: inner}
"""
HELPER = """\
format: paracle-script/1
turns:
  - {tool_calls: [{tool: read_file, with: {path: README.md}}], usage: {input_tokens: 7, output_tokens: 2}}
  - {text: not now, rate_limit: {retry_after: 0.01}, usage: {input_tokens: 1}}
  - {tool_calls: [{tool: write_file, with: {path: helper.txt, text: helped}}], usage: {input_tokens: 9}}
  - {text: Helped., usage: {input_tokens: 11, output_tokens: 3, cost_usd: 0.001}}
"""
WORKFLOWS = {"chain": CHAIN, "fan": FAN, "gates": GATES, "nested": NESTED}
KINDS = (*WORKFLOWS, "agent")


def prepare(studio: Studio) -> None:
    """Write the workflows and agents that the workers run."""
    for name, steps in WORKFLOWS.items():
        studio.files.write(
            f"workflows/{name}.yaml", INPUTS + MAY + steps.replace("EFFECTS", str(effects_in(studio.folder)))
        )
    model = studio.folder / "helper.yaml"
    model.write_text(HELPER)
    studio.files.spec(
        "helper", f"tools: [read_file, write_file]\npermissions: {{write: ['**']}}\nmodel: script:{model}"
    )
    effects_in(studio.folder).touch()
    studio.trust()


def effects(studio: Studio) -> list[str]:
    """What the commands have done outside, a line each: the execution's task and the step's key."""
    return effects_in(studio.folder).read_text().splitlines()


def effects_in(folder: Path) -> Path:
    """The file to which the commands append."""
    return folder / "effects"


def session(name: str, effects: Path) -> dict[str, object]:
    """A script for the worker, with a name of its own in everything that it does outside."""

    def command(key: str) -> dict[str, object]:
        argv = ["sh", "-c", f"echo {name} {key} >> {effects}; echo {key} >> log.txt"]
        return {"tool": "run_command", "with": {"argv": argv}}

    look = [{"tool": "read_file", "with": {"path": "README.md"}}, {"tool": "list_files"}]
    turns = [
        {
            "text": ["Look.\n", "Well."],
            "chunk_delay": 0.005,
            "tool_calls": look,
            "usage": {"input_tokens": 5},
        },
        {"tool_calls": [command("turn-2/1"), command("turn-2/2")]},
        {"tool_calls": [{"tool": "write_file", "with": {"path": "a.txt", "text": "a" * 5000}}]},
        {"text": "cut", "rate_limit": {"retry_after": 0.01}},
        {"tool_calls": [command("turn-4/1")], "usage": {"output_tokens": 3}},
        {"text": "All done."},
    ]
    return {"format": "paracle-script/1", "turns": turns}
