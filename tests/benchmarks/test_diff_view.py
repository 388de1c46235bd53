"""A large diff, without a terminal: read, opened, walked through, by itself and in the workbench."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter, thread_time

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.geometry import Region
from textual.strip import Strip

from paracle.app.domain.diff_text import parse_diff
from paracle.app.domain.diffs import FileDiff
from paracle.screens import collector, review_panes
from paracle.widgets.diff_view import DiffView
from tests.benchmarks.conftest import Figure
from tests.support.reviewing import reviewing
from tests.support.studio import Studio, commands, says

LINES = 50_000
CHANGE = """\
import pathlib, re
for path in pathlib.Path("package").glob("*.py"):
    text = re.sub(r"{value} of (\\d+)", r"{value + \\1} of {self.name}", path.read_text())
    path.write_text(text.replace('return f"', 'return f"the '))
"""
KEYS = (
    *("down",) * 6, "pagedown", "pagedown", "J", "J", "K", "pageup", "space", "end", "up", "pageup", "home",
    "right", "left", "f", "F", "pagedown", "l", "down", "escape", "J",
)  # fmt: skip


def large_diff(hunk: int) -> bytes:
    """Edits all over 20 files of Python, in hunks of so many lines."""
    out: list[str] = []
    for number in range(20):
        name = f"package/module_{number}.py"
        out += [f"diff --git a/{name} b/{name}", "index 1..2 100644", f"--- a/{name}", f"+++ b/{name}"]
        at = 1
        for _ in range(LINES // 20 // hunk):
            count = hunk // 5 * 4
            out.append(f"@@ -{at},{count} +{at},{count} @@ class Thing:")
            for line in range(hunk // 5):
                out += [
                    f"     def method_{line}(self, value: int) -> str:",
                    f'-        return f"value {{value}} of {line}"',
                    f'+        return f"the value {{value + {line}}} of {{self.name}}"',
                    "         # as it was before, and is still",
                    f"         self.other = [{line}, 'text', None]",
                ]
            at += count + 20
    return ("\n".join(out) + "\n").encode()


class Probe(DiffView):
    """Says when what a key did has been drawn."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.drawn = asyncio.Event()
        self.asked = False

    def render_lines(self, crop: Region) -> list[Strip]:
        lines = super().render_lines(crop)
        if self.asked:
            self.asked = False
            self.drawn.set()
        return lines

    async def latency(self, key: str) -> tuple[float, float]:
        """Seconds from a key press to the picture that shows its effect: on the clock, of the processor."""
        self.drawn.clear()
        begun, worked = perf_counter(), thread_time()
        self.app.post_message(Key(key, key if len(key) == 1 else None))
        await self.drawn.wait()
        return perf_counter() - begun, thread_time() - worked


def noted(action: Callable[..., None]) -> Callable[..., None]:
    """An action whose effect is waited for; some only post a message, so that a picture is asked for."""

    def act(probe: Probe, *arguments: object) -> None:
        action(probe, *arguments)
        probe.asked = True
        probe.refresh()

    return act


for name in ("move", "page", "edge", "shift", "hunk", "file", "judge", "lines", "stop_lines"):
    setattr(Probe, f"action_{name}", noted(getattr(DiffView, f"action_{name}")))


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Probe()


async def opened(probe: Probe, files: tuple[FileDiff, ...]) -> float:
    """Seconds until the first picture of a diff."""
    probe.drawn.clear()
    begun = perf_counter()
    probe.show(files)
    probe.asked = True
    await probe.drawn.wait()
    return perf_counter() - begun


async def walk(probe: Probe) -> list[tuple[float, float]]:
    """Press all keys, time and again; gives the seconds that each took, as :meth:`Probe.latency` does."""
    measured = []
    for _ in range(8):
        for key in KEYS:
            measured.append(await probe.latency(key))
            await asyncio.sleep(0.005)
    return measured


def tell(figure: Figure, what: str, measured: Sequence[tuple[float, float]]) -> None:
    """The figures of a walk."""
    clock, processor = zip(*measured, strict=True)
    figure(f"{what}: key to repaint p95", quantiles(clock, n=20)[-1] * 1000, "ms", 50)
    figure(f"{what}: the same in processor time", quantiles(processor, n=20)[-1] * 1000, "ms", 50)
    figure(f"{what}: slowest of {len(measured)} keys", max(clock) * 1000, "ms", 150)
    figure(f"{what}: most processor time of a key", max(processor) * 1000, "ms", 150)


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize(("name", "size"), [("unified", (100, 40)), ("side by side", (160, 40))])
@pytest.mark.parametrize("hunk", [50, 2_500])
async def test_a_large_diff_opens_and_is_walked_through(
    figure: Figure, name: str, size: tuple[int, int], hunk: int
) -> None:
    data = large_diff(hunk)
    begun = perf_counter()
    files = parse_diff(data)
    parsing = perf_counter() - begun
    assert sum(len(one.texts) for file in files for one in file.hunks) == LINES
    host = Host()
    async with host.run_test(size=size) as pilot:
        probe = host.query_one(Probe)
        probe.focus()
        await pilot.pause()
        collector.begin()  # as the workbench does, whose collector this would be
        opening = await opened(probe, files)
        measured = await walk(probe)
    what = f"diff view, 50,000 lines in hunks of {hunk}, {name}"
    figure(f"{what}: parse", parsing * 1000, "ms", 300)
    figure(f"{what}: parse and open", (parsing + opening) * 1000, "ms", 300)
    tell(figure, what, measured)


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize(("name", "size"), [("unified", (120, 40)), ("side by side", (160, 40))])
async def test_a_run_with_a_large_diff_is_walked_through_in_its_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure, name: str, size: tuple[int, int]
) -> None:
    studio = Studio(tmp_path)
    run = await asyncio.to_thread(make_large_run, studio)
    monkeypatch.setattr(review_panes, "DiffView", Probe)
    async with reviewing(studio, run, size) as here:
        await here.see("merges cleanly")
        probe = here.app.screen.query_one(Probe)
        assert sum(len(one.texts) for file in probe.files for one in file.hunks) >= LINES
        measured = await walk(probe)
    tell(figure, f"review of 50,000 lines, {name}", measured)


def make_large_run(studio: Studio) -> str:
    """Let an agent change what :func:`large_diff` does, in hunks of some fifty lines; gives the run's id."""
    hunk = [line for line in large_diff(50).decode().splitlines()[5:55] if not line.startswith("+")]
    module = "\n".join([*(line[1:] for line in hunk), *["        pass"] * 8, ""]) * (LINES // 20 // 50)
    paths = {f"package__module_{number}_py": module for number in range(20)}
    studio.repo.commit("feat: modules", change_py=CHANGE, **paths)
    receipt, _ = studio.run(commands(sys.executable, "change.py"), says("Done."))
    return receipt.execution
