"""Docstrings as Markdown: paragraphs, the sections of Google's style, examples, literal blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .markdown import code, fenced, prose

_SECTION = re.compile(r"(?P<title>[A-Z][A-Za-z]*(?: [A-Za-z]+)?):\s*\Z")
_ITEM = re.compile(r"(?P<name>\*{0,2}[\w.\[\], ]+?)\s*(?:\((?P<kind>[^)]*)\))?:\s+(?P<text>.*)")
_BULLET = re.compile(r"([-*+•]|\d+[.)])\s+")
_SECTIONS = frozenset(
    {"Args", "Arguments", "Attributes", "Example", "Examples", "Keyword", "Methods", "Note", "Notes", "Other"}
    | {"Parameters", "Raises", "References", "Return", "Returns", "See", "Todo", "Usage", "Warning"}
    | {"Warnings", "Warns", "Yields"}
)
_OF_ONE_VALUE = frozenset({"Return", "Returns", "Yields"})


def body(docstring: object) -> str:
    """All of a docstring but its first paragraph, as Markdown; empty where there is no more."""
    blocks = list(_blocks(str(docstring).expandtabs().strip("\n")))[1:]
    return "\n\n".join(text for block in blocks if (text := _block(block)))


def _blocks(text: str) -> Iterator[list[str]]:
    """Runs of lines between blank lines; a section takes the indented blocks below it."""
    block: list[str] = []
    for line in text.splitlines():
        if line.strip():
            if (
                block
                and not block[-1]
                and not (line.startswith(" ") and (_titled(block) or block[0][:1] == " "))
            ):
                yield block
                block = []
            block.append(line.rstrip())
        elif block:
            block.append("")
    if block:
        yield block


def _titled(block: list[str]) -> str:
    found = _SECTION.match(block[0])
    return found["title"] if found and found["title"].split()[0] in _SECTIONS else ""


def _block(block: list[str]) -> str:
    while block and not block[-1]:
        block = block[:-1]
    if len(block) > 1 and (title := _titled(block)):
        return f"**{title}**\n\n{_section(title, _dedented(block[1:]))}"
    if block[0].startswith(">>> "):
        return fenced("\n".join(block), "python")
    if block[0].startswith(" "):
        return fenced("\n".join(_dedented(block)), "text")
    if _BULLET.match(block[0]):
        return _items(
            block, lambda line: bool(_BULLET.match(line)), lambda item: prose(_BULLET.sub("", item, 1))
        )
    if any(line.startswith("  ") for line in block) or re.match(r"[=+|~^\"'-]{3}", block[-1]):
        return fenced("\n".join(block), "text")
    return prose(re.sub(r"::$", ":", " ".join(block)))


def _section(title: str, lines: list[str]) -> str:
    if lines[0].startswith(">>> "):
        return fenced("\n".join(lines), "python")
    if title not in _OF_ONE_VALUE and _ITEM.match(lines[0]):
        return _items(lines, lambda line: bool(line) and not line.startswith(" "), _item)
    return "\n\n".join(_block(block) for block in _blocks("\n".join(lines)))


def _items(lines: list[str], begins: Callable[[str], bool], shown: Callable[[str], str]) -> str:
    items: list[list[str]] = []
    for line in lines:
        if begins(line) or not items:
            items.append([line])
        else:
            items[-1].append(line)
    return "\n".join(f"- {shown(' '.join(item))}" for item in items)


def _item(text: str) -> str:
    found = _ITEM.match(text)
    if found is None:
        return prose(text)
    kind = f" ({code(found['kind'])})" if found["kind"] else ""
    return f"{code(found['name'])}{kind}: {prose(found['text'])}"


def _dedented(lines: list[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return [line[margin:] for line in lines]
