"""The patch of a request is killed at any moment: its file is the old one or the new one."""

import os
import signal
import sys
from pathlib import Path

from paracle.app.services import pull_requests
from paracle.app.services.pull_requests import Wanted
from tests.support.studio import Studio, says, writes

ACTS = frozenset({"subprocess.Popen", "open", "os.rename", "os.remove", "os.mkdir"})


def killed_at(moment: int, studio: Studio, patch: Path) -> bool:
    """Write the patch in a process that is killed at its ``moment``-th act; whether it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with studio.open() as here:
                count = 0

                def watch(event: str, _: object) -> None:
                    nonlocal count
                    if event not in ACTS:
                        return
                    count += 1
                    if count == moment:
                        os.kill(os.getpid(), signal.SIGKILL)

                sys.addaudithook(watch)
                pull_requests.create(here, "last", Wanted(patch=patch))
            code = 0
        finally:
            os._exit(code)  # nothing of the parent's may be run or closed here
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or not os.WEXITSTATUS(status)
    return os.WIFSIGNALED(status)


def test_a_patch_that_is_cut_off_leaves_the_old_file(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "studio")
    studio.run(writes("a.txt"), says("done"))
    patch = tmp_path / "asked.patch"
    with studio.open() as here:
        pull_requests.create(here, "last", Wanted(patch=patch))
    whole, before = patch.read_bytes(), studio.fingerprint()
    assert b"+words" in whole
    moment, killed = 0, True
    while killed:
        moment += 1
        patch.write_text("of yesterday\n")
        killed = killed_at(moment, studio, patch)
        assert patch.read_bytes() in (b"of yesterday\n", whole)
    assert patch.read_bytes() == whole
    assert moment > 5
    assert studio.fingerprint() == before
    assert not (tmp_path / ".asked.patch.part").exists()
