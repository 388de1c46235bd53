"""What holds for every test: a home of its own, and no way out to the network."""

import gc
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GIT_CONFIG = "[user]\n\tname = Ada Tester\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Measurements take long and judge nothing: they run only when they are named."""
    if collection_path == HERE / "benchmarks":
        return not any("benchmarks" in argument for argument in config.args)
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what could not be tested here."""
    if shutil.which("tmux") is None:
        terminalreporter.section("not tested", yellow=True)
        terminalreporter.write_line("tests/e2e/test_tmux.py: tmux is not installed")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's root. The tests of the wheel run from a copy elsewhere and are told."""
    return Path(os.environ.get("PARACLE_CHECKOUT", HERE.parent))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder with a git identity; state, configuration and caches live below it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text(GIT_CONFIG)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("PARACLE_STATE_DIR", str(folder / "state" / "paracle"))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def collector() -> Iterator[None]:
    """The garbage collector as the command begins with it: off, until the workbench has painted."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.disable()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        local = self.family not in (socket.AF_INET, socket.AF_INET6)
        if isinstance(address, tuple) and address[0] in ("127.0.0.1", "::1", "localhost"):
            local = True
        if not local:
            raise OSError(f"a test tried to reach {address!r}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield
