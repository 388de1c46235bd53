"""What the garbage collector need not look at again, and when it looks."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 5_000, 4, 500
"""So many new objects bring a look at them; each 4th look goes further back, each 500th of these to all.

A look further back passes over 20,000 objects: a few milliseconds, where 100,000 would take over ten.
"""


def begin() -> None:
    """Turn the collector on; what is there now stays until the end, and is left out of all collections.

    As Python sets it up, a collection of everything comes with every few dozen keys and is felt as a pause
    between two of them; so far apart as here hardly one comes by itself. See :func:`tidy`.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()


def settle() -> None:
    """Leave what is there now out of all later collections.

    A full collection passes over everything that was ever imported or mounted, a tenth of a second and
    more between two keys, and finds nothing: pages stay until the end. Frozen objects are still freed
    when nobody refers to them; only cycles among them are kept, so this is for moments at which something
    that stays has come, a handful in all. Does nothing unless the application froze what it began with.
    """
    if gc.isenabled() and gc.get_freeze_count():
        gc.freeze()


def tidy() -> None:
    """Look through what came since: for moments at which something large has gone.

    With collections as far apart as here a closed page, whose parts refer to each other, would stay long.
    Takes some ten milliseconds, since all that stays is left out. Does nothing unless that was done.
    """
    if gc.isenabled() and gc.get_freeze_count():
        gc.collect()
