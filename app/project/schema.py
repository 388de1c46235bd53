"""JSON Schemas of the project files, published from the models that read them."""

from __future__ import annotations

import json
from typing import Any

from ..domain.hooks import HooksFile
from ..domain.workflows import WorkflowSpec
from .agent_file import AgentFile
from .names import BUILTIN
from .settings import ProjectSettings

DRAFT = "https://json-schema.org/draft/2020-12/schema"
COPIES = BUILTIN.parent / "schemas"
"""Where the committed copies are, one ``<kind>.json`` each."""

_STATE = {
    "title": "CurrentState",
    "description": "What is going on in the project now. The keys are the project's own.",
    "type": "object",
}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (2020-12) of each file kind: ``project``, ``agent``, ``workflow``, ``hooks``,
    ``current_state``.

    The schema of ``agent`` is that of its front matter.
    """
    kinds = {
        "project": ProjectSettings.model_json_schema(),
        "agent": AgentFile.model_json_schema(),
        "workflow": WorkflowSpec.model_json_schema(),
        "hooks": HooksFile.model_json_schema(),
        "current_state": _STATE,
    }
    return {
        kind: {"$schema": DRAFT, "$id": f"urn:paracle:schema:{kind}", **body} for kind, body in kinds.items()
    }


def as_text(schema: dict[str, Any]) -> str:
    """A schema as its committed copy holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
