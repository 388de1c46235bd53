"""Identifiers of executions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from .errors import Conflict, NotFound

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u, so an id can be read aloud and typed."""

LENGTH = 10
SHORT = 4


def new_execution_id() -> str:
    """A random id of ten characters (50 bits).

    Random rather than ordered by time: the first four characters then tell
    two executions apart, which is what a person types.
    """
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(LENGTH))


def match_prefix(prefix: str, ids: Iterable[str]) -> str:
    """The one id that starts with ``prefix``.

    Raises:
        NotFound: no id does.
        Conflict: several do, and none equals it.
    """
    wanted = prefix.strip().lower()
    matches = sorted({candidate for candidate in ids if candidate.startswith(wanted)}) if wanted else []
    if wanted in matches:
        return wanted
    if not matches:
        raise NotFound(
            f"No execution starts with '{prefix}'", hint="'paracle runs list' shows those there are"
        )
    if len(matches) > 1:
        raise Conflict(
            f"'{prefix}' stands for {len(matches)} executions",
            detail=", ".join(matches[:8]),
            hint="type one more character",
        )
    return matches[0]


def shorten(identifier: str) -> str:
    """The first characters of an id, as lists show it."""
    return identifier[:SHORT]
