"""A workflow as the task of one execution: all its steps share the branch, the worktree and the account."""

from __future__ import annotations

from ..domain.words import plural
from ..models.registry import open_model
from ..tools.registry import builtin_tools
from .breakers import Breakers
from .flow import Flow
from .meter import Meter
from .request import WorkflowRequest
from .tasks import Answer
from .work import Work


class WorkflowTask:
    """Goes through a workflow's steps.

    Raises:
        UsageError, ModelError, NotFound: a model or a tool of any step cannot be had.
    """

    steering = None

    def __init__(self, request: WorkflowRequest, breakers: Breakers) -> None:
        self._request = request
        self._breakers = breakers
        self.offline = True
        for workflow in (request.workflow, *request.workflows.values()):
            for step in workflow.spec.steps:
                if step.tool is not None:
                    builtin_tools((step.tool,))
                if step.agent is not None:
                    agent = request.agents[step.agent]
                    name = step.model or agent.spec.model or request.model
                    model = open_model(name, agent, variables=request.variables, folder=request.folder)
                    builtin_tools(agent.spec.tools)
                    self.offline = self.offline and not model.asks_a_model

    @property
    def model(self) -> str:
        """The model of the steps that name none, and whose agents name none."""
        return self._request.model

    async def perform(self, work: Work, meter: Meter) -> Answer:
        """Go through the steps; see :class:`.tasks.Task`."""
        request = self._request
        flow = Flow(request, request.workflow, request.inputs, work, meter, self._breakers)
        outputs = await flow.run()
        done = sum(state.status == "completed" for state in flow.states.values())
        left_out = len(flow.states) - done
        text = f"{plural(done, 'step')} done" + (f", {left_out} left out" if left_out else "")
        return Answer(text, outputs)
