"""The one place that wires a project, its store and an engine together."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..domain.errors import StoreError
from ..domain.places import state_dir
from ..project.project import Project
from ..tools.registry import tool_names

if TYPE_CHECKING:
    from ..engine.engine import Engine
    from ..engine.hooks import HookRegistry
    from ..store.store import Store
    from .background import LoopThread


class Workspace:
    """A project that is open: its files, its store, and this process's engine.

    Parts are made when first asked for: listing agents opens no database, and looking at runs starts
    no thread. Opening a workspace runs nothing of the project.

    Args:
        project: the project's files.
        state: where worktrees and the stores of folders without ``.parac`` live.
    """

    def __init__(self, project: Project, state: Path | None = None) -> None:
        self.project = project
        self.state = state or state_dir()
        self._store: Store | None = None
        self._engine: tuple[Engine, LoopThread] | None = None
        self._hooks: HookRegistry | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The workspace of the project that ``folder`` belongs to.

        Raises:
            ProjectError: ``.parac`` there is not a folder.
        """
        return cls(Project.open(folder, tool_names()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def local(self) -> Path:
        """Where the store lives: ``.parac/.local``, or the state folder where there is no ``.parac``."""
        if self.project.parac is not None:
            return self.project.parac / ".local"
        import hashlib  # loads OpenSSL, and the first picture of most projects needs none

        key = hashlib.sha256(bytes(self.project.root.resolve())).hexdigest()[:16]
        return self.state / "projects" / key

    @property
    def has_store(self) -> bool:
        """Whether anything was ever run here."""
        return self._store is not None or (self.local / "engine.db").exists()

    @property
    def store(self) -> Store:
        """The store, opened on first use; executions whose process died are marked then.

        Raises:
            StoreError: it cannot be opened.
        """
        with self._lock:
            if self._store is None:
                from ..store.store import Store

                self._ignore_local()
                store = Store(self.local)
                try:
                    store.interrupt_orphans()
                except StoreError:
                    store.close()
                    raise
                self._store = store
            return self._store

    def engine(self) -> tuple[Engine, LoopThread]:
        """The engine of this process and the thread it runs in, started on first use."""
        with self._lock:
            if self._engine is None:
                from ..engine.engine import Engine
                from .background import LoopThread

                engine = Engine(self.store, self.project.root, self.state, hooks=self.hooks)
                self._engine = (engine, LoopThread("paracle-engine"))
            return self._engine

    @property
    def hooks(self) -> HookRegistry:
        """The functions that this process wants asked or told around what executions do, and merges."""
        with self._lock:
            if self._hooks is None:
                from ..engine.hooks import HookRegistry

                self._hooks = HookRegistry()
            return self._hooks

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the executions that this process drives."""
        return self._engine[0].running if self._engine else ()

    def leave(self, reason: str) -> None:
        """Let go of what this process runs: it is interrupted, and any process can go on with it."""
        with self._lock:
            if self._engine is not None:
                engine, thread = self._engine
                thread.call(engine.leave(engine.running, reason))

    def close(self) -> None:
        """Stop what this process runs, keep the account of it, and let go of everything."""
        with self._lock:
            if self._engine is not None:
                engine, thread = self._engine
                thread.call(engine.close())
                thread.close()
                self._engine = None
            if self._store is not None:
                self._store.close()
                self._store = None

    def _ignore_local(self) -> None:
        # A project made by hand may lack the .gitignore that keeps the store out of git.
        if self.project.parac is None or self.local.exists():
            return
        try:
            self.local.mkdir(parents=True, exist_ok=True)  # another process may open it too
            (self.local / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                "The project cannot hold executions",
                detail=str(error),
                hint=f"make {self.project.parac} writable",
            ) from error
