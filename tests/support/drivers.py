"""Processes that have one project open and do as they are told, until they are killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from paracle.app.domain.errors import ParacleError
from paracle.app.services import approvals, control, runs, workflow_runs
from paracle.app.services.workspace import Workspace

# One server, loaded once, forks them: a process is there within milliseconds, and inherits no thread.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.drivers", "paracle.app.engine.engine", "jinja2"])


class Refused(Exception):
    """What the process was told cannot be done; ``title`` is what a person would read."""

    def __init__(self, title: str, code: str) -> None:
        super().__init__(title)
        self.title = title
        self.code = code


class Driver:
    """One process."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = _context.Pipe()
        self._process = _context.Process(target=serve, args=(folder, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, act: str, *arguments: str) -> Any:
        """Have it do something; see :data:`ACTS`.

        Raises:
            Refused: it cannot be done.
        """
        self._ours.send((act, arguments))
        outcome, value = self._ours.recv()
        if outcome == "refused":
            raise Refused(*value)
        return value

    def crash(self) -> None:
        """kill -9; returns when it is gone."""
        self._process.kill()
        self._process.join()

    def kill(self) -> None:
        """kill -9, and let go of it. Safe where it has crashed before."""
        self.crash()
        self._ours.close()


def _start(here: Workspace, kind: str, name: str, model: str) -> str:
    if kind == "workflow":
        return workflow_runs.start(here, name).id
    return runs.start(here, name, model=model or None).id


def _answer(here: Workspace, wanted: str, word: str) -> None:
    approvals.answer(here, wanted, word)


def _state(act: Callable[..., Any]) -> Callable[..., str]:
    return lambda *arguments: str(act(*arguments).state)


ACTS: dict[str, Callable[..., Any]] = {
    "start": _start,
    "pause": _state(control.pause),
    "resume": _state(control.unpause),
    "stop": _state(control.stop),
    "model": _state(control.switch_model),
    "take_up": lambda here, wanted: control.take_up(here, wanted).id,
    "answer": _answer,
    "look": lambda here: here.store.interrupt_orphans() and None,
}


def serve(folder: Path, connection: Connection) -> None:
    """The life of a process."""
    with Workspace.open(folder) as here:
        while asked := connection.recv():
            act, arguments = asked
            try:
                connection.send(("done", ACTS[act](here, *arguments)))
            except ParacleError as error:
                connection.send(("refused", (str(error), error.code)))
