"""The table of sub-commands and the modules it names."""

import pytest

from paracle.app.cli.commands import ENTRIES, Entry, load

names = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@names
def test_every_command_of_the_table_loads(entry: Entry) -> None:
    assert load(entry).name == entry.name


@names
def test_the_table_describes_a_command_as_the_command_describes_itself(entry: Entry) -> None:
    described = (load(entry).help or "").strip()
    assert described.split("\n\n")[0].replace("\n", " ") == entry.help
