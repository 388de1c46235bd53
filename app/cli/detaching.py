"""``--detach``: a run waits in the queue, and a worker in the background is there to take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain.errors import UsageError
from ..domain.ids import shorten
from .opening import complete_execution
from .printing import next_step, put, put_json, say
from .stopping import Stopping

if TYPE_CHECKING:
    from ..domain.jobs import Order
    from ..services.jobs import Queued
    from ..services.workspace import Workspace

Priority = Annotated[
    int | None,
    typer.Option(
        "--priority", metavar="N", help="With --detach: the higher, the earlier it is taken; 0 without."
    ),
]
Delay = Annotated[
    str,
    typer.Option(
        "--delay",
        metavar="TIME",
        help="With --detach: not before 90s, 10m or 2h from now.",
        show_default=False,
    ),
]
Dedup = Annotated[
    str,
    typer.Option(
        "--dedup",
        metavar="KEY",
        help="With --detach: not while a run queued with this key has not ended.",
        show_default=False,
    ),
]
After = Annotated[
    str,
    typer.Option(
        "--after",
        metavar="ID",
        help="With --detach: once this execution has ended, however it ends.",
        autocompletion=complete_execution,
        show_default=False,
    ),
]

_WAKE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was asked for about how a run is to wait."""

    priority: int | None = None
    delay: str = ""
    dedup: str = ""
    after: str = ""

    def refuse_without(self, *, detach: bool) -> None:
        """Refuse what only makes sense for a run that waits.

        Raises:
            UsageError: something of it is asked for, and ``--detach`` is not.
        """
        given = {
            "--priority": self.priority is not None,
            "--delay": self.delay,
            "--dedup": self.dedup,
            "--after": self.after,
        }
        named = [option for option, is_given in given.items() if is_given]
        if named and not detach:
            raise UsageError(f"{', '.join(named)} is about runs that wait in the queue", hint="add --detach")

    def order(self, here: Workspace) -> Order:
        """The same as the queue takes it.

        Raises:
            UsageError: the delay or the priority makes no sense.
            NotFound: there is no execution to wait for.
            Conflict: it may never end.
        """
        import time

        from ..domain.jobs import Order, parse_delay
        from ..services import jobs

        return Order(
            priority=self.priority or 0,
            not_before=time.time() + parse_delay(self.delay) if self.delay else 0.0,
            after=jobs.after(here, self.after) if self.after else "",
            dedup=self.dedup,
        )


def queue_in_background(folder: Path, enqueue: Callable[[Workspace], Queued], *, as_json: bool) -> None:
    """Queue something and say what; a worker is started in a process of its own where none is alive.

    Raises:
        ParacleError: what ``enqueue`` raises.
    """
    from .background import start_in_background

    def work(report: Callable[[Mapping[str, Any]], None]) -> None:
        import os

        from ..domain.jobs import Stays
        from ..services import jobs
        from ..services.workspace import Workspace

        with Workspace.open(folder) as here, Stopping(say) as stopping:
            queued = enqueue(here)
            found = {"execution": queued.execution.id, "queued": queued.is_new}
            if queued.worker is not None:
                report({**found, "process": queued.worker.process or None, "worker": "alive"})
                return
            working = jobs.work(here, slots=jobs.BACKGROUND_SLOTS, stays=Stays.WHILE_HOPEFUL)
            stopping.stops(working.stop, working.leave)
            report({**found, "process": os.getpid(), "worker": "started"})
            # The main thread must wake up for a signal's handler to run, so it does not just wait.
            while not working.is_done(_WAKE_SECONDS):
                pass

    said, _ = start_in_background(work)
    if as_json:
        put_json(said)
        return
    short = shorten(str(said["execution"]))
    put(str(said["execution"]))
    if not said["queued"]:
        say("A run with that key has not ended: nothing was queued, and this is its id.")
    process = f"process {said['process']}" if said["process"] else "another container"
    if said["worker"] == "started":
        say(f"A worker in {process} takes it, and ends once nothing is left in the queue.")
    else:
        say(f"The worker in {process} takes it.")
    say(f"'paracle runs stop {short}' stops it; 'paracle jobs list' shows the queue.")
    next_step(f"paracle runs watch {short}")
