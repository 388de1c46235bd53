"""Conflicts of a waiting merge resolved, block by block or file by file, and each of it taken back.

The repository's lock must be held: the account of what was taken is read, changed and written back. What was
typed by hand is put on the stack before anything is written over it, and into the archive besides, where it
stays when the merge has long ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from ..domain.conflict_blocks import Side, replaced
from ..domain.conflicts import BY_HAND, taken_words
from ..domain.errors import Conflict, NotFound, UsageError
from ..domain.history import PendingMerge
from .archive import kept_commits
from .command import git
from .conflict_files import STAGES, blocks_at_first, blocks_now, texts_of
from .merge_file import merge_file, smudged
from .patches import contents
from .refs import move_refs, read_ref
from .scratch import Desk
from .snapshots import take_snapshot
from .takes import (
    LINK,
    SUBMODULE,
    Standing,
    Taken,
    Takes,
    Unresolved,
    keep_files,
    look_at,
    put_file,
    put_standing,
    read_stages,
    read_takes,
    write_stages,
    write_takes,
)

_STAGE_OF = {side: stage for stage, side in STAGES.items()}


async def take(desk: Desk, merge: PendingMerge, path: str, side: Side, block: int = 0) -> None:
    """Resolve a block of a file, or the whole file, as one side has it or with the lines of both.

    Args:
        block: its number as git left the file, from 1; 0 for the whole file.

    Raises:
        NotFound: the path was not in conflict, or has no such block.
        Conflict: the block is resolved already.
        Unresolved: it cannot be resolved like this.
    """
    takes = await asyncio.to_thread(read_takes, desk, merge)
    if path not in takes.first:
        raise NotFound(f"{path} is not in conflict", hint="'paracle git conflicts' lists what is")
    takes, before = await _noted(merge, takes, path)
    await _archive_typed(desk, merge, takes, path)
    if block:
        await _take_block(desk, merge, takes, path, side, block, before)
    else:
        await _take_file(desk, merge, takes, path, side)
    now = await _standing(merge, path)
    await keep_files(Path(merge.folder), {path: now})
    await write_takes(desk, merge, takes.pushed(Taken(path, side, block, before), now))


async def untake(desk: Desk, merge: PendingMerge) -> str:
    """Take back what was done last, a side taken or an edit by hand; gives it in words.

    Raises:
        NotFound: nothing was done yet.
    """
    takes = await asyncio.to_thread(read_takes, desk, merge)
    if takes.stack:
        takes, _ = await _noted(merge, takes, takes.stack[-1].path)
    if not takes.stack:
        raise NotFound("Nothing was taken yet", hint="'paracle git take PATH ours' takes a side")
    last = takes.stack[-1]
    await _archive_typed(desk, merge, takes, last.path)
    await put_standing(desk, merge, last.path, last.before)
    await write_takes(desk, merge, takes.popped())
    return taken_words(last.path, last.side, last.block)


async def keep_edits(desk: Desk, merge: PendingMerge) -> tuple[str, ...]:
    """Put what was edited by hand since on the stack; gives the paths."""
    takes = await asyncio.to_thread(read_takes, desk, merge)
    edited = await asyncio.to_thread(edited_paths, merge, takes)
    for path in edited:
        takes, _ = await _noted(merge, takes, path)
    if edited:
        await write_takes(desk, merge, takes)
    return edited


def edited_paths(merge: PendingMerge, takes: Takes) -> tuple[str, ...]:
    """The files that are not as the stack has them."""
    folder = Path(merge.folder)
    return tuple(
        path
        for path, known in takes.known.items()
        if not look_at(folder, path, merge.target_tip).has_same_file(known)
    )


async def _noted(merge: PendingMerge, takes: Takes, path: str) -> tuple[Takes, Standing]:
    """The stack with what was edited by hand at ``path``, and how the path stands."""
    now = await _standing(merge, path)
    known = takes.known[path]
    if now.has_same_file(known):
        return takes, now
    await keep_files(Path(merge.folder), {path: now})
    return takes.pushed(Taken(path, BY_HAND, 0, known), now), now


async def _standing(merge: PendingMerge, path: str) -> Standing:
    folder = Path(merge.folder)
    now = await asyncio.to_thread(look_at, folder, path, merge.target_tip)
    return Standing(now.mode, now.blob, (await read_stages(folder, path)).get(path, ()))


async def _archive_typed(desk: Desk, merge: PendingMerge, takes: Takes, path: str) -> None:
    """Keep what was typed at ``path`` since the last take, for it is about to be written over."""
    if takes.is_edited(path) and (snapshot := await take_snapshot(Path(merge.folder), desk.common)):
        # Under a name of its own: what an operation has kept goes again when it does not come about.
        (kept,) = kept_commits(f"{merge.id}-typed", {snapshot.commit: snapshot.commit})
        if await read_ref(desk.repository, kept.name) is None:
            await move_refs(desk.repository, [kept])


async def _take_block(
    desk: Desk, merge: PendingMerge, takes: Takes, path: str, side: Side, number: int, now: Standing
) -> None:
    if takes.kinds[path] != "text":
        hint = "take the whole file: 'paracle git take PATH ours'"
        raise UsageError(f"{path} has no blocks", hint=hint)
    folder, first = Path(merge.folder), takes.first[path]
    texts = await texts_of(folder, first)
    is_text = now.mode not in ("", LINK)
    content = await asyncio.to_thread((folder / path).read_bytes) if is_text else b""
    blocks = blocks_now(takes, path, content, texts)
    block = blocks.get(number)
    if block is None:
        left = f"still open: {', '.join(map(str, sorted(blocks))) or 'none'}"
        if number > len(blocks_at_first(takes, path, texts)):
            raise NotFound(
                f"{path} has no block {number}", detail=left, hint="'paracle git conflicts' lists them"
            )
        raise Conflict(
            f"Block {number} of {path} is resolved already",
            detail=left,
            hint="'paracle git take --undo' takes back what was done last",
        )
    await asyncio.to_thread(put_file, desk, merge, path, replaced(content, block, side), now.mode)


async def _take_file(desk: Desk, merge: PendingMerge, takes: Takes, path: str, side: Side) -> None:
    folder = Path(merge.folder)
    entries = takes.first[path].by_stage()
    if side == "both":
        await _take_both(desk, merge, path, entries)
    elif entry := entries.get(_STAGE_OF[side]):
        await write_stages(folder, path, [(*entry, "0")], merge.target_tip)
        await git(folder, "checkout-index", "--force", "--", path)
    else:
        await git(folder, "rm", "--quiet", "--force", "--ignore-unmatch", "--", path)


async def _take_both(
    desk: Desk, merge: PendingMerge, path: str, entries: Mapping[str, tuple[str, str]]
) -> None:
    if not {"2", "3"} <= entries.keys():
        raise Unresolved(f"{path} is on one side only", hint="take ours or theirs")
    if {LINK, SUBMODULE} & {mode for mode, _ in entries.values()}:
        raise Unresolved(f"{path} has no lines to put together", hint="take ours or theirs")
    folder = Path(merge.folder)
    texts = await contents(folder, [blob for _, blob in entries.values()])
    sides = {STAGES[stage]: texts[blob] for stage, (_, blob) in entries.items()}
    if any(b"\0" in text for text in sides.values()):
        raise Unresolved(f"{path} is binary, its lines cannot be put together", hint="take ours or theirs")
    content = await smudged(folder, path, await merge_file(sides, union=True))
    await asyncio.to_thread(put_file, desk, merge, path, content, entries["2"][0])
    await git(folder, "add", "--", path)
