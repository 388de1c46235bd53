"""Hooks of a project written in a test's own words, and what they were told."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from paracle.app.domain.events import Event, Kind
from paracle.app.services import trust
from tests.support.studio import Studio, of_kind

Told = Mapping[str, Any]

_SCRIPT = """\
import json, os, sys
told = json.load(sys.stdin)
with open({heard!r}, "a") as file:
    file.write(json.dumps({{**told, "environment": dict(os.environ), "folder": os.getcwd()}}) + "\\n")
"""


class Hooks:
    """The hooks of a studio's project. Each writes down what it is told, then does what ``says`` has it do.

    Args:
        studio: whose ``hooks.yaml`` is written.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._heard = studio.folder / "heard.jsonl"
        self._hooks: list[dict[str, Any]] = []

    def add(self, on: str, says: str = "", **more: Any) -> None:
        """Write one more hook.

        Args:
            on: what it is about.
            says: Python that runs with ``told``, ``json`` and ``sys`` at hand.
        """
        script = self._studio.folder / f"hook-{len(self._hooks)}.py"
        script.write_text(_SCRIPT.format(heard=str(self._heard)) + says + "\n")
        run = f"{sys.executable} {script}"
        self._hooks.append({"on": on, "run": run, "description": f"hook {len(self._hooks)}", **more})
        self._write()

    def command(self, on: str, run: str, **more: Any) -> None:
        """Write one more hook that is any command."""
        self._hooks.append({"on": on, "run": run, "description": f"hook {len(self._hooks)}", **more})
        self._write()

    def trust(self) -> None:
        """Trust what the project carries now."""
        with self._studio.open() as here:
            trust.accept(here, trust.look(here))

    def told(self, kind: str = "") -> list[Told]:
        """What the hooks were told, in order; of one kind where one is named."""
        lines: Sequence[str] = self._heard.read_text().splitlines() if self._heard.exists() else ()
        found = [json.loads(line) for line in lines]
        return [one for one in found if not kind or one["kind"] == kind]

    def _write(self) -> None:
        self._studio.files.write("hooks.yaml", yaml.safe_dump({"hooks": self._hooks}, sort_keys=False))


def vetoes(reason: str) -> str:
    """Python of a hook that refuses."""
    return f"print(json.dumps({{'veto': {reason!r}}}))"


def changes(**arguments: Any) -> str:
    """Python of a hook that puts other values in some of the arguments."""
    return f"print(json.dumps({{'arguments': {{**told['arguments'], **{arguments!r}}}}}))"


def warned(events: Sequence[Event]) -> str:
    """What the account tells besides."""
    return "\n".join(event.payload["text"] for event in of_kind(events, Kind.LOG))


def started(events: Sequence[Event], action: str) -> list[Mapping[str, Any]]:
    """What is recorded of the steps of one kind when they began."""
    return [e.payload for e in of_kind(events, Kind.STEP_STARTED) if e.payload["action"] == action]
