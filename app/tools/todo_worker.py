"""Finds notes such as ``TODO(ada): …``. Runs in a process of its own; see :mod:`.scan`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..domain.errors import ToolError
from ..domain.words import one_line
from .files import read_real
from .text import decode, unix_lines

MAX_FILE_BYTES = 4 * 1024 * 1024
_TAG = re.compile("TODO|FIXME|XXX|HACK")
_NOTE = re.compile(r"(?<!\w)(TODO|FIXME|XXX|HACK)(?!\w)(?:\(([^()]{0,100})\))?\s*[:-]?\s*(.*)")
_CLOSING = ("*/", "-->", "#}", "--%>")


def work(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each note in ``request["files"]``, link-free paths below ``request["root"]``."""
    root = Path(request["root"])
    for file in request["files"]:
        try:
            data = read_real(root, file, MAX_FILE_BYTES + 1)
        except (OSError, ToolError):
            continue
        if len(data) > MAX_FILE_BYTES:
            yield {"skipped": file}
            continue
        for number, text in _places(file, data):
            match = _NOTE.search(text)
            if match:
                yield {"path": file, "line": number, **_note(match)}


def _places(file: str, data: bytes) -> Iterator[tuple[int, str]]:
    """Line numbers and the texts that may hold a note: comments in Python, whole lines elsewhere."""
    decoded = decode(data)
    if decoded is None or not _TAG.search(decoded.text):
        return  # Most files hold none, and telling comments from code takes a while.
    if file.endswith((".py", ".pyi")):
        try:
            yield from list(_comments(data))
            return
        except (tokenize.TokenError, SyntaxError, ValueError):
            pass  # No Python after all: look at its lines as at any other text's.
    yield from enumerate(unix_lines(decoded.text), 1)


def _comments(data: bytes) -> Iterator[tuple[int, str]]:
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _note(match: re.Match[str]) -> dict[str, str]:
    text = match[3].strip()
    for closing in _CLOSING:
        text = text.removesuffix(closing).rstrip()
    return {"tag": match[1], "owner": (match[2] or "").strip(), "text": one_line(text, 300)}
