"""What the earlier Paracle left in ``.parac/`` and has another form today: a warning each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..domain.errors import ProjectError
from ..domain.problems import Problem, Severity
from .names import OLD_STATE, STATE
from .source import finding, read_text
from .yamldoc import Node, parse_mapping


def leftovers(parac: Path, inside: tuple[Path, ...]) -> Iterator[Problem]:
    """A warning for each file or folder of the earlier form."""
    manifest = parac / "agents" / "manifest.yaml"
    if os.path.lexists(manifest):
        yield from _manifest(manifest, inside)
    definitions = parac / "workflows" / "definitions"
    if os.path.lexists(definitions):
        yield finding(
            definitions,
            "workflows are kept in 'workflows/' itself today",
            "move each to .parac/workflows/<id>.yaml",
            warning=True,
        )
    old = parac / OLD_STATE
    if os.path.lexists(old):
        used = "it is not used" if os.path.lexists(parac / STATE) else "the state is kept in an older place"
        yield finding(
            old, f"{used}; today's place is .parac/{STATE}", f"move it to .parac/{STATE}", warning=True
        )


def _manifest(path: Path, inside: tuple[Path, ...]) -> Iterator[Problem]:
    hint = "remove it; what it says of an agent belongs into the front matter of the agent's file"
    message = "the agents are the files in .parac/agents/specs/ today; a manifest is not used"
    yield finding(path, message, hint, warning=True)
    try:
        node = parse_mapping(read_text(path, inside=inside), path)
    except ProjectError as error:
        # A file that is not used cannot keep anything from working.
        yield from (replace(problem, severity=Severity.WARNING) for problem in error.problems)
        return
    yield from _missing_specs(path, node)


def _missing_specs(path: Path, node: Node) -> Iterator[Problem]:
    agents = node.get("agents")
    for agent in agents.children.values() if agents else ():
        spec = agent.get("spec_file")
        if spec is None or not spec.written:
            continue
        candidates = (path.parent / spec.written, path.parent / "specs" / spec.written)
        if not any(_exists(candidate) for candidate in candidates):
            message = f"it names '{spec.written}', which is not there"
            yield finding(path, message, line=spec.line, column=spec.column, warning=True)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
