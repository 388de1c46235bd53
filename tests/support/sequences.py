"""Random sequences of what people and Paracle do to one repository, and what must hold after each step.

The rule: whatever was in a commit that a ref leads to, in the user's files or index, or in the files of an
execution, is still in one of those places after anything that Paracle does, also when it was killed in the
middle; and the user's files, index and HEAD change only where that was asked for.
"""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from paracle.app.domain.errors import ParacleError
from paracle.app.domain.history import Mode
from paracle.app.services import history, merge_conflicts
from paracle.app.services.workspace import Workspace
from tests.support.history import Past, lines, write
from tests.support.kills import cut_off
from tests.support.repo import tree_fingerprint

PATHS = ("app.py", "notes.md", "new.txt", "sub/deep.txt", "ignored.log")
CONTENTS: tuple[str | bytes, ...] = (
    lines("one", "two", "THREE"),
    lines("ONE", "two", "three"),
    "all different\n",
    "no line end",
    "crlf\r\n",
    b"\x00\xff binary",
)

Step = tuple[Any, ...]


def steps() -> st.SearchStrategy[list[Step]]:
    """Sequences, each begun by an execution so that there is something to do."""
    return st.builds(
        lambda first, rest: [first, *rest], _runs(), st.lists(_any_step(), min_size=2, max_size=7)
    )


def _files(paths: Sequence[str] = PATHS) -> st.SearchStrategy[dict[str, str | bytes]]:
    return st.dictionaries(st.sampled_from(paths), st.sampled_from(CONTENTS), min_size=1, max_size=2)


def _runs() -> st.SearchStrategy[Step]:
    left: st.SearchStrategy[dict[str, str | bytes]] = st.one_of(_files(), st.just({}))
    return st.tuples(st.just("run"), st.lists(_files(), min_size=1, max_size=2), left, st.booleans())


def _deeds() -> st.SearchStrategy[Step]:
    which = st.integers(0, 3)
    merge = st.tuples(
        st.just("merge"), which, st.sampled_from(list(Mode)), st.sampled_from(["main", "other"])
    )
    simple = st.sampled_from([("undo",), ("cleanup",), ("prune",)])
    named = st.tuples(st.sampled_from(["discard", "restore", "apply"]), which)
    # Not the ignored file, which is in no commit: an agent may write over what another one has left of it.
    kept = _files(PATHS[:-1])
    follow = st.tuples(st.just("follow"), which, kept, st.one_of(kept, st.just({})))
    return st.one_of(merge, merge, simple, simple, named, follow)


def _any_step() -> st.SearchStrategy[Step]:
    user = st.one_of(
        st.tuples(st.just("edit"), st.sampled_from(PATHS), st.sampled_from(CONTENTS)),
        st.tuples(st.just("delete"), st.sampled_from(PATHS)),
        st.sampled_from([("stage",), ("commit",), ("commit",)]),
    )
    ends = st.tuples(st.just("end"), st.sampled_from(["ours", "theirs", "both", "abort"]))
    killed = st.tuples(
        st.just("kill"), _deeds(), st.integers(1, 40), st.sampled_from([0.0, 0.0, 0.002, 0.01])
    )
    clash = st.tuples(
        st.just("clash"), st.sampled_from(PATHS[:2]), st.sampled_from(list(Mode)), st.sampled_from(CONTENTS)
    )
    return st.one_of(_runs(), user, user, _deeds(), _deeds(), clash, ends, killed)


@dataclass(frozen=True)
class Template:
    """A repository that was made once and is copied for each sequence."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Template:
        with Past(folder) as past:
            write(past.repo.folder, {".gitignore": "*.log\n"})
            past.repo.commit("ignore")
            past.repo.git("branch", "other")
            past.execution({"from template": "1\n"})
        return cls(folder)

    def copy(self, folder: Path) -> Past:
        shutil.copytree(self.folder, folder, symlinks=True)
        return Past.reopen(folder)


@dataclass(frozen=True)
class Mine:
    """What is the user's."""

    files: dict[str, tuple[int, int, bytes]]
    head: bytes
    index: bytes
    stash: bytes
    config: bytes


