"""Runs of one afternoon, written to a real store with times and ids that are always the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paracle.app.domain.events import Draft, Kind
from paracle.app.store.store import Store

NOW = 1_767_279_600.0
"""The afternoon of the first of January 2026, in seconds since the epoch."""

DONE, FAILED, RUNNING = "7f3hq2m8ct", "7f2z04ckxe", "7f3kd91wra"

REPORT = """\
# Review of shop

**2 findings** in 8 modules: 1 to fix first, 1 to look at.
"""


class Run:
    """The events of one execution, a quarter of a second apart."""

    def __init__(self, repository: Path, agent: str, begun: float) -> None:
        self._time = begun
        self._step = 0
        self.drafts: list[Draft] = []
        self.tell(
            Kind.QUEUED, agent=agent, task="", inputs={}, model="offline", config_hash="9c1e5a7702bd4f36"
        )
        self.tell(
            Kind.STARTED,
            model="offline",
            branch="exec/7f3hq2m8ct/20260101_145500",
            base_commit="4be1a7c2" + "0" * 32,
            worktree="",
            isolation="worktree",
            repository=str(repository),
        )

    def tell(self, kind: Kind, **payload: Any) -> None:
        """Add an event."""
        self.drafts.append(Draft(kind, payload, self._time))
        self._time += 0.25

    def begin(self, name: str, **arguments: Any) -> None:
        """A step that goes on."""
        self._step += 1
        self.tell(
            Kind.STEP_STARTED,
            step=self._step,
            action="tool",
            name=name,
            arguments=arguments,
            idempotent=True,
        )

    def do(self, name: str, summary: str, **arguments: Any) -> None:
        """A step that is done."""
        self.begin(name, **arguments)
        self.tell(
            Kind.STEP_COMPLETED,
            step=self._step,
            action="tool",
            name=name,
            seconds=0.25,
            result=None,
            usage=None,
            summary=summary,
        )

    def fail(self, name: str, title: str, **arguments: Any) -> None:
        """A step that failed."""
        self.begin(name, **arguments)
        error = {"title": title, "detail": "", "hint": "", "code": "tool_error"}
        self.tell(Kind.STEP_FAILED, step=self._step, action="tool", name=name, seconds=0.25, error=error)


def finished(repository: Path) -> Run:
    """A review that was written and committed."""
    run = Run(repository, "reviewer", NOW - 300)
    run.do("list_files", "8 files", path=".", glob="*.py")
    run.do("python_outline", "8 modules", paths=["shop"])
    run.do("search", "1 match", pattern=r"^\s*except\s*:", glob="*.py")
    run.do("todo_scan", "1 note", paths=["."])
    run.do("write_file", "REVIEW.md, 3 lines", path="REVIEW.md", text=REPORT)
    files = [{"path": "REVIEW.md", "status": "A", "added": 3, "removed": 0}]
    run.tell(
        Kind.COMMIT, step=5, sha="81d0cc3f" + "0" * 32, message="docs(reviewer): write REVIEW.md", files=files
    )
    answer = "**2 findings** in 8 modules: 1 to fix first, 1 to look at."
    run.tell(Kind.TEXT, text=answer, end=True, step=None)
    run.tell(Kind.COMPLETED, receipt=receipt(DONE, "reviewer", "completed", answer, files=files))
    return run


def failed(repository: Path) -> Run:
    """A run that its model left alone."""
    run = Run(repository, "documenter", NOW - 1500)
    run.do("list_files", "8 files", path=".", glob="*.py")
    run.fail("python_outline", "There is no 'shopp'", paths=["shopp"])
    error = {
        "title": "There is no 'shopp'",
        "detail": "action 2 of the playbook, python_outline",
        "hint": "did you mean 'shop'?",
        "code": "tool_error",
    }
    account = receipt(
        FAILED,
        "documenter",
        "failed",
        "",
        error=error,
        seconds=1.25,
        steps=2,
        tool_calls={"list_files": 1, "python_outline": 1},
        allowed=["docs/api.md"],
        commits=[],
    )
    run.tell(Kind.FAILED, receipt=account, error=error)
    return run


def running(repository: Path) -> Run:
    """A run that is in the middle of it."""
    run = Run(repository, "reviewer", NOW - 12)
    run.do("list_files", "8 files", path=".", glob="*.py")
    run.do("python_outline", "8 modules", paths=["shop"])
    run.do("search", "1 match", pattern=r"^\s*except\s*:", glob="*.py")
    for path in ("cart", "catalogue", "money", "orders", "pricing"):
        run.tell(Kind.LOG, level="info", text=f"read shop/{path}.py", step=4)
    run.begin("todo_scan", paths=["."])
    return run


async def write(store: Store, runs: Sequence[tuple[str, Run]]) -> None:
    """Put runs into the store under these ids."""
    for identifier, run in runs:
        await store.create(identifier, run.drafts[0])
        await store.append(identifier, run.drafts[1:])


def receipt(execution: str, agent: str, state: str, answer: str, **more: Any) -> dict[str, Any]:
    """The account at the end of a run."""
    return {
        "execution": execution,
        "agent": agent,
        "state": state,
        "config_hash": "9c1e5a7702bd4f36",
        "model": "offline",
        "offline": True,
        "inputs": {},
        "answer": answer,
        "seconds": 3.25,
        "steps": 5,
        "tool_calls": {"list_files": 1, "python_outline": 1, "search": 1, "todo_scan": 1, "write_file": 1},
        "refused": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0, "cost_micro": 0},
        "branch": f"exec/{execution}/20260101_145500",
        "base_commit": "4be1a7c2" + "0" * 32,
        "tip": "81d0cc3f" + "0" * 32,
        "commits": ["81d0cc3f" + "0" * 32],
        "files": [],
        "allowed": ["REVIEW.md"],
        "worktree": "",
        "error": None,
        "repository": "",
        **more,
    }
