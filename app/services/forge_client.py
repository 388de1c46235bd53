"""The few calls of GitHub and GitLab that a pull request takes, with the standard library.

A token is sent in a header to the forge's own address and nowhere else: redirects are not followed, and no
error repeats what was sent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..domain.errors import ExitCode, ParacleError
from ..domain.forges import Forge, ForgeKind
from ..domain.words import duration, one_line

SECONDS = 30.0
"""How long the forge may be silent."""

_MOST = 4 * 2**20
"""Bytes of an answer that are read."""

_WAIT = 60.0
"""Seconds to wait where a forge that is asked too often does not say how long."""


class ForgeError(ParacleError):
    """The forge did not do what it was asked."""

    code = "forge"


class ForgeUnreachable(ForgeError):
    """There was no answer."""

    code = "forge_unreachable"


class ForgeRefused(ForgeError):
    """The token is not valid, or does not allow it."""

    code = "forge_refused"
    exit_code = ExitCode.REFUSED


class RateLimited(ForgeError):
    """The forge was asked too often. ``retry_after`` is the wait in seconds."""

    code = "forge_rate_limit"

    def __init__(self, host: str, retry_after: float) -> None:
        super().__init__(
            f"{host} takes no more requests for now",
            detail=f"it asks to wait {duration(retry_after)}",
            hint="try again then; the branch is pushed already",
        )
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Opened:
    """A request on the forge: its page, and whether it is new."""

    address: str
    created: bool


class ForgeClient:
    """Opens pull requests on one forge. Each call blocks.

    Args:
        api: Where the programming interface begins, where that is not the forge's usual place.
        seconds: How long it may be silent.
    """

    def __init__(self, forge: Forge, token: str, *, api: str = "", seconds: float = SECONDS) -> None:
        self._forge = forge
        self._token = token
        self._api = (api or forge.api).rstrip("/")
        self._seconds = seconds
        self._opener = build_opener(_NoRedirect)

    def open_request(self, branch: str, target: str, title: str, body: str, *, draft: bool) -> Opened:
        """Open a request, or find the one that is open for the branch already.

        Raises:
            ForgeRefused, RateLimited, ForgeUnreachable, ForgeError: it was not opened.
        """
        if self._forge.kind is ForgeKind.GITLAB:
            return self._open_on_gitlab(branch, target, title, body, draft)
        return self._open_on_github(branch, target, title, body, draft)

    def _open_on_github(self, branch: str, target: str, title: str, body: str, draft: bool) -> Opened:
        path = f"/repos/{quote(self._forge.project)}/pulls"
        wanted = {"title": title, "head": branch, "base": target, "body": body, "draft": draft}
        status, answer = self._ask("POST", path, wanted, accept=(201, 422))
        if status == 201:
            return self._new(answer, "html_url")
        owner = self._forge.project.partition("/")[0]
        query = urlencode({"head": f"{owner}:{branch}", "base": target, "state": "open"})
        return self._existing(f"{path}?{query}", "html_url", answer)

    def _open_on_gitlab(self, branch: str, target: str, title: str, body: str, draft: bool) -> Opened:
        path = f"/projects/{quote(self._forge.project, safe='')}/merge_requests"
        wanted = {
            "source_branch": branch,
            "target_branch": target,
            "title": f"Draft: {title}" if draft else title,
            "description": body,
        }
        status, answer = self._ask("POST", path, wanted, accept=(201, 409))
        if status == 201:
            return self._new(answer, "web_url")
        query = urlencode({"source_branch": branch, "target_branch": target, "state": "opened"})
        return self._existing(f"{path}?{query}", "web_url", answer)

    def _new(self, answer: Any, field: str) -> Opened:
        if address := _text(answer, field):
            return Opened(address, True)
        raise ForgeError(
            f"{self._forge.host} did not say where the request is",
            detail="its answer has another form than expected",
            hint="look at the forge's page: the request may be there",
        )

    def _existing(self, path: str, field: str, refused: Any) -> Opened:
        """The open request for the branch; without one, what the forge had against a new one."""
        _, answer = self._ask("GET", path, None, accept=(200,))
        if isinstance(answer, list) and answer and (address := _text(answer[0], field)):
            return Opened(address, False)
        raise ForgeError(
            f"{self._forge.host} would not open the request",
            detail=self._words(refused),
            hint="the branch is pushed: open it on the forge's page, or mend what is named",
        )

    def _ask(
        self, method: str, path: str, data: Mapping[str, Any] | None, *, accept: tuple[int, ...]
    ) -> tuple[int, Any]:
        request = Request(f"{self._api}{path}", method=method, headers=self._headers())
        if data is not None:
            request.data = json.dumps(data).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                return self._answer(response.status, response.headers, response.read(_MOST), accept)
        except HTTPError as error:
            with error:
                return self._answer(error.code, error.headers, error.read(_MOST), accept)
        except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
            why = getattr(error, "reason", None) or error
            raise ForgeUnreachable(
                f"{self._forge.host} cannot be reached",
                detail=self._clean(str(why)) or type(error).__name__,
                hint="look at the network; the branch is pushed, so trying again is safe",
            ) from None

    def _answer(self, status: int, headers: Message, body: bytes, accept: tuple[int, ...]) -> tuple[int, Any]:
        try:
            answer = json.loads(body or b"null")
        except ValueError:
            answer = None
        if status in accept and answer is not None:
            return status, answer
        if status == 429 or (status == 403 and _is_limited(headers)):
            raise RateLimited(self._forge.host, _wait(headers))
        if status in (401, 403, 404):
            raise ForgeRefused(
                f"{self._forge.host} does not allow it",
                detail=f"{status}: {self._words(answer)}",
                hint=f"the token must be allowed to write requests in {self._forge.project}",
            )
        if 300 <= status < 400:
            raise ForgeError(
                f"{self._forge.host} says that the project has moved",
                detail=f"{status}; redirects are not followed with a token",
                hint="set the remote to the new address: git remote set-url",
            )
        raise ForgeError(
            f"{self._forge.host} failed",
            detail=f"{status}: {self._words(answer)}",
            hint="try again later; the branch is pushed",
        )

    def _headers(self) -> dict[str, str]:
        common = {"User-Agent": "paracle-workbench"}
        if self._forge.kind is ForgeKind.GITLAB:
            return {**common, "Accept": "application/json", "PRIVATE-TOKEN": self._token}
        return {
            **common,
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def _words(self, answer: Any) -> str:
        """What a forge says is wrong, on one line."""
        if not isinstance(answer, dict):
            return "it gave no reason that can be read"
        said = answer.get("message") or answer.get("error") or ""
        parts = said if isinstance(said, list) else [said]
        errors = answer.get("errors")
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict):
                parts = [*parts, error.get("message") or f"{error.get('field')} {error.get('code')}"]
        return self._clean("; ".join(str(part) for part in parts if part))

    def _clean(self, words: str) -> str:
        return one_line(words.replace(self._token, "…") if self._token else words, 300)


class _NoRedirect(HTTPRedirectHandler):
    """Leaves redirects to the caller: following one would take the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _is_limited(headers: Message) -> bool:
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _wait(headers: Message) -> float:
    """Seconds until asking again makes sense."""
    if words := headers.get("retry-after", ""):
        if words.isascii() and words.isdigit():
            return float(words)
        try:
            return max(0.0, parsedate_to_datetime(words).timestamp() - time.time())
        except ValueError:
            return _WAIT
    reset = headers.get("x-ratelimit-reset", "") or headers.get("ratelimit-reset", "")
    return max(0.0, float(reset) - time.time()) if reset.isascii() and reset.isdigit() else _WAIT


def _text(answer: Any, field: str) -> str:
    found = answer.get(field) if isinstance(answer, dict) else None
    return found if isinstance(found, str) else ""
