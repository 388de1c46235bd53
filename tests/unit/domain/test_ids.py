"""Identifiers, and the short forms a person types."""

import pytest

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.ids import ALPHABET, match_prefix, new_execution_id, shorten

IDS = ("7f3k000000", "7f3j000000", "9abc000000")


def test_new_ids_differ_and_can_be_read_aloud() -> None:
    made = {new_execution_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 10 and set(one) <= set(ALPHABET) for one in made)


@pytest.mark.parametrize("typed", ["9", " 9ABC ", "9abc000000"])
def test_a_unique_prefix_is_enough(typed: str) -> None:
    assert match_prefix(typed, IDS) == "9abc000000"


def test_a_prefix_of_several_is_refused_with_their_names() -> None:
    with pytest.raises(Conflict) as refused:
        match_prefix("7f3", IDS)
    assert "7f3j000000, 7f3k000000" in refused.value.detail


@pytest.mark.parametrize("typed", ["", "  ", "zz"])
def test_a_prefix_of_none_is_not_found(typed: str) -> None:
    with pytest.raises(NotFound):
        match_prefix(typed, IDS)


def test_an_id_that_begins_another_is_itself() -> None:
    assert match_prefix("7f3", ("7f3", "7f3k")) == "7f3"


def test_lists_show_four_characters() -> None:
    assert shorten("7f3k000000") == "7f3k"
