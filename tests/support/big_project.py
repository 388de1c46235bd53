"""A project of the size that figures are quoted for: many agents, many executions."""

import asyncio
from pathlib import Path

from paracle.app.store.store import Store
from tests.support.drafts import completed, queued, started, step_completed, step_started

AGENT = """\
---
name: {name}
description: Looks at part {number} of the code
model: offline
inputs: {{paths: {{type: "list[path]", default: ["."]}}}}
tools: [read_file, search, list_files]
budget: {{usd: 0.5, minutes: 5}}
playbook:
  - tool: list_files
    with: {{path: "."}}
    save: files
  - say: "{{{{ files.files | length }}}} files"
---
You look at part {number} of the code and say what you see.
"""


def make_big_project(folder: Path, agents: int = 200, executions: int = 1000) -> Path:
    """Write the project's files and its store.

    Returns:
        The project's folder.
    """
    specs = folder / ".parac" / "agents" / "specs"
    specs.mkdir(parents=True)
    (folder / ".parac" / "project.yaml").write_text("name: big\nmodel: offline\n")
    for number in range(agents):
        name = f"agent-{number:03d}"
        (specs / f"{name}.md").write_text(AGENT.format(name=name, number=number))
    asyncio.run(_fill(folder / ".parac" / ".local", executions))
    return folder


async def _fill(local: Path, executions: int) -> None:
    with Store(local) as store:
        await asyncio.gather(*(_execution(store, number) for number in range(executions)))


async def _execution(store: Store, number: int) -> None:
    identifier = f"{number:04d}aaaaaa"
    moment = 1_700_000_000.0 + number * 60
    drafts = [started(), step_started(1), step_completed(1), completed(identifier, f"answer {number}")]
    await store.create(identifier, queued(f"agent-{number % 200:03d}")._replace(time=moment))
    await store.append(identifier, [one._replace(time=moment + 1 + k) for k, one in enumerate(drafts)])
