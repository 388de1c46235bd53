"""One workflow on its way: which step may begin, with what values, and what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain import templates
from ..domain.backoff import wait_before
from ..domain.errors import ParacleError, PolicyRefused
from ..domain.events import Kind
from ..domain.ids import shorten
from ..domain.occasions import Decision, step_of
from ..domain.pacing import Pace
from ..domain.scheduling import Fate, Node, OnError, Schedule
from ..domain.words import one_line, plural
from ..domain.workflow_expressions import statuses_read
from ..domain.workflows import ResolvedWorkflow, Step, WorkflowSpec
from .breakers import Breakers
from .flow_steps import NotNeeded, StepWork
from .graph import run_graph
from .meter import Meter
from .past import StepResult
from .request import WorkflowRequest
from .steps import describe_error
from .work import Work


class WorkflowFailed(ParacleError):
    """A step failed, and nothing took its place."""

    code = "workflow_failed"


class StepTimeout(ParacleError):
    """A step of a workflow took longer than it may."""

    code = "step_timeout"


@dataclass(frozen=True, slots=True)
class StepState:
    """What templates know of a step: ``completed``, ``failed`` or ``skipped``, and what it gave."""

    status: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Flow:
    """Runs the steps of one workflow. A workflow that is called by a step is another flow in the same work.

    Args:
        inputs: bound to the workflow's declared ones.
        scope: stands before the keys of its steps.
    """

    def __init__(
        self,
        request: WorkflowRequest,
        workflow: ResolvedWorkflow,
        inputs: Mapping[str, Any],
        work: Work,
        meter: Meter,
        breakers: Breakers,
        scope: str = "",
    ) -> None:
        self._request = request
        self._workflow = workflow
        self._inputs = inputs
        self._work = work
        self._meter = meter
        self._breakers = breakers
        self._scope = scope
        self._schedule = Schedule(nodes_of(workflow.spec))
        self._places = {step.id: step for step in workflow.spec.steps}
        self._questions: dict[str, tuple[str, asyncio.Timeout]] = {}
        self._withdrawn: set[str] = set()
        self.states: dict[str, StepState] = {}

    async def run(self) -> Mapping[str, Any]:
        """Run to the end; gives the workflow's outputs.

        Raises:
            WorkflowFailed: a step failed, and nothing took its place.
            StepTimeout: the whole took too long.
            TemplateError: an output cannot be made.
            StoreError, GitError: the account or the work cannot be kept.
        """
        spec = self._workflow.spec
        try:
            async with asyncio.timeout(spec.timeout) as clock:
                pace = Pace(spec.concurrency, spec.adaptive)
                await run_graph(self._schedule, self._do, pace, self._leave_out, self._let_go)
        except TimeoutError:
            if not clock.expired():
                raise
            raise StepTimeout(f"The workflow took longer than {spec.timeout:g} s") from None
        if self._schedule.has_failed:
            raise self._failure()
        return dict(templates.evaluate_all(spec.outputs, self._variables(), name="outputs"))

    async def _do(self, identifier: str) -> Fate:
        step = self._places[identifier]
        key = f"{self._scope}{identifier}"

        async def work(number: int) -> StepResult:
            return await self._attempt(step, key)

        async def do(decision: Decision) -> StepResult:
            return await self._work.steps.run(
                "step", identifier, arguments, work, key=key, idempotent=True, looks=True, decision=decision
            )

        arguments = {"kind": step.kind, "target": step.target} if step.target else {"kind": step.kind}
        recorded = self._work.steps.recorded(key)
        if recorded is not None and recorded.has_ended:
            self._meter.count(self._work.steps.recorded_below(key))
        try:
            result = await self._work.steps.around(
                "step", identifier, arguments, do, key=key, agent=step.agent or "", step=step_of(key)
            )
        except ParacleError as error:
            self.states[identifier] = StepState("failed", error=str(error))
            if self._workflow.spec.on_error_of(step) == OnError.CONTINUE:
                self._degrade(f"{key} failed, and what needs it went on without it: {error}")
            return Fate.FAILED
        self.states[identifier] = StepState(result.value["status"], result.value["outputs"])
        self._stand_in(identifier, key)
        if result.value["status"] == "completed":
            return Fate.DONE
        return Fate.BLOCKED if identifier in self._withdrawn else Fate.SKIPPED

    def _stand_in(self, identifier: str, fallback: str) -> None:
        """What a fallback has given stands for what the failed step would have."""
        given = self.states[identifier]
        for step in self._places.values():
            failed = self.states.get(step.id)
            if step.fallback == identifier and failed is not None and failed.status == "failed":
                if given.status == "completed":
                    place = f"{self._scope}{step.id}"
                    self._degrade(f"{fallback} ran in the place of {place}, which failed: {failed.error}")
                self.states[step.id] = given
                self._stand_in(step.id, fallback)

    def _degrade(self, words: str) -> None:
        """Tell in the receipt what was done otherwise than the workflow says."""
        told = one_line(words, 240)
        if told not in self._work.degraded:
            self._work.degraded.append(told)

    async def _attempt(self, step: Step, key: str) -> StepResult:
        variables = self._variables()
        if step.when is not None and not templates.expression(step.when, variables, name=f"{key}.when"):
            return StepResult({"status": "skipped", "outputs": {}}, "left out: its condition is false")
        if step.kind == "approval":
            try:
                return await self._done(step, key, variables)
            except NotNeeded as error:
                return StepResult({"status": "skipped", "outputs": {}}, f"left out: {error}")
        return await self._done(step, key, variables)

    async def _done(self, step: Step, key: str, variables: Mapping[str, Any]) -> StepResult:
        """Do a step whose condition holds, once or for each item."""
        if step.for_each is None:
            outputs = await self._tried(step, key, variables)
            return StepResult({"status": "completed", "outputs": outputs}, _brief(outputs))
        items = templates.expression(step.for_each, variables, name=f"{key}.for_each")
        if not isinstance(items, list):
            raise ParacleError(
                f"'{step.id}' needs a list to go through",
                detail=f"for_each gives {type(items).__name__}: {one_line(str(items), 80)}",
                hint="write an expression whose value is a list",
            )
        given = await self._each(step, key, step.turns(items), variables)
        names = dict.fromkeys(name for outputs in given for name in outputs)
        gathered = {name: [outputs.get(name) for outputs in given] for name in names}
        return StepResult({"status": "completed", "outputs": gathered}, plural(len(given), "turn"))

    async def _each(
        self, step: Step, key: str, items: list[Any], variables: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        """Do a step once for each turn's item, so many at once as it may; the first failure ends the rest."""
        places = [str(number) for number in range(len(items))]
        given: dict[str, Mapping[str, Any]] = {}

        async def turn(place: str) -> Fate:
            scope = {**variables, "item": items[int(place)]}
            given[place] = await self._tried(step, f"{key}[{place}]", scope)
            return Fate.DONE

        most = step.max_parallel or self._workflow.spec.concurrency
        await run_graph(Schedule(Node(place) for place in places), turn, Pace(most))
        return [given[place] for place in places]

    async def _tried(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do a step, again where it says so; gives what it gave."""
        attempt = 1 + self._work.steps.failed_tries(key)
        for earlier in range(1, attempt):
            self._meter.count(self._work.steps.recorded_below(_key_of_try(key, earlier), "/"))
        while True:
            tried = _key_of_try(key, attempt)
            try:
                return await self._timed(step, tried, variables)
            except (PolicyRefused, NotNeeded):
                raise
            except ParacleError as error:
                if attempt >= step.attempts or step.retry is None:
                    raise
                retry = step.retry
                wait = wait_before(
                    attempt, first=retry.delay, factor=retry.backoff, most=86400.0, jitter=retry.jitter
                )
                await self._work.journal.commit(
                    Kind.RETRIED,
                    step=None,
                    key=key,
                    attempt=attempt,
                    wait=round(wait, 3),
                    error=describe_error(error),
                )
                await asyncio.sleep(wait)
                attempt += 1

    async def _timed(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        # An approval's time is up with its default answer, not with a failure.
        is_question = step.kind == "approval"
        limit = None if is_question else step.timeout
        performing = StepWork(
            self._request, self._workflow, self._work, self._meter, self._breakers, self._call
        )
        try:
            async with asyncio.timeout(limit) as clock:
                if is_question:
                    self._questions[key] = (step.id, clock)
                    self._let_go()
                return await performing.perform(step, key, variables)
        except TimeoutError:
            if not clock.expired():
                raise
            if is_question:
                cause = self._schedule.is_moot(step.id)
                raise NotNeeded(f"not asked any more, since {cause} failed") from None
            raise StepTimeout(f"'{step.id}' took longer than {limit:g} s") from None
        finally:
            self._questions.pop(key, None)

    def _let_go(self) -> None:
        """Withdraw the questions whose answers can change nothing, once a step has failed for good."""
        for key, (identifier, clock) in tuple(self._questions.items()):
            if cause := self._schedule.is_moot(identifier):
                del self._questions[key]
                self._withdrawn.add(identifier)
                self._work.asking.needless(key, f"{cause} failed, and nothing goes on from here")
                clock.reschedule(asyncio.get_running_loop().time())

    async def _call(self, name: str, inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Run a workflow that a step calls."""
        called = self._request.workflows[name]
        within = Meter(called.spec.budget, self._meter)
        flow = Flow(self._request, called, inputs, self._work, within, self._breakers, f"{key}/")
        return await flow.run()

    def _leave_out(self, identifier: str) -> None:
        """Tell of a step that can never begin."""
        cause = self._schedule.cause(identifier)
        halted = self._schedule.is_halted(identifier)
        if halted:
            reason = f"not begun, since {cause} failed"
        elif self._schedule.fates[identifier] is Fate.BLOCKED:
            reason = f"depends on {cause}, which failed"
        else:
            reason = f"{cause} was left out" if cause else "it is not needed"
        self.states[identifier] = StepState("skipped")
        self._work.journal.emit(
            Kind.STEP_SKIPPED,
            key=f"{self._scope}{identifier}",
            name=identifier,
            reason=reason,
            halted=halted,
        )

    def _variables(self) -> dict[str, Any]:
        steps = {
            identifier: {"status": state.status, "outputs": _Outputs(state)}
            for identifier, state in self.states.items()
        }
        return {**self._request.variables, "inputs": dict(self._inputs), "steps": steps}

    def _failure(self) -> WorkflowFailed:
        fates = self._schedule.fates
        failed = [identifier for identifier, fate in fates.items() if fate is Fate.FAILED]
        not_done: dict[str, list[str]] = {}
        for identifier in (identifier for identifier, fate in fates.items() if fate is Fate.BLOCKED):
            cause = self._schedule.cause(identifier)
            if identifier in self._withdrawn:
                words = "Not asked any more"
            elif self._schedule.is_halted(identifier):
                words = f"Not begun, since {cause} failed"
            else:
                words = f"Left out, depending on {cause}"
            not_done.setdefault(words, []).append(identifier)
        told = "; ".join(f"{identifier}: {self.states[identifier].error}" for identifier in failed)
        return WorkflowFailed(
            f"{plural(len(failed), 'step')} failed",
            detail=". ".join([told, *(f"{words}: {', '.join(names)}" for words, names in not_done.items())]),
            hint=f"'paracle runs retry {shorten(self._work.journal.execution)}' goes on from there"
            " once the cause is mended",
        )


class _Outputs(dict[str, Any]):
    """What a step gave; of one that was left out or failed, nothing for each name."""

    def __init__(self, state: StepState) -> None:
        super().__init__(state.outputs)
        self._empty = state.status != "completed"

    def __missing__(self, name: str) -> None:
        if not self._empty:
            raise KeyError(name)


def nodes_of(spec: WorkflowSpec) -> list[Node]:
    """The steps as the schedule knows them."""
    nodes = []
    for step in spec.steps:
        reads = statuses_read(step.when) if step.when is not None else frozenset()
        said = spec.on_error_of(step)
        on_error = OnError.FALLBACK if step.fallback else OnError(said)
        nodes.append(
            Node(step.id, step.depends_on, reads.intersection(step.depends_on), on_error, step.fallback or "")
        )
    return nodes


def _key_of_try(key: str, attempt: int) -> str:
    """Each try has keys of its own: what an earlier one recorded is not its result."""
    return key if attempt == 1 else f"{key}~{attempt}"


def _brief(outputs: Mapping[str, Any]) -> str:
    words = outputs.get("answer") or ", ".join(f"{name}: {value}" for name, value in outputs.items())
    return one_line(str(words), 120)
