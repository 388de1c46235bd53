"""The log file: what a traceback goes to, so that a person never has to read one."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ..domain.places import state_dir

FILE_NAME = "paracle.log"
MAX_BYTES = 1_000_000
KEPT_FILES = 3
LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

_package = logging.getLogger(__name__.partition(".")[0])
_handlers: list[logging.Handler] = []


def log_path() -> Path:
    """The file that `set_up` sends records to."""
    return state_dir() / FILE_NAME


def set_up(*, to_stderr: bool = False) -> None:
    """Send the package's log records to the rotating log file. A later call replaces an earlier one.

    The file and its folder are made by the first record: a command that has nothing to say leaves nothing.

    Args:
        to_stderr: Also show every record on stderr, down to debug level and without tracebacks.
    """
    while _handlers:
        old = _handlers.pop()
        _package.removeHandler(old)
        old.close()
    file = _LogFile(log_path())
    file.setFormatter(logging.Formatter(LINE))
    _handlers.append(file)
    if to_stderr:
        screen = logging.StreamHandler()
        screen.setFormatter(_WithoutTraceback(LINE))
        _handlers.append(screen)
    for handler in _handlers:
        _package.addHandler(handler)
    _package.setLevel(logging.DEBUG if to_stderr else logging.INFO)


def record_fault(error: BaseException) -> Path | None:
    """Write an unforeseen error with its traceback to the log.

    Returns:
        The log file, or `None` when it could not be written.
    """
    if not _handlers:
        set_up()
    _package.error("unforeseen error", exc_info=error)
    written = any(isinstance(handler, _LogFile) and handler.wrote_last for handler in _handlers)
    return log_path() if written else None


class _LogFile(RotatingFileHandler):
    """A rotating file that makes its folder, and that says once on stderr when it cannot be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True)
        self.wrote_last = False
        self._warned = False

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        self.wrote_last = True
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        self.wrote_last = False
        if not self._warned:
            self._warned = True
            print(f"warning: cannot write the log {self.baseFilename}: {sys.exception()}", file=sys.stderr)


class _WithoutTraceback(logging.Formatter):
    """One line a record: people get the words, the log file gets the stack."""

    def format(self, record: logging.LogRecord) -> str:
        bare = logging.makeLogRecord(
            {**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None}
        )
        return super().format(bare)
