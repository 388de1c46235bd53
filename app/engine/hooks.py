"""Asking and telling hooks: commands that a project's user trusts, and functions of the program itself.

Whatever a hook does wrong stays its own: it is told of, and nothing else happens, unless the hook is one
that wants its failures to be vetoes.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, Literal

from ..domain.commands import words_of
from ..domain.errors import ParacleError, UsageError
from ..domain.hooks import POINTS, SECONDS, HookMatch, HookSpec, Point, check_narrowing
from ..domain.occasions import Decision, Occasion, Told, read_said
from ..domain.words import duration, one_line
from ..tools.run_command import RunCommandResult, execute, how_it_ended
from .commands import PROJECT, WORKTREE
from .in_time import HookFailed, begun, in_time
from .left_over import EXECUTION

HookCall = Callable[[Mapping[str, Any]], Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None]
"""Gets what a command would read, and gives what it would print, or ``None``."""

VETO_EXIT = 2
"""How a command ends that refuses."""


@dataclass(frozen=True, slots=True, eq=False)
class PythonHook:
    """A function of the program that hooks are added from. See :meth:`HookRegistry.add`."""

    on: Point
    call: HookCall
    match: HookMatch
    timeout: float
    on_failure: Literal["allow", "veto"]
    label: str


AnyHook = HookSpec | PythonHook


class HookRegistry:
    """The functions that a program wants asked or told. Safe from any thread; a change holds at once."""

    def __init__(self) -> None:
        self._hooks: dict[str, tuple[PythonHook, ...]] = {}
        self._lock = Lock()

    def add(
        self,
        on: Point,
        call: HookCall,
        *,
        match: Mapping[str, Any] | None = None,
        timeout: float = SECONDS,
        on_failure: Literal["allow", "veto"] = "allow",
        name: str = "",
    ) -> PythonHook:
        """Have a function called.

        Args:
            on: what it is about, such as ``tool.before``.
            call: gets one mapping; see :mod:`paracle.app.domain.occasions` for its keys. Before something it
                may give ``{"veto": "reason"}`` or ``{"arguments": {…}}``. A plain function is called in the
                thread that drives all executions, so it must not wait; a coroutine function may.
            match: what it is narrowed to: a glob, or several, by ``agent``, ``workflow``, ``tool``, ``step``.
            timeout: seconds that a coroutine function may take, from where it waits for the first time.
            on_failure: what it means that a before hook fails.
            name: what people call it; the function's own name without it.

        Returns:
            What :meth:`remove` takes.

        Raises:
            UsageError: it could never be called.
        """
        match = match or {}
        if on not in POINTS:
            raise UsageError(f"There is nothing called '{on}'", hint=f"one of: {', '.join(POINTS)}")
        if unknown := set(match) - set(HookMatch.model_fields):
            raise UsageError(
                f"A hook cannot be narrowed by '{min(unknown)}'",
                hint=f"it can be by {', '.join(HookMatch.model_fields)}",
            )
        narrowed = HookMatch.model_validate(dict(match))
        try:
            check_narrowing(on, narrowed)
        except ValueError as error:
            raise UsageError(str(error)) from None
        label = one_line(name or getattr(call, "__name__", type(call).__name__), 60)
        hook = PythonHook(on, call, narrowed, timeout, on_failure, label)
        with self._lock:
            self._hooks = {**self._hooks, on: (*self.at(on), hook)}
        return hook

    def remove(self, hook: PythonHook) -> None:
        """Have it called no more; one that is not there is no error."""
        with self._lock:
            left = tuple(one for one in self.at(hook.on) if one is not hook)
            self._hooks = {**self._hooks, hook.on: left}

    def at(self, point: str) -> tuple[PythonHook, ...]:
        """Those that are about something, in the order in which they were added."""
        return self._hooks.get(point, ())


class Hooks:
    """The hooks of one execution or merge: the project's commands first, then the program's functions.

    Args:
        commands: whose project is trusted.
        project: its folder in the user's checkout, in which they work.
        warn: takes a sentence about a hook that failed.
        execution, agent, workflow: what every occasion belongs to, as far as it is known.
    """

    def __init__(
        self,
        commands: Sequence[HookSpec],
        registry: HookRegistry,
        project: Path,
        warn: Callable[[str], None],
        *,
        execution: str = "",
        agent: str = "",
        workflow: str = "",
    ) -> None:
        self._commands: dict[str, tuple[HookSpec, ...]] = {}
        for hook in commands:
            self._commands[hook.on] = (*self._commands.get(hook.on, ()), hook)
        self._registry = registry
        self._project = project
        self._warn = warn
        self._execution = execution
        self._agent = agent
        self._workflow = workflow
        self.worktree: Path | None = None

    def at(self, point: str) -> tuple[AnyHook, ...]:
        """Those that are about something; empty costs nothing."""
        functions = self._registry.at(point)
        return (*self._commands.get(point, ()), *functions) if self._commands else functions

    def tells_others(self, occasion: Occasion) -> bool:
        """Whether another process is told what came of something."""
        if not self._commands:
            return False
        commands = self._commands.get(f"{occasion.kind}.after", ())
        return any(occasion.fits(hook.match) for hook in commands)

    def occasion(
        self,
        kind: str,
        name: str,
        arguments: Mapping[str, Any],
        *,
        agent: str | None = None,
        step: str = "",
        key: str = "",
    ) -> Occasion:
        """Something that is about to happen here.

        Args:
            agent, step, key: as in :class:`.Occasion`; without an agent it is the execution's.
        """
        if agent is None:
            agent = self._agent
        return Occasion(kind, name, arguments, self._execution, agent, self._workflow, step, key)

    async def before(self, occasion: Occasion, hooks: Sequence[AnyHook] | None = None) -> Decision:
        """Ask all that are about it, one after another, until one of them refuses.

        Args:
            hooks: what :meth:`at` gave for it, where that is known.
        """
        asked = occasion.arguments
        by: tuple[str, ...] = ()
        for hook in self.at(f"{occasion.kind}.before") if hooks is None else hooks:
            if not (hook.match.fits_all or occasion.fits(hook.match)):
                continue
            try:
                answer = self._ask(hook, Told(occasion))
                if answer is not None and inspect.isawaitable(answer):
                    answer = await answer
                if answer is None:
                    continue
                said = read_said(answer, occasion)
            # Whatever a hook raises is the hook's own.
            except Exception as error:
                if hook.on_failure == "veto":
                    reason = f"it failed: {_words(error)}"
                    return Decision(asked, occasion.arguments, (*by, hook.label), reason)
                self._tell_failed(hook, error)
                continue
            if said.veto is not None:
                return Decision(asked, occasion.arguments, (*by, hook.label), said.veto)
            if said.arguments != occasion.arguments:
                by = (*by, hook.label)
                occasion = occasion._replace(arguments=said.arguments)
        return Decision(asked, occasion.arguments, by)

    async def after(
        self,
        occasion: Occasion,
        seconds: float,
        value: Any = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell all that are about it what came of it, one after another."""
        result = (seconds, value, error)
        for hook in self.at(f"{occasion.kind}.after"):
            if not (hook.match.fits_all or occasion.fits(hook.match)):
                continue
            try:
                answer = self._ask(hook, Told(occasion, result))
                if answer is not None and inspect.isawaitable(answer):
                    await answer
            except Exception as failure:
                self._tell_failed(hook, failure)

    def _ask(self, hook: AnyHook, told: Told) -> Any:
        """What a hook says, or something that gives it once it is awaited."""
        if not isinstance(hook, PythonHook):
            return self._run(hook, told)
        answer = hook.call(told)
        if answer is None:
            return None
        if type(answer) is types.CoroutineType:
            return begun(answer, hook.timeout)
        if inspect.isawaitable(answer):
            return in_time(answer, hook.timeout)
        return answer

    async def _run(self, hook: HookSpec, told: Told) -> Any:
        """Run a command; gives what it printed.

        Raises:
            HookFailed, ToolError: it failed.
        """
        variables = {PROJECT: str(self._project)}
        if self._execution:
            variables[EXECUTION] = self._execution
        if self.worktree is not None:
            variables[WORKTREE] = str(self.worktree)
        with TemporaryFile() as file:
            file.write(json.dumps(dict(told), ensure_ascii=False, default=str).encode("utf-8", "replace"))
            file.seek(0)
            result = await execute(
                words_of(hook.run), self._project, hook.timeout, _unheard, variables, stdin=file
            )
        if result.timed_out:
            raise HookFailed(f"it took longer than {duration(hook.timeout)} and was ended")
        is_asked = hook.on.endswith(".before")
        if result.exit_code == VETO_EXIT and is_asked:
            return {"veto": result.stderr.strip() or result.stdout.strip()}
        if result.exit_code:
            raise HookFailed(_ended_badly(result))
        return _printed(result.stdout) if is_asked else None

    def _tell_failed(self, hook: AnyHook, error: Exception) -> None:
        self._warn(f"The hook '{hook.label}' ({hook.on}) failed, and changed nothing: {_words(error)}")


def _printed(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise HookFailed(f"it printed what is no JSON: {one_line(text, 80)}") from None


def _ended_badly(result: RunCommandResult) -> str:
    said = result.stderr.strip() or result.stdout.strip()
    return how_it_ended(result) + (f": {one_line(said[-300:], 200)}" if said else "")


def _words(error: Exception) -> str:
    if isinstance(error, ParacleError | ValueError):
        return one_line(str(error), 300)
    return one_line(f"{type(error).__name__}: {error}", 300)


def _unheard(line: str) -> None:
    """What a hook prints is its answer; of one that fails the end is told."""
