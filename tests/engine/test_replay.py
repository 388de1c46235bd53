"""A finished run, exported as a script, plays again to the same result."""

import pytest

from paracle.app.domain.conversation import Usage
from paracle.app.domain.errors import Conflict
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.services import runs
from paracle.app.services.exports import export_script
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, calls, commands, reads, says, writes

PLAYBOOK = """
tools: [list_files, write_file, edit_file, run_command]
permissions: {write: ['**'], shell: allow}
inputs: {names: {type: 'list[text]', default: [one, two]}}
playbook:
  - {tool: list_files, save: listed}
  - {write: 'out/{{ item }}.txt', text: '{{ item }} of {{ listed.files | length }}', for_each: inputs.names}
  - {tool: edit_file, with: {path: README.md, old: shop, new: 'café'}}
  - {tool: run_command, with: {argv: [sh, -c, 'printf "a\\0b" > data.bin; ln -s README.md link']}}
  - {say: 'wrote {{ inputs.names | join(" and ") }}'}
"""


def replay(studio: Studio, here: Workspace, original: Receipt) -> Receipt:
    """Export an execution and run the script."""
    path = studio.folder / "exported.yaml"
    path.write_text(export_script(here, here.store.execution(original.execution)), encoding="utf-8")
    return runs.start(here, original.agent, model=f"script:{path}").wait()


def tree(studio: Studio, receipt: Receipt) -> str:
    return studio.repo.git("rev-parse", f"{receipt.branch}^{{tree}}")


def test_an_offline_run_plays_again_to_the_same_tree(studio: Studio) -> None:
    studio.files.spec("player", PLAYBOOK)
    studio.repo.commit("player")
    studio.trust()
    with studio.open() as here:
        offline = runs.start(here, "player", {"names": "eins,zwei,drei"}, model="offline").wait()
        again = replay(studio, here, offline)
    assert offline.state is State.COMPLETED
    assert (offline.offline, again.offline) == (True, False)
    assert len(offline.commits) == len(again.commits) == 5
    assert tree(studio, again) == tree(studio, offline)
    assert again.files == offline.files
    assert (again.answer, again.tool_calls) == (offline.answer, offline.tool_calls)
    assert offline.answer == "wrote eins and zwei and drei"


@pytest.mark.parametrize("agent", ["reviewer", "documenter", "explainer"])
def test_the_built_in_agents_play_again_to_the_same_tree(studio: Studio, agent: str) -> None:
    with studio.open() as here:
        offline = runs.start(here, agent).wait()
        again = replay(studio, here, offline)
    assert offline.state is again.state is State.COMPLETED
    assert tree(studio, again) == tree(studio, offline)
    assert again.answer == offline.answer


def test_a_scripted_run_plays_again_with_its_usage_and_its_faults(studio: Studio) -> None:
    used = {"input_tokens": 7, "output_tokens": 3, "cost_usd": 0.01}
    with studio.open() as here:
        first = studio.start(
            here,
            {"rate_limit": {"retry_after": 0.001}},
            writes("a.txt", usage=used),
            {"malformed": "{oops"},
            calls(("read_file", {"path": "a.txt"}), ("read_file", {"path": "missing"}), text="Reading.\n"),
            commands("sh", "-c", "echo b > b.txt"),
            says("done: yes\n  # and no comment\n", usage=used),
        ).wait()
        again = replay(studio, here, first)
        third = replay(studio, here, again)
    assert first.usage == again.usage == third.usage == Usage(14, 6, 20_000)
    assert tree(studio, first) == tree(studio, again) == tree(studio, third)
    assert first.answer == again.answer == third.answer == "done: yes\n  # and no comment\n"


def test_a_failed_run_plays_again_to_the_same_failure(studio: Studio) -> None:
    with studio.open() as here:
        first = studio.start(here, writes("a.txt"), {"error": "The line went dead"}).wait()
        again = replay(studio, here, first)
    assert first.state is again.state is State.FAILED
    assert tree(studio, again) == tree(studio, first)
    assert again.error is not None and first.error is not None
    assert again.error["title"] == first.error["title"] == "The line went dead"


def test_a_run_that_goes_on_cannot_be_exported(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, reads("README.md"), says("never", delay=600))
        with pytest.raises(Conflict, match="cannot be exported") as refused:
            export_script(here, handle.execution)
        assert refused.value.hint
        handle.stop()
        path = studio.folder / "stopped.yaml"
        path.write_text(export_script(here, handle.execution))
        again = runs.start(here, "worker", model=f"script:{path}").wait()
    assert again.error is not None
    assert "stopped by the user" in str(again.error["title"])
