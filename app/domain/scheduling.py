"""Which steps of a graph can begin: pure bookkeeping, without time, tasks or events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class OnError(StrEnum):
    """What the failure of a step means for the rest."""

    FAIL = "fail"
    CONTINUE = "continue"
    FALLBACK = "fallback"


class Fate(StrEnum):
    """What has become of a step."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    RECOVERED = "recovered"
    SKIPPED = "skipped"
    BLOCKED = "blocked"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to the step."""
        return self not in (Fate.PENDING, Fate.RUNNING)


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a graph.

    Attributes:
        needs: The steps that come before it.
        reads: Those of them whose status it looks at itself, so that their failure does not hold it up.
        on_error: What its failure means: nothing further begins but what reads it; or what needs it goes on
            without it; or ``fallback`` is done in its place.
    """

    id: str
    needs: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    on_error: OnError = OnError.FAIL
    fallback: str = ""


class Schedule:
    """A graph on its way. The caller begins what is :attr:`ready` and says how each step ended.

    A step can begin once all it needs have ended. It is blocked where one of them failed, and skipped where
    one was skipped, unless it reads that one's status. A step that is the fallback of others waits for them
    besides, and is skipped where none of them fails.

    Args:
        nodes: Without circles, naming only each other.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.id: node for node in nodes}
        self._order = {identifier: place for place, identifier in enumerate(self._nodes)}
        self._fates = dict.fromkeys(self._nodes, Fate.PENDING)
        self._causes: dict[str, str] = {}
        self._halted: set[str] = set()
        self._next: dict[str, list[str]] = {identifier: [] for identifier in self._nodes}
        self._owners: dict[str, list[str]] = {}
        self._missing: dict[str, int] = {}
        self._halted_by = ""
        self._running = 0
        for node in self._nodes.values():
            for needed in set(node.needs):
                self._next[needed].append(node.id)
            if node.on_error is OnError.FALLBACK:
                self._owners.setdefault(node.fallback, []).append(node.id)
        for identifier, node in self._nodes.items():
            self._missing[identifier] = len(set(node.needs)) + len(self._owners.get(identifier, ()))
        self._ready = {identifier for identifier, missing in self._missing.items() if not missing}

    @property
    def ready(self) -> tuple[str, ...]:
        """The steps that can begin now, in the order in which they were given."""
        return tuple(sorted(self._ready, key=self._order.__getitem__))

    @property
    def has_ready(self) -> bool:
        """Whether any step can begin now."""
        return bool(self._ready)

    @property
    def is_over(self) -> bool:
        """Whether no step runs and none can begin any more."""
        return not self._running and not self._ready

    @property
    def fates(self) -> Mapping[str, Fate]:
        """What has become of each step so far."""
        return dict(self._fates)

    @property
    def has_failed(self) -> bool:
        """Whether a step failed and no other took its place."""
        return Fate.FAILED in self._fates.values()

    def cause(self, identifier: str) -> str:
        """The step because of which another was blocked or skipped; empty where there is none."""
        return self._causes.get(identifier, "")

    def is_halted(self, identifier: str) -> bool:
        """Whether a blocked step needs nothing that failed, and only was not begun any more."""
        return identifier in self._halted

    def is_moot(self, identifier: str) -> str:
        """The failure for which nothing that can still begin waits for a step; empty where something does."""
        if not self._halted_by or self._leads_on(identifier):
            return ""
        return self._halted_by

    def _leads_on(self, identifier: str) -> bool:
        """Whether a step behind this one may begin after a failure: one that reads how others ended."""
        seen, behind = {identifier}, [identifier]
        while behind:
            node = self._nodes[behind.pop()]
            for following in (*self._next[node.id], *filter(None, (node.fallback,))):
                if following in seen or self._fates[following].has_ended:
                    continue
                if self._nodes[following].reads:
                    return True
                seen.add(following)
                behind.append(following)
        return False

    def begin(self, identifier: str) -> None:
        """A step begins.

        Raises:
            ValueError: it cannot.
        """
        if identifier not in self._ready:
            raise ValueError(f"{identifier} is {self._fates[identifier]} and cannot begin")
        self._ready.discard(identifier)
        self._fates[identifier] = Fate.RUNNING
        self._running += 1

    def end(self, identifier: str, fate: Fate) -> tuple[str, ...]:
        """A step that was begun has ended: done, failed, or skipped because its condition was false.

        One that is moot may end as blocked: it was given up for the failure.

        Returns:
            The steps that can never begin for it: blocked or skipped.

        Raises:
            ValueError: it was not begun, or that is no end.
        """
        if self._fates[identifier] is not Fate.RUNNING:
            raise ValueError(f"{identifier} is {self._fates[identifier]} and cannot end")
        cause = self.is_moot(identifier) if fate is Fate.BLOCKED else ""
        if fate not in (Fate.DONE, Fate.FAILED, Fate.SKIPPED) and not cause:
            raise ValueError(f"a step cannot end as {fate}")
        if cause:
            self._halted.add(identifier)
        self._running -= 1
        return self._settle(identifier, fate, cause)[1:]

    def _settle(self, identifier: str, fate: Fate, cause: str) -> tuple[str, ...]:
        """Note an end, and everything that follows from it at once. A queue, since chains may be long."""
        ended = [(identifier, fate, cause)]
        settled: list[str] = []
        for identifier, fate, cause in ended:  # It grows meanwhile.
            if self._fates[identifier].has_ended:
                continue
            self._fates[identifier] = fate
            settled.append(identifier)
            self._ready.discard(identifier)
            if cause:
                self._causes[identifier] = cause
            node = self._nodes[identifier]
            if fate is Fate.FAILED and node.on_error is OnError.FAIL:
                ended.extend(self._halt(identifier))
            freed = [node.fallback] if node.on_error is OnError.FALLBACK else []
            # What needs a step that may still be recovered waits for that.
            if not (fate is Fate.FAILED and node.on_error is OnError.FALLBACK):
                freed += self._next[identifier]
                freed += self._recovered(identifier, ended)
            for following in freed:
                self._missing[following] -= 1
                if not self._missing[following]:
                    ended.extend(self._decide(following))
        return tuple(settled)

    def _halt(self, identifier: str) -> list[tuple[str, Fate, str]]:
        """Nothing further begins but what reads how a failed step ended."""
        self._halted_by = self._halted_by or identifier
        stopped = [waiting for waiting in self.ready if not self._reads_failure(self._nodes[waiting])]
        self._halted.update(stopped)
        return [(waiting, Fate.BLOCKED, identifier) for waiting in stopped]

    def _recovered(self, identifier: str, ended: list[tuple[str, Fate, str]]) -> list[str]:
        """What waited for the steps that this one stood in for."""
        freed: list[str] = []
        for owner in self._owners.get(identifier, ()):
            if self._fates[owner] is not Fate.FAILED:
                continue
            if self._fates[identifier] in (Fate.DONE, Fate.RECOVERED):
                self._fates[owner] = Fate.RECOVERED
            else:
                ended.extend(self._halt(owner))
            freed += self._next[owner]
            # The one it stood in for may itself have stood in for another.
            freed += self._recovered(owner, ended)
        return freed

    def _decide(self, identifier: str) -> list[tuple[str, Fate, str]]:
        """What becomes of a step for which nothing is waited any more."""
        node = self._nodes[identifier]
        owners = self._owners.get(identifier, ())
        if owners and not any(self._fates[owner] is Fate.FAILED for owner in owners):
            return [(identifier, Fate.SKIPPED, "")]
        minded = [needed for needed in node.needs if needed not in node.reads]
        # What needs a failed step is left out for that one, whatever else was not begun meanwhile.
        for needed in minded:
            if self._fates[needed] is Fate.FAILED and self._nodes[needed].on_error is not OnError.CONTINUE:
                return [(identifier, Fate.BLOCKED, needed)]
        blocked = [needed for needed in minded if self._fates[needed] is Fate.BLOCKED]
        for needed in sorted(blocked, key=self._halted.__contains__):
            if needed in self._halted:
                self._halted.add(identifier)
            return [(identifier, Fate.BLOCKED, self._causes.get(needed, needed))]
        for needed in minded:
            if self._fates[needed] is Fate.SKIPPED:
                return [(identifier, Fate.SKIPPED, needed)]
        if self._halted_by and not self._reads_failure(node):
            self._halted.add(identifier)
            return [(identifier, Fate.BLOCKED, self._halted_by)]
        self._ready.add(identifier)
        return []

    def _reads_failure(self, node: Node) -> bool:
        return any(self._fates[needed] in (Fate.FAILED, Fate.BLOCKED) for needed in node.reads)
