"""What is in conflict in a waiting merge: noted as git left it, and read as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..domain.conflict_blocks import (
    SIZE,
    Block,
    Side,
    free_size,
    is_binary,
    number_blocks,
    parse,
    stray_marker,
    tail_of,
)
from ..domain.conflicts import BY_HAND, ConflictBlock, ConflictFile, Kind, why_open
from ..domain.diffs import as_text
from ..domain.errors import GitError
from ..domain.history import PendingMerge
from ..domain.words import size as size_words
from .command import git
from .merge_file import merge_file, smudged
from .patches import contents
from .scratch import Desk
from .takes import (
    LINK,
    SUBMODULE,
    Stages,
    Standing,
    Takes,
    keep_files,
    look_at,
    put_file,
    read_stages,
    read_takes,
    sides_taken,
    write_takes,
)
from .worktrees import own_directory

STAGES: dict[str, Side] = {"1": "base", "2": "ours", "3": "theirs"}

LARGE = 4_000_000
"""Bytes from which on a file is decided as a whole: nobody reads its blocks."""

AROUND = 3
"""Lines of a file that are shown before and behind a block."""


async def note_conflicts(desk: Desk, merge: PendingMerge) -> None:
    """Write down how git has left the paths of a merge.

    Where a side's own text could be taken for markers, the file is written anew, with longer ones.
    """
    folder = Path(merge.folder)
    found = await read_stages(folder, unmerged=True)
    texts = await _texts(folder, found)
    sizes = await _sizes(folder, found)
    kinds: dict[str, Kind] = {}
    first: dict[str, Standing] = {}
    for path, stages in found.items():
        kinds[path] = _kind_of_entries(stages, texts)
        if kinds[path] == "text":
            kinds[path], sizes[path] = await _as_text(desk, merge, path, stages, texts, sizes[path])
        now = await asyncio.to_thread(look_at, folder, path, merge.target_tip)
        first[path] = Standing(now.mode, now.blob, stages)
    await keep_files(folder, first)
    odd = {path: size for path, size in sizes.items() if size != SIZE}
    await write_takes(desk, merge, Takes(kinds, odd, first, first, ()))


async def read_conflicts(desk: Desk, merge: PendingMerge) -> tuple[ConflictFile, ...]:
    """The files that were in conflict, as they are now, in the order of their paths."""
    folder = Path(merge.folder)
    takes = await asyncio.to_thread(read_takes, desk, merge)
    unmerged = await read_stages(folder, unmerged=True)
    stages = {path: standing.stages for path, standing in takes.first.items()}
    texts = await _texts(folder, stages)
    left = [takes.first[path].blob for path, kind in takes.kinds.items() if kind == "text"]
    texts |= await contents(folder, left) if left else {}
    files = []
    for path, kind in sorted(takes.kinds.items()):
        now = await asyncio.to_thread(look_at, folder, path, merge.target_tip)
        if kind == "text":
            content = await asyncio.to_thread(_content, folder, path, now)
            files.append(_text_file(takes, path, content, texts, is_open=path in unmerged))
        else:
            files.append(_whole_file(takes, path, now, texts, is_open=path in unmerged))
    return tuple(files)


def look_of(folder: Path, paths: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The times and sizes of files in a work tree and of its index: another value when one was written."""
    try:
        files = [own_directory(folder) / "index", *(folder / path for path in paths)]
    except GitError:
        return ()
    return tuple(_time_and_size(file) for file in files)


def _time_and_size(file: Path) -> tuple[int, int]:
    try:
        found = file.lstat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def blocks_at_first(takes: Takes, path: str, texts: Mapping[str, bytes]) -> tuple[Block, ...]:
    """The blocks of a file as git left it; the first one has number 1."""
    standing = takes.first[path]
    return parse(texts[standing.blob], takes.size(path), _tails(standing.stages, texts))


