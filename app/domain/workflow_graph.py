"""The graph that the steps of a workflow make: order, circles, levels, what can never run.

Everything here is pure and knows steps by their ids. A mapping ``after`` gives for each id, in the order of
the file, the ids that come before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set

from .workflows import Step

After = Mapping[str, Sequence[str]]


def starts_after(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """For each step those that must be settled before it can start.

    These are its ``depends_on`` and, for a fallback, the steps whose failure starts it. Ids that no step has
    are left out; of two steps with one id the first counts.
    """
    first: dict[str, Step] = {}
    for step in steps:
        first.setdefault(step.id, step)
    after = {id: [name for name in step.depends_on if name in first] for id, step in first.items()}
    for id, step in first.items():
        if step.fallback in after:
            after[step.fallback].append(id)
    return {id: tuple(dict.fromkeys(names)) for id, names in after.items()}


def fallbacks(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """For each step that is a fallback, the steps it stands in for."""
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if step.fallback is not None:
            found[step.fallback] = (*found.get(step.fallback, ()), step.id)
    return found


def upstream(after: After) -> dict[str, frozenset[str]]:
    """For each step all those that come before it, however far. Circles do no harm."""
    found: dict[str, frozenset[str]] = {}
    for row in levels(after):
        for id in row:
            found[id] = frozenset(after[id]).union(*(found[name] for name in after[id]))
    return {id: found[id] if id in found else frozenset(_walk(after, id)) for id in after}


def dependents(after: After, id: str) -> tuple[str, ...]:
    """The steps that come after ``id``, however far, in the order of the file."""
    behind: dict[str, list[str]] = {name: [] for name in after}
    for name, names in after.items():
        for before in names:
            behind.setdefault(before, []).append(name)
    found = _walk(behind, id)
    return tuple(name for name in after if name in found)


def levels(after: After) -> tuple[tuple[str, ...], ...]:
    """The steps in rows: each as early as those before it allow. Steps in a circle are left out."""
    waiting = {id: len(set(names)) for id, names in after.items()}
    behind: dict[str, list[str]] = {id: [] for id in after}
    for id, names in after.items():
        for before in set(names):
            behind[before].append(id)
    rows = []
    row = [id for id, count in waiting.items() if not count]
    order = {id: number for number, id in enumerate(after)}
    while row:
        rows.append(tuple(row))
        freed = []
        for before in row:
            for id in behind[before]:
                waiting[id] -= 1
                if not waiting[id]:
                    freed.append(id)
        row = sorted(freed, key=order.__getitem__)
    return tuple(rows)


def circles(after: After) -> tuple[tuple[str, ...], ...]:
    """One circle of each knot of steps that wait for each other, written out: ``(a, b, c, a)``.

    Each step in it waits for the next one. A circle begins with the knot's first step in the order of the
    file and takes the shortest way round.
    """
    behind: dict[str, list[str]] = {id: [] for id in after}
    for id, names in after.items():
        for before in names:
            behind[before].append(id)
    settled = {id for row in levels(after) for id in row}
    found = []
    for id in after:
        if id not in settled and (way := _way_round(after, id)):
            found.append(way)
            # The rest of the knot is what is both before and after this step.
            settled |= _walk(behind, id) & _walk(after, id)
    return tuple(found)


def never_run(steps: Sequence[Step], never: Set[str], reads_status: Mapping[str, Set[str]]) -> dict[str, str]:
    """The steps that nothing can ever start, each with the id of the step that is the cause.

    Args:
        steps: all steps.
        never: ids of steps whose ``when`` is never true. They are not in the answer themselves.
        reads_status: for a step the steps whose ``status`` its ``when`` reads; these do not hold it up.
    """
    stands_for = fallbacks(steps)
    cause: dict[str, str] = {}
    dead = set(never)
    changed = True
    while changed:
        changed = False
        for step in steps:
            if step.id in dead:
                continue
            minded = [name for name in step.depends_on if name not in reads_status.get(step.id, ())]
            stopped = next((name for name in minded if name in dead), None)
            owners = stands_for.get(step.id, ())
            if stopped is None and owners and all(name in dead for name in owners):
                stopped = owners[0]
            if stopped is not None:
                cause[step.id] = stopped
                dead.add(step.id)
                changed = True
    return cause


def _walk(edges: After, start: str) -> set[str]:
    """What can be reached from ``start``; itself only where a way leads back to it."""
    seen: set[str] = set()
    left = list(edges.get(start, ()))
    while left:
        id = left.pop()
        if id not in seen:
            seen.add(id)
            left.extend(edges.get(id, ()))
    return seen


def _way_round(edges: After, start: str) -> tuple[str, ...]:
    """The shortest way from ``start`` back to it; empty where there is none."""
    came_from: dict[str, str] = {}
    left = deque([start])
    while left:
        id = left.popleft()
        for following in edges.get(id, ()):
            if following == start:
                way = [start, id]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if following not in came_from:
                came_from[following] = id
                left.append(following)
    return ()
