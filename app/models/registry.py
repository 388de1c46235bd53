"""From a model's name to a model."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..domain.agents import ResolvedAgent
from ..domain.errors import UsageError
from .base import Model

OFFLINE = "offline"
SCRIPT = "script"


def open_model(name: str, agent: ResolvedAgent, *, variables: Mapping[str, Any], folder: Path) -> Model:
    """The model that will answer one execution. Everything that can be refused is refused here,
    before anything starts.

    Args:
        name: ``offline`` or ``script:FILE``.
        agent: the agent that will run.
        variables: what templates of a playbook see besides ``inputs`` and saved names: ``project``.
        folder: what a relative FILE is relative to.

    Raises:
        UsageError: this version has no such model, or the agent cannot run with it.
        NotFound: the script's file does not exist.
        ProjectError: the script's file cannot be used; its problems have their lines.
    """
    provider, _, rest = name.strip().partition(":")
    if provider == OFFLINE and not rest:
        from .offline import OfflineModel

        return OfflineModel(agent, variables)
    if provider == SCRIPT and rest:
        from .script import load_script
        from .scripted import ScriptModel

        return ScriptModel(load_script(folder / Path(rest).expanduser()), name.strip())
    raise _unknown(name, provider)


def _unknown(name: str, provider: str) -> UsageError:
    here = "the models of this version are 'offline' and 'script:FILE'"
    if provider == SCRIPT:
        return UsageError(
            f"The model '{name}' names no file", hint="write script:FILE, as in script:session.yaml"
        )
    close = get_close_matches(provider.lower(), (OFFLINE, SCRIPT), 1, 0.7)
    if close:
        return UsageError(f"There is no model '{name}'", hint=f"did you mean '{close[0]}'? {here}")
    return UsageError(
        f"The model '{name}' cannot be used yet",
        detail="language models of providers come in a later version",
        hint=here,
    )
