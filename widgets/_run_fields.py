"""One input of a run form: its label, its control, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Select, Static, Switch

from ..app.domain.errors import UsageError
from ..app.domain.inputs import coerce
from ..app.domain.specs import Input as Declared
from ._plain import plain_line


class FormField(Widget):
    """A labelled control and, below it, a line for its error that takes no room while there is none."""

    DEFAULT_CSS = """
    FormField { height: auto; }
    FormField Horizontal { height: auto; }
    FormField #label { width: 16; height: 1; padding: 0 1 0 0; text-wrap: nowrap; text-overflow: ellipsis; }
    FormField:focus-within #label { color: $text-accent; text-style: bold; }
    FormField #hint { height: auto; padding: 0 0 0 16; color: $foreground-muted; }
    FormField #error { height: auto; padding: 0 0 0 16; color: $text-error; display: none; }
    FormField.-wrong #error { display: block; }
    FormField.-wrong #hint { display: none; }
    FormField Input { width: 1fr; }
    FormField Select { width: 1fr; }
    FormField Switch { border: none; height: 1; padding: 0; background: transparent; }
    FormField Switch:focus { border: none; background-tint: $foreground 10%; }
    FormField #word { width: auto; padding: 0 0 0 1; color: $foreground-muted; }
    """

    def __init__(self, name: str, hint: str, required: bool, control: Widget) -> None:
        super().__init__()
        self.field_name = name
        self._hint = hint
        self._required = required
        self._control = control

    def compose(self) -> ComposeResult:
        star = Content.styled(" *", "$text-warning") if self._required else Content()
        with Horizontal():
            yield Static(Content(plain_line(self.field_name, 24)) + star, id="label")
            yield self._control
            if isinstance(self._control, Switch):
                yield Static(_word(self._control.value), id="word", markup=False)
        if self._hint:
            yield Static(plain_line(self._hint), id="hint", markup=False)
        yield Static(id="error", markup=False)

    @property
    def control(self) -> Widget:
        """What takes the keyboard."""
        return self._control

    @property
    def error(self) -> str:
        """What is wrong, empty while nothing is."""
        return str(self.query_one("#error", Static).content) if self.has_class("-wrong") else ""

    @error.setter
    def error(self, words: str) -> None:
        self.query_one("#error", Static).update(f"✗ {words}" if words else "")
        self.set_class(bool(words), "-wrong")

    def on_switch_changed(self, event: Switch.Changed) -> None:
        """Say the value beside the switch: its colour alone would not tell everyone."""
        self.query_one("#word", Static).update(_word(event.value))


class TextField(FormField):
    """A line of text that no spec declares: the task, the model."""

    def __init__(
        self, name: str, *, placeholder: str = "", suggestions: tuple[str, ...] = (), required: bool = False
    ) -> None:
        suggester = SuggestFromList(suggestions, case_sensitive=False) if suggestions else None
        control = Input(placeholder=plain_line(placeholder, 80), compact=True, suggester=suggester)
        super().__init__(name, "", required, control)

    @property
    def text(self) -> str:
        """What was typed, without white space around it."""
        return self.query_one(Input).value.strip()


class SwitchField(FormField):
    """A yes or no that no spec declares."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(name, hint, False, Switch(False, animate=False))

    @property
    def is_on(self) -> bool:
        """Whether it says yes."""
        return self.query_one(Switch).value


class InputField(FormField):
    """A control for an input that an agent declares."""

    def __init__(self, name: str, declared: Declared) -> None:
        self.declared = declared
        super().__init__(name, declared.description, declared.required, _control(declared))

    def given(self) -> tuple[bool, Any]:
        """Whether the person gave a value, and the value in its type.

        Raises:
            UsageError: what was typed does not fit, or nothing was and the input is required.
        """
        raw = self._raw()
        if raw is None:
            if self.declared.required:
                raise UsageError(f"Input '{self.field_name}' is needed")
            return False, None
        value = coerce(self.field_name, self.declared.parsed, raw)
        if self.declared.default is None:
            return True, value
        unchanged = value == coerce(self.field_name, self.declared.parsed, self.declared.default)
        return not unchanged, value

    def _raw(self) -> str | bool | None:
        control = self.control
        if isinstance(control, Switch):
            untouched = not control.value and self.declared.default is None and not self.declared.required
            return None if untouched else control.value
        if isinstance(control, Select):
            return None if control.is_blank() else str(control.value)
        assert isinstance(control, Input)
        return control.value if control.value.strip() else None


def _control(declared: Declared) -> Widget:
    kind, default = declared.parsed, declared.default
    if kind.choices:
        # Prompts are content: a choice named like markup stays what it is.
        options = [(Content(choice), choice) for choice in kind.choices]
        value = str(default) if default is not None else Select.NULL
        return Select(options, value=value, allow_blank=default is None, compact=True, prompt="choose")
    if kind.scalar == "bool" and not kind.is_list:
        return Switch(bool(default is not None and coerce("default", kind, default)), animate=False)
    if isinstance(default, list | tuple):
        written = ", ".join(map(str, default))
    else:
        written = "" if default is None else str(default)
    placeholder = f"{kind.scalar}, …" if kind.is_list else str(kind)
    return Input(written, placeholder=placeholder, compact=True)


def _word(value: bool) -> str:
    return "yes" if value else "no"
