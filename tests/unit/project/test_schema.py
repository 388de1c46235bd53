"""The published JSON Schemas."""

from __future__ import annotations

import json

import pytest

from paracle.app.project.agent_file import AgentFile
from paracle.app.project.schema import COPIES, DRAFT, as_text, schemas
from paracle.app.project.settings import ProjectSettings


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_the_committed_copy_is_what_the_model_says(kind: str) -> None:
    assert (COPIES / f"{kind}.json").read_text("utf-8") == as_text(schemas()[kind])


def test_there_is_no_copy_of_a_kind_that_is_gone() -> None:
    assert sorted(path.stem for path in COPIES.iterdir()) == sorted(schemas())


def test_each_schema_names_its_draft_and_itself() -> None:
    for kind, schema in schemas().items():
        assert (schema["$schema"], schema["$id"]) == (DRAFT, f"urn:paracle:schema:{kind}")
        assert json.loads(as_text(schema)) == schema


def test_every_key_of_a_file_is_in_its_schema_and_no_other_is_allowed() -> None:
    for kind, model in (("agent", AgentFile), ("project", ProjectSettings)):
        schema = schemas()[kind]
        assert set(schema["properties"]) == set(model.model_fields)
        assert schema["additionalProperties"] is False
    assert "with" in schemas()["agent"]["$defs"]["Action"]["properties"]
