"""The form that starts a run, made from what the agent or the workflow declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static, Switch

from ..app.domain.agents import ResolvedAgent
from ..app.domain.errors import UsageError
from ..app.domain.inputs import bind_inputs
from ..app.domain.workflows import ResolvedWorkflow
from ._plain import plain_line
from ._run_fields import FormField, InputField, SwitchField, TextField

AROUND = 5
"""Lines above and below the fields: description, error, buttons and the space between."""


class RunForm(Widget):
    """Asks for an agent's inputs, a task and a model.

    ``enter`` in a line of text runs; a value that does not fit is said at its field, which gets the cursor.
    """

    DEFAULT_CSS = """
    RunForm { height: 1fr; padding: 0 1; }
    RunForm #about { height: 1; color: $foreground-muted; margin: 0 0 1 0; }
    RunForm #about, RunForm #whole { text-wrap: nowrap; text-overflow: ellipsis; }
    RunForm VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
    RunForm #whole { height: 1; color: $text-error; display: none; }
    RunForm #whole.-wrong { display: block; }
    RunForm #buttons { height: 1; margin: 1 0 0 0; }
    RunForm Button { width: auto; min-width: 10; margin: 0 2 0 0; }
    """
    BINDING_GROUP_TITLE = "Run"
    HELP = """
    What the agent wants to know. `tab` goes to the next field, `enter` runs, `esc` goes back without running.
    Fields marked `*` are needed; lists are separated by commas; an empty model means the agent's own.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "submit", "Run", id="form.run", tooltip="Run the agent with these values"),
        Binding("escape", "cancel", "Back", id="form.cancel", tooltip="Go back without running"),
    ]

    @dataclass
    class Submitted(Message):
        """Run ``agent``, which is a workflow where ``is_workflow`` says so.

        ``inputs`` holds what differs from the defaults; ``model`` "" is the agent's own. ``with_changes``:
        begin with the person's files as they are, not with the last commit.
        """

        agent: str
        inputs: Mapping[str, Any]
        task: str
        model: str
        with_changes: bool = False
        is_workflow: bool = False

    @dataclass
    class Cancelled(Message):
        """Do not run after all."""

        agent: str

    def __init__(
        self,
        agent: ResolvedAgent | ResolvedWorkflow,
        models: tuple[str, ...] = (),
        *,
        in_repository: bool = False,
        id: str | None = None,
    ) -> None:
        """Make the form.

        Args:
            agent: The agent or workflow to run.
            models: Names to complete in the model's field.
            in_repository: The project is in a git repository, so that a run begins with the last commit
                unless the person wants their files as they are.
            id: The widget's id.
        """
        super().__init__(id=id)
        self.agent = agent
        self._models = models
        self._in_repository = in_repository

    def compose(self) -> ComposeResult:
        spec = self.agent.spec
        yield Static(plain_line(spec.description), id="about", markup=False)
        with VerticalScroll(can_focus=False):
            declared_task = spec.inputs.get("task")
            yield TextField(
                "task",
                placeholder=declared_task.description if declared_task else "what to do, in your words",
                required=declared_task is not None and declared_task.required,
            )
            for name, declared in spec.inputs.items():
                if name != "task":
                    yield InputField(name, declared)
            yield TextField("model", placeholder=self._own_model, suggestions=self._models)
            if self._in_repository:
                yield SwitchField("my changes", "Begin with your files as they are, committed or not.")
        yield Static(id="whole", markup=False)
        with Horizontal(id="buttons"):
            yield Button(Content("Run"), id="run", variant="primary", compact=True)
            yield Button(Content("Back"), id="back", compact=True)

    def on_mount(self) -> None:
        """Start where something has to be typed."""
        fields = list(self.query(FormField))
        needed = [field for field in fields if isinstance(field, InputField) and field.declared.required]
        first = needed[0] if needed and not self._needs_task else fields[0]
        first.control.focus(scroll_visible=False)

    def on_resize(self, event: events.Resize) -> None:
        """Let the fields scroll where they are too many, so that the buttons stay in sight."""
        self.query_one(VerticalScroll).styles.max_height = max(3, event.size.height - AROUND)

    def focus_first(self) -> None:
        """Put the cursor in the first field."""
        self.query(FormField).first().control.focus()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Switch.Changed)
    def _forgive(self, event: Message) -> None:
        """A field that is being mended is no longer wrong; it is looked at again on leaving it."""
        event.stop()
        for field in self.query(FormField):
            if field.has_class("-wrong") and field.has_focus_within:
                field.error = ""

    @on(Input.Blurred)
    def _check_on_leaving(self, event: Input.Blurred) -> None:
        event.stop()
        field = event.input.query_ancestor(FormField)
        # An empty field is only missing when the person wants to run.
        if isinstance(field, InputField) and event.value.strip():
            self._check(field)

    @on(Input.Submitted)
    def _submit_line(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "run":
            self.action_submit()
        else:
            self.action_cancel()

    def action_submit(self) -> None:
        """Run, or show what does not fit."""
        task, model = (field.text for field in self.query(TextField))
        values = self._values()
        if values is None:
            return
        try:
            bind_inputs(self._declared, values, task)
        except UsageError as error:
            self._refuse(error)
            return
        self._say("")
        with_changes = any(field.is_on for field in self.query(SwitchField))
        is_workflow = isinstance(self.agent, ResolvedWorkflow)
        self.post_message(self.Submitted(self.agent.name, values, task, model, with_changes, is_workflow))

    def action_cancel(self) -> None:
        """Go back without running."""
        self.post_message(self.Cancelled(self.agent.name))

    @property
    def _own_model(self) -> str:
        """Which model answers where none is given."""
        if isinstance(self.agent, ResolvedWorkflow):
            return "that of each step or agent, else the project's"
        model = self.agent.spec.model
        return f"{model} (the agent's)" if model else "the project's"

    @property
    def _declared(self) -> dict[str, tuple[Any, bool, Any]]:
        inputs = self.agent.spec.inputs
        return {name: (entry.parsed, entry.required, entry.default) for name, entry in inputs.items()}

    @property
    def _needs_task(self) -> bool:
        task = self.agent.spec.inputs.get("task")
        return task is not None and task.required

    def _values(self) -> dict[str, Any] | None:
        """What the person gave; None where a field is wrong, after saying so at each."""
        values: dict[str, Any] = {}
        wrong: list[InputField] = []
        for field in self.query(InputField):
            if not self._check(field):
                wrong.append(field)
                continue
            was_given, value = field.given()
            if was_given:
                values[field.field_name] = value
        if wrong:
            wrong[0].control.focus()
            return None
        return values

    def _check(self, field: InputField) -> bool:
        try:
            field.given()
        except UsageError as error:
            field.error = _sentence(error)
            return False
        field.error = ""
        return True

    def _refuse(self, error: UsageError) -> None:
        # All declared fields were looked at one by one, so this can only be the task.
        task = self.query(TextField).first()
        if self._needs_task and not task.text:
            task.error = "Say what to do."
            task.control.focus()
        else:
            self._say(_sentence(error))

    def _say(self, words: str) -> None:
        whole = self.query_one("#whole", Static)
        whole.update(f"✗ {words}" if words else "")
        whole.set_class(bool(words), "-wrong")


def _sentence(error: UsageError) -> str:
    return plain_line(" · ".join(filter(None, [error.title, error.detail, error.hint])))
