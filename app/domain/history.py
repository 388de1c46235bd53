"""Branches of executions, and what was done with them, as lists and screens see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .executions import FileChange
from .words import one_line, plural


class Mode(StrEnum):
    """How a branch's commits come into the target."""

    MERGE = "merge"
    SQUASH = "squash"
    FF = "ff"
    REBASE = "rebase"
    CHERRY_PICK = "cherry-pick"


class Merged(StrEnum):
    """How it is known that a branch has nothing that its target lacks."""

    NO = ""
    ANCESTRY = "merged"
    RECORDED = "merged by an operation"
    CONTENT = "same content"
    PATCH = "same patch"


@dataclass(frozen=True, slots=True)
class GitCommand:
    """A git command that was run. ``code`` is -1 where it did not end by itself or failed."""

    folder: str
    arguments: tuple[str, ...]
    seconds: float
    code: int

    @property
    def line(self) -> str:
        """The command on one line, long arguments cut."""
        return one_line("git " + " ".join(one_line(word, 60) for word in self.arguments), 240)


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref by its full name, with what it stood for before and after; ``None`` where it did not exist."""

    name: str
    before: str | None
    after: str | None

    @property
    def reversed(self) -> RefMove:
        """The move that takes this one back."""
        return RefMove(self.name, self.after, self.before)

    @property
    def short(self) -> str:
        """The ref's name as people write it."""
        return self.name.removeprefix("refs/heads/")


@dataclass(frozen=True, slots=True)
class Figures:
    """What git counts between a branch and its target.

    Attributes:
        ahead, behind: Commits that only the branch, and only the target, has.
        files, added, removed: What differs between the fork and the tip; lines.
        merged: Whether and how the branch is known to be in the target, by its commits alone.
        conflicts: The paths that a merge would leave in conflict.
    """

    ahead: int
    behind: int
    files: int
    added: int
    removed: int
    merged: Merged = Merged.NO
    conflicts: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Figures:
        """Read what :meth:`to_dict` wrote."""
        return cls(**{**data, "merged": Merged(data["merged"]), "conflicts": tuple(data["conflicts"])})


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A branch, named by the execution that it was made for. ``state`` and ``agent`` are empty where the
    account of that is gone.

    ``state`` is that of the execution at work on it, else of the newest; ``follow_ups`` are those that went
    on with it, oldest first.
    ``created`` is seconds since the epoch. ``dirty`` counts the paths in its work tree that are in no
    commit; ``worktree`` is empty where there is none. ``figures`` is ``None`` where there is no target.
    """

    execution: str
    agent: str
    state: str
    branch: str
    tip: str
    base: str
    created: float
    figures: Figures | None
    worktree: str = ""
    dirty: int = 0
    follow_ups: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two branches that would conflict with each other, each by its execution, and where."""

    first: str
    second: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do; nothing was touched.

    Attributes:
        execution, branch, tip: What would be merged.
        target, target_tip: Where to, and what it stood for when this was looked at. Of a folder without git
            the folder itself, and a fingerprint of what would be done to its files.
        mode: How.
        conflicts: The paths that would be in conflict; of commits replayed one by one, those of the first
            that would not go.
        files: What would change in the target.
        commits: How many commits would come.
        nothing: The target has it all.
        blocked: Why it could not land now, and empty where it could.
        brings_fork: The target lacks what the branch was forked from, such as the user's files as they were,
            and gets that too.
    """

    execution: str
    branch: str
    tip: str
    target: str
    target_tip: str
    mode: Mode
    conflicts: tuple[str, ...]
    files: tuple[FileChange, ...]
    commits: int
    nothing: bool = False
    blocked: str = ""
    brings_fork: bool = False

    @property
    def clean(self) -> bool:
        """Whether it would go through as it stands."""
        return not (self.conflicts or self.nothing or self.blocked)

    @property
    def into_files(self) -> bool:
        """Whether the target is a folder without git rather than a branch."""
        return self.target.startswith("/")  # no branch can be named like this

    @property
    def target_name(self) -> str:
        """The branch, or the folder's name."""
        return self.target.rpartition("/")[2] if self.into_files else self.target

    def to_dict(self) -> dict[str, Any]:
        """The preview as plain data."""
        return {**asdict(self), "clean": self.clean}


@dataclass(frozen=True, slots=True)
class PendingMerge:
    """A merge that waits in its scratch work tree for its conflicts to be resolved.

    ``left`` holds, for each path in conflict, the hash of the bytes git left there (empty: no file).
    """

    id: str
    execution: str
    branch: str
    tip: str
    base: str
    target: str
    target_tip: str
    mode: Mode
    message: str
    folder: str
    repository: str
    left: Mapping[str, str]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in conflict."""
        return tuple(self.left)

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PendingMerge:
        """Read what :meth:`to_dict` wrote."""
        return cls(**{**data, "mode": Mode(data["mode"])})


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that was done to branches or to the user's files, with what undoes it.

    Attributes:
        id: Names it, and the folder of its refs below ``refs/paracle/archive/``.
        time: Seconds since the epoch.
        kind: merge, apply, discard, cleanup, restore, abort, undo.
        executions: Whose branches it is about.
        summary: One line for lists.
        moves: The refs that moved, came or went.
        details: What the kind needs besides to be undone.
        commands: The git commands that were run for it.
        undone: The id of the operation that undid it.
        notes: What went otherwise than wished for beside it, such as hooks that failed; one sentence each.
        settled: It was done to its end; one that is not was cut off, and is looked at by the next one.
    """

    id: str
    time: float
    kind: str
    executions: tuple[str, ...]
    summary: str
    moves: tuple[RefMove, ...] = ()
    details: Mapping[str, Any] | None = None
    commands: tuple[str, ...] = ()
    undone: str = ""
    settled: bool = True
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Operation:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            **{
                **data,
                "executions": tuple(data["executions"]),
                "moves": tuple(RefMove(**move) for move in data["moves"]),
                "commands": tuple(data["commands"]),
                "notes": tuple(data.get("notes", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A branch or work tree that a clean-up leaves alone, and why."""

    name: str
    execution: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What a clean-up removed, or would remove, and what it leaves alone.

    ``operation`` is what to undo; ``more`` are further ones: in a folder without git each branch has a
    repository of its own, and so an operation of its own.
    """

    removed: tuple[str, ...]
    kept: tuple[Kept, ...]
    operation: str = ""
    more: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """One line: how many went and stayed."""
        return f"{plural(len(self.removed), 'branch', 'branches')} removed, {len(self.kept)} kept"

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Archived:
    """A commit that is kept though nothing else names it. ``name`` is the ref it was once the tip of."""

    operation: str
    name: str
    commit: str

    @property
    def is_branch(self) -> bool:
        """Whether it can become a branch again; the others are snapshots of files."""
        return self.name.startswith("refs/heads/")
