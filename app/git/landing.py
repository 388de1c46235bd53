"""Moving refs for an operation: first kept, then moved from where they were expected, or not at all.

A branch that is checked out somewhere takes its work tree along, by git's own command, and only where nothing
there is in no commit. Every other ref moves with its keeping, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.errors import GitError
from ..domain.history import RefMove
from .archive import drop, kept
from .checkouts import Checkout, busy, follow, list_checkouts, obstacles
from .failures import explained
from .refs import move_refs, read_refs
from .scratch import Desk
from .tasks import to_the_end


async def blocked(desk: Desk, move: RefMove) -> str:
    """Why a branch cannot move now, in words; empty when it can."""
    for checkout in await _where(desk, move.name):
        if why := await obstacles(checkout, move.before or "", move.after or ""):
            return why
    return ""


async def land(
    desk: Desk, operation: str, moves: Sequence[RefMove], *, why: str, also: Sequence[RefMove] = (), hold: int
) -> None:
    """Move refs for an operation. The repository's lock must be held.

    Args:
        operation: Its id; what the refs were is kept under it.
        moves: The refs to move. At most one that is checked out, and only to another commit.
        why: What the refs' logs say.
        also: Refs that are made besides, to keep more.
        hold: The lock's descriptor: git keeps it, so that after a kill the next one waits for git's end.

    Raises:
        RefMoved: a ref is not where it was; nothing has changed.
        CheckoutBusy: a work tree cannot follow; nothing has changed.
        GitError: git could not write.
    """
    held = (hold,)
    along = [(move, checkout) for move in moves for checkout in await _where(desk, move.name)]
    _check(along)
    keeping = (*kept(operation, moves), *also)
    followed = {move.name for move, _ in along}
    others = [move for move in moves if move.name not in followed]
    with explained(desk.common, desk.common / "refs"):
        await move_refs(desk.repository, (*keeping, *others), why=why, hold=held)
        for move, checkout in along:
            try:
                await follow(checkout, str(move.before), str(move.after), hold=held)
            except (GitError, OSError):
                await to_the_end(drop(desk.repository, operation, hold=held))
                raise


async def _where(desk: Desk, name: str) -> list[Checkout]:
    checkouts = await list_checkouts(desk.repository, desk.common)
    return [checkout for checkout in checkouts if checkout.branch == name]


def _check(along: Sequence[tuple[RefMove, Checkout]]) -> None:
    for move, checkout in along:
        if move.before is None or move.after is None:
            raise busy(f"{move.short} is checked out in {checkout.folder}")
    if len(along) > 1:
        places = ", ".join(str(checkout.folder) for _, checkout in along)
        raise busy(f"{along[0][0].short} is checked out in several places: {places}")


async def states(desk: Desk, moves: Sequence[RefMove]) -> tuple[bool, bool]:
    """Whether all of ``moves`` are as before, and whether all are as after, them."""
    found = await read_refs(desk.repository, [move.name for move in moves])
    before = all(found[move.name] == move.before for move in moves)
    return before, all(found[move.name] == move.after for move in moves)