class World:
    """One sequence at work."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.runs: list[str] = []
        self.kills = 0

    def do(self, step: Step) -> None:
        """One step, and all that must hold after it."""
        kind, *rest = step
        if kind == "run":
            self.runs.append(self.past.execution(*rest[0], leaves=rest[1], with_changes=rest[2]))
        elif kind in ("edit", "delete", "stage", "commit"):
            self._user(kind, *rest)
        elif kind == "clash":
            self._clash(*rest)
        else:
            self._guarded(kind, rest)

    def finish(self) -> None:
        """What must hold at the end."""
        for merge in history.waiting(self.past.workspace):
            history.abort(self.past.workspace, merge.id)
        assert self.past.leftovers() == []
        assert self.past.repo.git("fsck", "--no-dangling", "--no-progress") == ""

    def _clash(self, path: str, mode: Mode, content: str | bytes) -> None:
        """An execution and the user change the same lines, and the one is merged into the other."""
        self.runs.append(self.past.execution({path: content, "theirs.txt": content}))
        self._user("edit", path, "mine alone\n")
        self._user("commit")
        self._guarded("merge", [0, mode, "main"])

    def _user(self, kind: str, *rest: Any) -> None:
        repo = self.past.repo
        if kind == "edit":
            path = repo.folder / rest[0]
            if path.parent.is_dir() or not path.parent.exists():
                write(repo.folder, {rest[0]: rest[1]})
        elif kind == "delete":
            (repo.folder / rest[0]).unlink(missing_ok=True)
        elif kind == "stage":
            repo.git("add", "--all")
        else:
            repo.commit("mine")

    def killed_at(self, step: Step, moment: int, number: int = signal.SIGKILL) -> bool:
        """Whether a step met a signal at its ``moment``-th visible act rather than end before; all holds."""
        kills = self.kills
        self._guarded("kill", [step, moment, 0.0, number])
        return self.kills > kills

    def _guarded(self, kind: str, rest: list[Any]) -> None:
        # Taking a side replaces the text with markers that git has put there: what it is made of stays.
        kinds = (kind, *rest) if kind != "kill" else rest[0]
        taking = kinds[0] == "end" and kinds[1] != "abort"
        before, held = self._mine(), self._bytes(scratch=not taking)
        if kind == "kill":
            self._killed(*rest)
            moved = rest[0][0] in ("merge", "undo", "apply", "end")
            history.settle(self.past.workspace)
        else:
            try:
                self._deed(self.past.workspace, kind, rest)
            except ParacleError:
                moved = False
            else:
                moved = kind in ("merge", "undo", "apply", "end")
        lost = held - self._bytes()
        assert not lost, f"{kind} {rest} has lost {lost}"
        after = self._mine()
        if not moved:
            assert after == before, kind
        assert (after.stash, after.config) == (before.stash, before.config)

    def _mine(self) -> Mine:
        own = self.past.repo.folder / ".git"
        names = ("HEAD", "index", "refs/stash", "config")
        return Mine(
            tree_fingerprint(self.past.repo.folder),
            *((own / name).read_bytes() if (own / name).exists() else b"" for name in names),
        )

    def _deed(self, workspace: Workspace, kind: str, rest: list[Any]) -> None:
        which = self.runs[-1 - rest[0] % len(self.runs)] if rest and isinstance(rest[0], int) else ""
        deeds: dict[str, Callable[[], object]] = {
            "merge": lambda: history.merge(workspace, which, mode=rest[1], target=rest[2]),
            "undo": partial(history.undo, workspace),
            "cleanup": partial(history.cleanup, workspace),
            "prune": partial(history.prune, workspace),
            "discard": partial(history.discard, workspace, which),
            "restore": partial(history.restore, workspace, which),
            "apply": partial(history.apply, workspace, which),
            "follow": lambda: self.past.follow(which, rest[1], leaves=rest[2], workspace=workspace),
            "end": lambda: self._end(workspace, rest[0]),
        }
        deeds[kind]()

    def _end(self, workspace: Workspace, how: str) -> None:
        for merge in history.waiting(workspace)[:1]:
            if how == "abort":
                history.abort(workspace, merge.id)
                return
            for path in merge.paths:
                merge_conflicts.take(workspace, path, how, wanted=merge.id)  # type: ignore[arg-type]
            history.resume(workspace, merge.id)

    def _killed(self, step: Step, moment: int, after: float, number: int = signal.SIGKILL) -> None:
        """Do a step in a process that meets a signal at its ``moment``-th visible act, or soon ``after``."""
        self.past.workspace.close()

        def deed() -> None:
            with self.past.opened() as workspace:
                self._deed(workspace, step[0], list(step[1:]))

        self.kills += cut_off(deed, moment, number, after)
        self.past.workspace = self.past.opened()

    def _bytes(self, *, scratch: bool = True) -> set[str]:
        """The hash of every file's bytes that is anywhere it must not vanish from."""
        repo = self.past.repo
        # What taking back needs ends with the merge; what a person typed is in the work tree or archive too.
        options = ("--objects", "--exclude=refs/paracle/merging/*", "--all")
        found = {line.split(" ")[0] for line in repo.git("rev-list", *options).splitlines()}
        trees = [repo.folder, *self.past.state.glob("worktrees/*/*")]
        trees += self.past.state.glob("scratch/*/*") if scratch else []
        for tree in filter(Path.is_dir, trees):
            found.update(_hashes(tree))
        for line in repo.git("ls-files", "--stage").splitlines():
            found.add(line.split(" ")[1])
        return found


def _hashes(tree: Path) -> Iterator[str]:
    for path, (_, _, content) in tree_fingerprint(tree).items():
        if path != ".git" and not (tree / path).is_dir():
            yield hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
