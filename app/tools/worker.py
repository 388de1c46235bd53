"""The other half of :mod:`.scan`: ``python -m paracle.app.tools.worker NAME``.

Reads one JSON request from standard input, writes one JSON line an answer. It loads nothing but the
standard library and the modules that open files safely, so that it starts quickly.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module

WORKERS = ("outline_worker", "search_worker", "todo_worker")


def main() -> None:
    """Do the work that the first argument names."""
    name = sys.argv[1]
    if name not in WORKERS:
        raise SystemExit(f"no such worker: {name}")
    request = json.load(sys.stdin.buffer)
    # Should the parent be killed, nobody stops a regular expression that never ends.
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"] + 1))
    out = sys.stdout.buffer
    for answer in import_module(f".{name}", __package__).work(request):
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
