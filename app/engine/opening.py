"""From what is asked for to what will be done, or the reason why it cannot."""

from __future__ import annotations

from .breakers import Breakers
from .past import Past
from .request import AnyRequest, RunRequest
from .tasks import AgentTask, Task


def open_task(request: AnyRequest, past: Past, breakers: Breakers) -> Task:
    """The task of an execution. May read files; runs nothing.

    Args:
        past: what the execution has done already.
        breakers: of the hosts that models are asked at.

    Raises:
        UsageError, ModelError, NotFound: a model or a tool cannot be had.
        ProjectError: a script's file has errors.
    """
    if isinstance(request, RunRequest):
        return AgentTask(request, past, breakers)
    from .workflow_task import WorkflowTask

    return WorkflowTask(request, breakers)
