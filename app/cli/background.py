"""A run in a process of its own that outlives the command which started it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..domain.errors import ExitCode, ParacleError
from . import failures

Report = Callable[[Mapping[str, Any]], None]


def start_in_background(work: Callable[[Report], None]) -> tuple[Mapping[str, Any], int]:
    """Do ``work`` in a background process with a session of its own; gives what it reports, and its id.

    The process is a fork, so this must be called before anything starts a thread. Its output goes to
    ``detached.log`` in the state folder.

    Args:
        work: given a function with which it reports plain data, once: that it has begun, and what.

    Raises:
        ParacleError: what ``work`` raised before it reported.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _be_background(work, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    if not said:
        raise failures.Fault("The background process ended without a word", hint=f"its log: {_log()}")
    report = json.loads(said)
    if "error" in report:
        raise _revived(report["error"], report["exit_code"])
    assert isinstance(report, dict)
    return report, process


def _be_background(work: Callable[[Report], None], writing: int) -> None:
    """The child's whole life. Never returns: what stands above it on the stack belongs to the parent."""
    from ..services.logs import record_fault

    code = ExitCode.FAILED
    reported = False

    def report(value: Mapping[str, Any]) -> None:
        nonlocal reported
        if not reported:
            reported = True
            with suppress(OSError):
                os.write(writing, json.dumps(dict(value)).encode())
            os.close(writing)

    try:
        os.setsid()
        _redirect()
        work(report)
        code = ExitCode.DONE
    except ParacleError as error:
        if reported:
            record_fault(error)
        report({"error": error.to_dict(), "exit_code": int(error.exit_code)})
    except Exception as error:  # the last resort of this process, as in the root command
        fault = failures.fault(error)
        report({"error": fault.to_dict(), "exit_code": int(fault.exit_code)})
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _redirect() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        path = _log()
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = null
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


def _log() -> Path:
    from ..domain.places import state_dir

    return state_dir() / "detached.log"


def _revived(data: dict[str, Any], exit_code: int) -> ParacleError:
    """An error of the background process, as it was."""

    class Revived(ParacleError):
        def to_dict(self) -> dict[str, object]:
            return dict(data)

    Revived.code, Revived.exit_code = data["code"], ExitCode(exit_code)
    return Revived(data["title"], detail=data["detail"], hint=data["hint"])
