"""Docstrings as Markdown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.docstrings import body

WHOLE = """\
Find a thing.

Uses ``ripgrep`` and :func:`~a.find` where *they*
are there.

Args:
    name: what to find,
        in any case.
    other (int): how often

Returns:
    A pair: the place and the text.

- one
- two
  more

Example::

    x = find("a")

>>> find("b")
None
"""

SHOWN = r"""Uses `ripgrep` and `a.find` where \*they\* are there.

**Args**

- `name`: what to find, in any case.
- `other` (`int`): how often

**Returns**

A pair: the place and the text.

- one
- two more

Example:

```text
x = find("a")
```

```python
>>> find("b")
None
```"""


def test_paragraphs_sections_lists_and_examples_are_kept_apart() -> None:
    assert body(WHOLE) == SHOWN


def test_a_docstring_of_one_paragraph_has_no_body() -> None:
    assert body("One sentence\nover two lines.") == ""


def test_a_table_stays_as_it_was_drawn() -> None:
    table = "x : int\n    The width.\ny : int\n    The height."
    assert body(f"Size.\n\n{table}") == f"```text\n{table}\n```"


@given(st.text(alphabet=st.sampled_from("XY: \n>`-*|_#()"), max_size=200))
def test_no_word_is_lost(text: str) -> None:
    shown = body("First.\n\n" + text)
    for letter in "XY":
        assert shown.count(letter) >= text.count(letter)
