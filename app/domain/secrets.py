"""Files whose names say that they hold secrets: the one list of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePath

SECRET_NAMES = (
    ".env", ".env.*", "*.env", ".envrc",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials", ".htpasswd",
    "credentials", "credentials*.json", "service-account*.json", "client_secret*.json",
    "secrets.*", ".secrets", ".secrets.*",
)  # fmt: skip
"""Globs over a file's name, upper and lower case alike."""

PLAIN_NAMES = ("*.example", "*.sample", "*.template", "*.dist", "*.pub")
"""Those that look like secrets and are made to be shared."""


def looks_secret(path: str | PurePath) -> bool:
    """Whether the name of a file says that it holds a secret; nothing is read."""
    name = PurePath(path).name.lower()
    if any(fnmatchcase(name, glob) for glob in PLAIN_NAMES):
        return False
    return any(fnmatchcase(name, glob) for glob in SECRET_NAMES)