def blocks_now(takes: Takes, path: str, content: bytes, texts: Mapping[str, bytes]) -> dict[int, Block]:
    """The blocks that are still in a file, by their numbers."""
    first = blocks_at_first(takes, path, texts)
    now = parse(content, takes.size(path), _tails(takes.first[path].stages, texts))
    taken = sides_taken(takes, path, range(1, len(first) + 1))
    return dict(zip(number_blocks(first, now, taken), now, strict=True))


async def texts_of(folder: Path, standing: Standing) -> dict[str, bytes]:
    """The content of a path as git left it, and as each side has it, by the names of the blobs."""
    texts = await _texts(folder, {"": standing.stages})
    return texts | await contents(folder, [standing.blob])


def is_resolved(takes: Takes, path: str, folder: Path, like: str) -> bool:
    """Whether a file was changed since git left it and holds no marker any more."""
    now = look_at(folder, path, like)
    if not now.mode or now.has_same_file(takes.first[path]):
        return False
    return now.mode == LINK or not stray_marker((folder / path).read_bytes(), takes.size(path))


def _text_file(
    takes: Takes, path: str, content: bytes | None, texts: Mapping[str, bytes], *, is_open: bool
) -> ConflictFile:
    first = blocks_at_first(takes, path, texts)
    there = blocks_now(takes, path, content or b"", texts) if is_open else {}
    numbers = range(1, len(first) + 1)
    taken = sides_taken(takes, path, numbers)
    blocks = []
    for number in sorted({*numbers, *there}):
        if block := there.get(number):
            blocks.append(_open_block(number, block, content or b""))
        else:
            took = taken.get(number, BY_HAND)
            blocks.append(ConflictBlock(number, 0, 0, *_sides(first[number - 1]), took))
    stray = stray_marker(content or b"", takes.size(path)) if is_open else 0
    why = why_open("text", blocks, stray) if there or stray else ""
    if is_open and content is None:
        why = "the file is gone: a side has to be taken"
    return ConflictFile(
        path, "text", tuple(blocks), _has(takes.first[path].stages), why, 0 if there else stray
    )


def _open_block(number: int, block: Block, content: bytes) -> ConflictBlock:
    # One piece more than is wanted is the rest of the file, which is not looked at.
    lead = content[: block.start].rsplit(b"\n", AROUND + 1)[-AROUND - 1 : -1]
    trail = content[block.end :].split(b"\n", AROUND)[:AROUND] if block.end < len(content) else []
    return ConflictBlock(
        number, block.line, block.last, *_sides(block), lead=_lines(lead), trail=_lines(trail)
    )


def _sides(block: Block) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return _lines(block.ours), _lines(block.base or ()), _lines(block.theirs)


