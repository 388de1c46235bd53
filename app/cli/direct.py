"""The short way to the workbench: what people start most, without loading the command line for it.

The library of the command line takes a tenth of the time to the first picture, and has nothing to do
where the arguments say no more than which folder.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..domain.errors import ParacleError


def workbench_folder(arguments: Sequence[str]) -> Path | None:
    """The folder to open the workbench on, where that is all that the arguments ask for.

    Returns:
        The folder, absolute; None for anything else, mistakes among them: the command line sees to it.
    """
    rest = list(arguments)
    folder = "."
    if len(rest) >= 2 and rest[0] in ("-C", "--project"):
        folder, rest = rest[1], rest[2:]
    if rest not in ([], ["ui"]) or os.environ.get("TERM") == "dumb":
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    named = Path(folder).expanduser().absolute()
    return named if named.is_dir() else None


def open_workbench(folder: Path) -> int:
    """Open the workbench and stay until it is closed.

    Returns:
        The exit code. No exception leaves this function, and no traceback is shown.
    """
    # Nothing that is made until the first picture is garbage; looking for it all the same takes a tenth
    # of the time. The application turns the collector on when it has painted.
    gc.disable()
    try:
        from ..services import logs
        from ..tui.start import start_workbench

        logs.set_up()
        return start_workbench(folder)
    except ParacleError as error:
        from . import failures

        return failures.report(error, as_json=False)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # as in `main.run`: its traceback belongs in the log
        from . import failures

        return failures.report(failures.fault(error), as_json=False)
