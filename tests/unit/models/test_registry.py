"""Opening a model by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from paracle.app.domain.agents import ResolvedAgent
from paracle.app.domain.errors import NotFound, UsageError
from paracle.app.domain.specs import Action, AgentSpec
from paracle.app.models.base import Model
from paracle.app.models.registry import open_model

AGENT = ResolvedAgent(AgentSpec(name="tester", playbook=(Action(say="hi"),)), "", Path("tester.md"))


def opened(name: str, folder: Path) -> Model:
    return open_model(name, AGENT, variables={}, folder=folder)


def test_offline_asks_no_model(tmp_path: Path) -> None:
    model = opened("offline", tmp_path)
    assert (model.name, model.asks_a_model) == ("offline", False)


def test_a_script_is_found_relative_to_the_folder_and_counts_as_a_model(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("turns: [{text: hi}]\n", encoding="utf-8")
    model = opened("script:a.yaml", tmp_path)
    assert (model.name, model.asks_a_model) == ("script:a.yaml", True)
    with pytest.raises(NotFound):
        opened("script:b.yaml", tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:gpt-5", "later version"),
        ("ollama:qwen3", "offline"),
        ("ofline", "did you mean 'offline'"),
        ("script", "script:FILE"),
        ("script:", "script:FILE"),
        ("", "offline"),
    ],
)
def test_other_models_are_refused_naming_those_there_are(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        opened(name, tmp_path)
    assert words in f"{caught.value} {caught.value.hint}"


def test_an_agent_without_playbook_is_told_what_to_do(tmp_path: Path) -> None:
    bare = ResolvedAgent(AgentSpec(name="bare"), "", tmp_path / "bare.md")
    with pytest.raises(UsageError) as caught:
        open_model("offline", bare, variables={}, folder=tmp_path)
    assert "bare.md" in caught.value.hint
    assert "--model" in caught.value.hint