def _lines(lines: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(as_text(line.removesuffix(b"\n").removesuffix(b"\r")) for line in lines)


def _whole_file(
    takes: Takes, path: str, now: Standing, texts: Mapping[str, bytes], *, is_open: bool
) -> ConflictFile:
    kind, standing = takes.kinds[path], takes.first[path]
    entries = standing.by_stage()
    said = {STAGES[n]: _said(*entries[n], texts) if n in entries else ("(no such file)",) for n in STAGES}
    if kind == "mode":
        said |= {STAGES[n]: (f"mode {mode}", *said[STAGES[n]]) for n, (mode, _) in entries.items()}
    took = ""
    if not is_open:
        took = sides_taken(takes, path, [0]).get(0, BY_HAND)
        took = BY_HAND if takes.is_edited(path) else took
    elif now.mode and not now.has_same_file(standing):
        took = BY_HAND
    block = ConflictBlock(0, 0, 0, said["ours"], said["base"], said["theirs"], took)
    why = "" if took else why_open(kind, [block], 0)
    return ConflictFile(path, kind, (block,), _has(standing.stages), why)


def _said(mode: str, blob: str, texts: Mapping[str, bytes]) -> tuple[str, ...]:
    """What there is to say about a file as one side has it."""
    if mode == SUBMODULE:
        return (f"submodule at {blob[:12]}",)
    content = texts.get(blob)
    if content is None:
        return (f"more than {size_words(LARGE)}",)
    if mode == LINK:
        return (f"link to {as_text(content)}",)
    if is_binary(content):
        return (f"binary, {size_words(len(content))}",)
    return _lines(content.removesuffix(b"\n").split(b"\n"))


def _has(stages: Stages) -> tuple[Side, ...]:
    return tuple(STAGES[stage] for _, _, stage in stages if stage in STAGES)


def _tails(stages: Stages, texts: Mapping[str, bytes]) -> dict[str, bytes]:
    found = {STAGES[stage]: tail_of(texts.get(blob, b"")) for _, blob, stage in stages}
    return {side: tail for side, tail in found.items() if tail}


async def _texts(folder: Path, found: Mapping[str, Stages]) -> dict[str, bytes]:
    """The content of all blobs in the index that are small enough to be looked at."""
    blobs = sorted({blob for stages in found.values() for mode, blob, _ in stages if mode != SUBMODULE})
    if not blobs:
        return {}
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    said = await git(folder, "cat-file", "--batch-check=%(objectsize)", stdin=asked)
    sizes = said.text.split("\n")
    small = [blob for blob, size in zip(blobs, sizes, strict=True) if size.isdigit() and int(size) <= LARGE]
    return await contents(folder, small) if small else {}


async def _sizes(folder: Path, paths: Iterable[str]) -> dict[str, int]:
    """The length of the markers that git writes into each file, which an attribute may change."""
    asked = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    said = await git(folder, "check-attr", "-z", "--stdin", "conflict-marker-size", stdin=asked)
    words = said.stdout.decode("utf-8", "surrogateescape").split("\0")
    found = dict(zip(words[0::3], words[2::3], strict=False))
    return {path: int(size) if size.isdigit() and int(size) else SIZE for path, size in found.items()}


def _kind_of_entries(stages: Stages, texts: Mapping[str, bytes]) -> Kind:
    entries = {stage: (mode, blob) for mode, blob, stage in stages}
    modes = {mode for mode, _ in entries.values()}
    if SUBMODULE in modes:
        return "submodule"
    if LINK in modes:
        return "link"
    if "2" not in entries or "3" not in entries:
        return "deleted" if "1" in entries and len(entries) == 2 else "rename"
    both = [texts.get(blob) for _, blob in entries.values()]
    if any(content is None for content in both):
        return "large"
    return "binary" if any(is_binary(content or b"") for content in both) else "text"


async def _as_text(
    desk: Desk,
    merge: PendingMerge,
    path: str,
    stages: Stages,
    texts: Mapping[str, bytes],
    size: int,
) -> tuple[Kind, int]:
    """Whether a file has blocks, and the length of its markers, which are made longer where they must be."""
    folder = Path(merge.folder)
    sides = {STAGES[stage]: texts[blob] for _, blob, stage in stages}
    free = free_size(sides.values(), size)
    if free != size:
        merged = await merge_file(sides, labels=_labels(merge), size=free)
        if not parse(merged, free):
            return _without_blocks(stages), size
        mode = (await asyncio.to_thread(look_at, folder, path, merge.target_tip)).mode
        await asyncio.to_thread(
            put_file, desk, merge, path, await smudged(folder, path, merged), mode or "100644"
        )
    now = await asyncio.to_thread(look_at, folder, path, merge.target_tip)
    content = await asyncio.to_thread(_content, folder, path, now) or b""
    return ("text" if parse(content, free) else _without_blocks(stages)), free


def _without_blocks(stages: Stages) -> Kind:
    """What conflicts in a file that git has put no markers into: a merge driver may have left it so."""
    return "mode" if len({mode for mode, _, stage in stages if stage != "1"}) > 1 else "binary"


def _labels(merge: PendingMerge) -> Sequence[str]:
    return merge.target.removeprefix("refs/heads/"), "base", merge.branch


def _content(folder: Path, path: str, now: Standing) -> bytes | None:
    """The bytes of a file; ``None`` where there is none."""
    return (folder / path).read_bytes() if now.mode and now.mode != LINK else None
