"""Prefixes of commands that make them meet a small disk, or folders that they may not write."""

from __future__ import annotations

import os
from pathlib import Path

_SMALL = 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && exec "$@"'
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def with_small_disk(folder: Path, kibibytes: int) -> list[str]:
    """The command sees an empty disk of this size in ``folder``; it is gone when the command ends.

    Needs Linux with user namespaces, or root.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return ["unshare", "--mount", *_as_root(), "sh", "-c", _SMALL, "sh", f"{kibibytes}k", str(folder)]


def with_read_only_disk(folder: Path) -> list[str]:
    """The command sees ``folder`` on a read-only file system. Needs what :func:`with_small_disk` needs."""
    return ["unshare", "--mount", *_as_root(), "sh", "-c", _READ_ONLY, "sh", str(folder)]


def as_a_user() -> list[str]:
    """The command is held to the modes of files and folders, as anybody but root is."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"]


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
