"""Signals that end a process and are no decision about what it runs: that is interrupted, not stopped."""

from __future__ import annotations

import signal

LEAVING = {
    signal.SIGTERM: "the process was told to end",
    signal.SIGHUP: "the terminal was closed",
}
"""The reason on record, by signal."""
