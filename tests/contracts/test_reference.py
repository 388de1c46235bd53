"""What is generated from the code says what the code says."""

from pathlib import Path

import pytest

from tests.support.reference import everything


@pytest.mark.parametrize("path", sorted(everything()))
def test_a_generated_page_is_up_to_date(checkout: Path, path: str) -> None:
    assert (checkout / path).read_text("utf-8") == everything()[path], "run: make docs"


def test_every_binding_of_the_workbench_is_described() -> None:
    page = everything()["tutorials/reference/keys.md"]
    assert "| `r` | Run this agent or workflow |" in page
    assert "| `ctrl+r` | Run the agent with these values |" in page
