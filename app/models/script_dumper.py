"""How scripts are written as YAML: text of several lines as a literal block."""

from __future__ import annotations

from typing import Any

import yaml


class ScriptDumper(yaml.SafeDumper):
    """Indents lists below their key and never writes anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_OTHER_BREAKS = frozenset("\r\x85\u2028\u2029")
"""What YAML takes for a line break beside the usual one: only an escape keeps it as it is."""


def _represent_text(dumper: ScriptDumper, text: str) -> yaml.ScalarNode:
    style = None
    if not _OTHER_BREAKS.isdisjoint(text):
        style = '"'
    elif "\n" in text and not text[0].isspace():
        # A block needs text that begins plainly; the emitter falls back to quotes for the rest.
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


ScriptDumper.add_representer(str, _represent_text)
