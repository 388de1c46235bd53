"""What the garbage collector need not look at again."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 10_000, 10, 100
"""So many new objects bring a look at them; each 10th look goes further back, each 100th of these to all."""


def settle() -> None:
    """Leave what is there now out of all later collections.

    A full collection passes over everything that was ever imported or mounted, a tenth of a second and
    more between two keys, and finds nothing: pages stay until the end. Frozen objects are still freed
    when nobody refers to them; only cycles among them are kept, so this is for moments at which something
    that stays has come, a handful in all. Does nothing unless the application froze what it began with.
    """
    if gc.isenabled() and gc.get_freeze_count():
        gc.set_threshold(YOUNG, MIDDLE, OLD)
        gc.freeze()
