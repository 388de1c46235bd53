"""Random sequences over a real repository: nothing is ever lost. `make soak` plays many more."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.sequences import Step, Template, World, steps


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        (home / ".gitconfig").write_text(
            "[user]\nname = Ada\nemail = a@example.org\n[init]\ndefaultBranch = main\n"
        )
        patch.setenv("HOME", str(home))
        return Template.make(tmp_path_factory.mktemp("template") / "past")


@pytest.mark.timeout(600)
@given(steps())
@settings(
    max_examples=500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_no_byte_is_lost_whatever_is_done_in_whatever_order(template: Template, sequence: list[Step]) -> None:
    with TemporaryDirectory() as folder, template.copy(Path(folder) / "past") as past:
        world = World(past)
        for step in sequence:
            world.do(step)
        world.finish()
