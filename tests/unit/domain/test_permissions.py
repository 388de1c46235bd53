"""Permissions only ever narrow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paracle.app.domain.specs import Answer, Permissions

GLOBS = st.lists(st.sampled_from(["**", "docs/**", "docs/api.md", "*.md", "src/**", "src/a/**"]), unique=True)
ANSWERS = st.sampled_from(list(Answer))
PERMISSIONS = st.builds(Permissions, write=GLOBS.map(tuple), shell=ANSWERS, network=ANSWERS)
ORDER = [Answer.DENY, Answer.ASK, Answer.ALLOW]


@given(PERMISSIONS, PERMISSIONS)
def test_a_child_never_gains_an_answer(parent: Permissions, child: Permissions) -> None:
    narrowed = parent.narrowed_by(child)
    assert ORDER.index(narrowed.shell) <= ORDER.index(parent.shell)
    assert ORDER.index(narrowed.network) <= ORDER.index(parent.network)
    assert set(narrowed.write) <= set(child.write)


@pytest.mark.parametrize(
    ("parent", "child", "kept"),
    [
        (["**"], ["a.md", "b/**"], ["a.md", "b/**"]),
        (["docs/**"], ["docs/api.md", "src/x.py"], ["docs/api.md"]),
        (["docs/**"], ["documents/x.md"], []),
        (["a.md"], ["a.md"], ["a.md"]),
        ([], ["a.md"], []),
    ],
)
def test_a_path_is_kept_where_the_parent_names_or_covers_it(
    parent: list[str], child: list[str], kept: list[str]
) -> None:
    narrowed = Permissions(write=tuple(parent)).narrowed_by(Permissions(write=tuple(child)))
    assert list(narrowed.write) == kept


def test_yes_and_no_of_yaml_are_understood() -> None:
    assert Permissions.model_validate({"shell": True, "network": False}) == Permissions(shell=Answer.ALLOW)


@pytest.mark.parametrize("glob", ["/etc/passwd", "../x", "docs/../../x", "~/x", ".."])
def test_a_glob_stays_below_the_project(glob: str) -> None:
    with pytest.raises(ValidationError, match="leads out of the project"):
        Permissions(write=(glob,))
