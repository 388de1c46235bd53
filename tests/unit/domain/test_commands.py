"""What a command that is written on one line means."""

from __future__ import annotations

import pytest

from paracle.app.domain.commands import words_of
from paracle.app.domain.secrets import looks_secret


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pytest -q", ("pytest", "-q")),
        ("pytest -k 'a or b'", ("pytest", "-k", "a or b")),
        ("a && b", ("sh", "-c", "a && b")),
        ("ls *.py", ("sh", "-c", "ls *.py")),
        ("CI=1 npm test", ("sh", "-c", "CI=1 npm test")),
        ("a\nb\n", ("sh", "-c", "a\nb\n")),
        ("tool --key=value", ("tool", "--key=value")),
        ("./a=b", ("./a=b",)),
    ],
)
def test_a_shell_reads_only_what_needs_one(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("text", ["", " \n", "a 'b", "a \\", "a\0b"])
def test_what_cannot_be_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it|quote"):
        words_of(text)


@pytest.mark.parametrize(
    "name", [".env", "A/.ENV", ".env.local", "prod.env", "x.PEM", "tls/server.key", "id_ed25519", ".netrc"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", [".env.example", "id_rsa.pub", "environment.yaml", "keys.py", ".env/readme"])
def test_other_names_are_not_taken_for_secrets(name: str) -> None:
    assert not looks_secret(name)
