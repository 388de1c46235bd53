"""The parser's complaints in words a person can act on."""

from __future__ import annotations

SYNTAX_HINT = "check the indentation and the quotes of this line and the one above"

_LIST = ("a list in [ ] is not closed, or a comma is missing", "add the ']' or the ','")
_MAPPING = ("a mapping in { } is not closed, or a comma is missing", "add the '}' or the ','")
_INDENTED = ("the indentation does not fit the lines above", "indent lines of one list or mapping alike")

SYNTAX: dict[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": (
        "there is a ':' where none can be",
        "put text that holds ': ' in quotes, or correct the indentation",
    ),
    "could not find expected ':'": (
        "there is text that is neither 'key: value' nor part of a value",
        "write 'key: value', or indent it below its key",
    ),
    "found character that cannot start any token": (
        "no value can begin with this character",
        "put the text in quotes; indent with spaces, never with tabs",
    ),
    "found a tab character where an indentation space is expected": (
        "a tab is used to indent",
        "indent with spaces",
    ),
    "found a tab character that violates indentation": ("a tab is used to indent", "indent with spaces"),
    "found unexpected end of stream": ("a quoted text is not closed", "add the closing quote"),
    "found unexpected document indicator": ("a quoted text is not closed", "add the closing quote"),
    "found unexpected ':'": ("there is a ':' where none can be", "leave a space behind the ':' of a key"),
    "found unknown escape character": (
        "there is an unknown \\ escape in double quotes",
        "use single quotes around text with backslashes",
    ),
    "did not find expected ',' or ']'": _LIST,
    "did not find expected ',' or '}'": _MAPPING,
    "did not find expected node content": (
        "a value is missing here",
        "write the value, or close the bracket that is open",
    ),
    "did not find expected key": _INDENTED,
    "did not find expected '-' indicator": _INDENTED,
    "block sequence entries are not allowed in this context": (
        "a '- ' item cannot stand here",
        "put the list on lines of its own below the key",
    ),
    "did not find expected <document start>": (
        "there is text after the end of the document",
        "correct its indentation",
    ),
    "did not find expected alphabetic or numeric character": (
        "'*' and '&' have a meaning of their own in YAML",
        "put text that begins with one of them in quotes",
    ),
}
