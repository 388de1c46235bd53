"""Where a remote repository lives, read from its address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

from .errors import UsageError

_SCP = re.compile(r"(?:[^@/:\s]+@)?(\[[^\]]+\]|[^/:\s]+):(?!/)(.+)")
_SCHEMES = {"http", "https", "ssh", "git", "git+ssh"}


class ForgeKind(StrEnum):
    """The programming interface that a forge has."""

    GITHUB = "github"
    GITLAB = "gitlab"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Forge:
    """A project on a forge.

    Attributes:
        host: Its name, with a port where the web address has one; never with a user or a password.
        project: ``owner/name``, on GitLab with any number of groups.
        named: Whether the person said what kind it is. A token goes to no host on the strength of a guess.
    """

    kind: ForgeKind
    host: str
    project: str
    scheme: str = "https"
    named: bool = False

    @property
    def web(self) -> str:
        """The project's page."""
        return f"{self.scheme}://{self.host}/{quote(self.project)}"

    @property
    def api(self) -> str:
        """Where its programming interface begins; always encrypted, since a token goes there."""
        if self.kind is ForgeKind.GITLAB:
            return f"https://{self.host}/api/v4"
        if self.host == "github.com":
            return "https://api.github.com"
        if self.host.endswith(".ghe.com"):
            return f"https://api.{self.host}"
        return f"https://{self.host}/api/v3"

    def compare(self, target: str, branch: str) -> str:
        """The page on which a person can open the request; empty where its form is not known."""
        match self.kind:
            case ForgeKind.GITHUB:
                return f"{self.web}/compare/{quote(target, safe='')}...{quote(branch, safe='')}?expand=1"
            case ForgeKind.GITLAB:
                names = {"merge_request[source_branch]": branch, "merge_request[target_branch]": target}
                return f"{self.web}/-/merge_requests/new?{urlencode(names)}"
            case ForgeKind.OTHER:
                return ""


def read_forge(url: str, kind: str = "") -> Forge | None:
    """The forge behind a remote's address; ``None`` where it is a folder.

    Args:
        url: As git has it: a web address, ``ssh://…`` or ``git@host:path``.
        kind: What kind it is, where a person said so.

    Raises:
        UsageError: ``kind`` is none.
    """
    if kind and kind not in set(ForgeKind):
        raise UsageError(f"'{kind}' is not a kind of forge", hint=f"kinds: {', '.join(ForgeKind)}")
    found = _host_and_path(url.strip())
    if found is None:
        return None
    scheme, host, path = found
    project = path.strip("/").removesuffix(".git").strip("/")
    if "/" not in project or any(part in ("", ".", "..") for part in project.split("/")):
        return None
    guess = ForgeKind(kind) if kind else _guess(host)
    # GitHub answers on this name where the usual port of ssh is closed.
    host = "github.com" if host == "ssh.github.com" else host
    return Forge(guess, host, project, scheme, named=bool(kind))


def _host_and_path(url: str) -> tuple[str, str, str] | None:
    if "://" not in url:
        found = _SCP.fullmatch(url)
        # One letter before a colon is a drive, not a host.
        return ("https", found[1].lower(), found[2]) if found and len(found[1]) > 1 else None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return None
    is_web = parts.scheme in ("http", "https")
    # The port of ssh is not the one of the web address.
    host = f"{parts.hostname}:{port}" if port and is_web else parts.hostname
    return (parts.scheme if is_web else "https", host, parts.path)


def _guess(host: str) -> ForgeKind:
    if host in ("github.com", "ssh.github.com") or host.endswith(".ghe.com"):
        return ForgeKind.GITHUB
    if host == "gitlab.com" or host.startswith("gitlab."):
        return ForgeKind.GITLAB
    return ForgeKind.OTHER
