"""The keys that steer a run, whichever process drives it: pause, go on, stop, say, another model,
a command in its worktree.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType

from ..app.domain.errors import ParacleError
from ..app.domain.executions import Execution
from ..app.domain.states import State
from .main_runs import MODELS, RunActions
from .messages import ReviewRequested

if TYPE_CHECKING:
    from .run_asking import RunAsking

OTHER = ""
"""The answer that asks for a model's name to be typed; no model has an empty name."""

KNOWN_MODELS = 6
"""How many models that were used before are offered by a digit."""


class ControlActions(RunActions):
    """Acts on the run that is shown, or the one under the list's cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # One key, of which the state of the run shows one meaning.
        Binding("p", "pause_run", "Pause", id="main.pause", tooltip="Let no further call of this run begin"),
        Binding("p", "resume_run", "Go on", id="main.resume", tooltip="Let this paused run go on"),
        Binding(
            "p",
            "take_up_run",
            "Take up",
            id="main.take-up",
            tooltip="Go on with this interrupted run where its record ends",
        ),
        Binding("x", "stop_run", "Stop", id="main.stop", tooltip="Stop this run; its work is kept"),
        Binding(
            "m", "switch_model", "Model", id="main.model", tooltip="Let another model answer from here on"
        ),
        Binding("s", "say", "Say", id="main.say", tooltip="Tell the agent something for its next turn"),
        Binding(
            "exclamation_mark",
            "run_command",
            "Command",
            id="main.exec",
            key_display="!",
            show=False,
            tooltip="Run a command that the project allows in this run's worktree",
        ),
        Binding("d", "review", "Diff", id="main.review", tooltip="Review what this run changed"),
    ]

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; of those that share a key only one shows."""
        if not self.is_mounted:
            return True
        row = self._current_run
        if action in ("pause_run", "resume_run", "take_up_run") and action != _meaning_of_p(row):
            return False
        if action == "review" and not (row and row.totals.files):
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        row = self._current_run
        match action:
            case "pause_run" | "stop_run" | "say" | "switch_model" | "run_command" if row is None:
                return "no run is chosen"
            case "pause_run" if row is not None:
                return _why_not_pause(row)
            case "stop_run" if row is not None:
                stoppable = row.state.is_live or row.state is State.INTERRUPTED
                return "" if stoppable else f"{row.short} {row.state.predicate}"
            case "say" if row is not None:
                return _why_not_say(row)
            case "switch_model" if row is not None:
                return _why_not_steer(row)
            case "run_command" if row is not None:
                return _why_no_command(row)
        return super().why_not(action)

    # Actions

    def action_pause_run(self) -> None:
        """Let no further model or tool call of the run begin."""
        self._steer("pause")

    def action_resume_run(self) -> None:
        """Let a paused run go on."""
        self._steer("resume")

    def action_take_up_run(self) -> None:
        """Go on with an interrupted run, in this process."""
        self._steer("take up")

    def action_stop_run(self) -> None:
        """Stop the run; its branch keeps what it did."""
        self._steer("stop")

    def _steer(self, what: Literal["pause", "resume", "take up", "stop"]) -> None:
        if self._current_run is not None:
            # What has the focus now is what is meant, however long the other process takes to answer.
            self._steer_run(what, self._current_run)

    @work(thread=True, group="control", exit_on_error=False)
    def _steer_run(self, what: Literal["pause", "resume", "take up", "stop"], row: Execution) -> None:
        from ..app.services import control

        match what:
            case "pause":
                control.pause(self._workspace, row.id)
            case "resume":
                control.unpause(self._workspace, row.id)
            case "take up":
                control.take_up(self._workspace, row.id)
            case "stop":
                ended = control.stop(self._workspace, row.id)
                words = ended.state.predicate + ("" if ended.state is State.TERMINATED else " already")
                self.notify(f"{ended.short} {ended.agent} {words}; what it did is kept.", markup=False)

    async def action_say(self) -> None:
        """Ask for what the agent is to read at its next turn."""
        row = self._current_run
        if row is not None:
            asking = await self._asking_in(row)
            words = f"Say to {row.agent}; it reads this at its next turn"
            await asking.ask_for_text(words, partial(self._tell, asking, row, "say"))

    async def action_switch_model(self) -> None:
        """Ask which model is to answer from the next turn on."""
        from .review_bar import Option, Question

        row = self._current_run
        if row is None:
            return
        asking = await self._asking_in(row)
        options = [
            Option(str(number), name, name, current=name == row.model)
            for number, name in enumerate(self._models_for(row), 1)
        ]
        says = (
            ("What was said so far goes with it; the account is split between them.", "$foreground-muted"),
        )
        question = Question(
            f"Who answers {row.short} {row.agent} from its next turn on?",
            says,
            (*options, Option("o", "another one", OTHER)),
        )
        await asking.ask(question, partial(self._model_chosen, asking, row))

    def action_run_command(self) -> None:
        """Ask for a command that is to run in the run's worktree."""
        if self._current_run is not None:
            self._look_what_is_allowed(self._current_run)

    def action_review(self) -> None:
        """Review what the chosen run changed."""
        if self._current_run is not None:
            self.post_message(ReviewRequested(self._current_run.id))

    # What was asked

    async def _asking_in(self, row: Execution) -> RunAsking:
        """The place to ask in, at the foot of the run, which is shown for it."""
        await self._open_run(row)
        return self._content.run_view.asking

    @work(thread=True, group="control", exit_on_error=False)
    def _look_what_is_allowed(self, row: Execution) -> None:
        from ..app.services import by_hand

        self.call_later(self._ask_for_command, row, by_hand.allowed(self._workspace))

    async def _ask_for_command(self, row: Execution, allowed: tuple[str, ...]) -> None:
        asking = await self._asking_in(row)
        words = f"Run in the worktree of {row.short} {row.agent}. Allowed: {', '.join(allowed)}"
        await asking.ask_for_text(words, partial(self._tell, asking, row, "exec"), names=allowed)

    def _models_for(self, row: Execution) -> list[str]:
        """The run's own model, then those of the latest runs, and that which is always there."""
        used = (one.model for one in self._list.rows if one.kind == "agent")
        return list(dict.fromkeys([row.model, *used, "offline"]))[:KNOWN_MODELS]

    def _model_chosen(self, asking: RunAsking, row: Execution, name: str) -> None:
        if name != OTHER:
            self._tell(asking, row, "model", name)
            return
        names = [*self._models_for(row), *MODELS]
        words = f"The model that answers {row.short} {row.agent} from its next turn on"
        typed = partial(self._tell, asking, row, "model")
        self.call_later(asking.ask_for_text, words, typed, names=names)

    @work(thread=True, group="control", exit_on_error=False)
    def _tell(
        self, asking: RunAsking, row: Execution, what: Literal["say", "model", "exec"], text: str
    ) -> None:
        from ..app.services import by_hand, control

        try:
            match what:
                case "say":
                    control.say(self._workspace, row.id, text)
                case "model":
                    control.switch_model(self._workspace, row.id, text.strip())
                case "exec":
                    by_hand.begin(self._workspace, row.id, by_hand.words_of(text))
        except ParacleError as error:
            self.call_later(self._refused, asking, error)
        else:
            self.call_later(asking.close)

    def _refused(self, asking: RunAsking, error: ParacleError) -> None:
        if asking.is_open:
            asking.refuse(error)
        else:
            self.present_error(error)


def _meaning_of_p(row: Execution | None) -> str:
    match row and row.state:
        case State.PAUSED:
            return "resume_run"
        case State.INTERRUPTED:
            return "take_up_run"
    return "pause_run"


def _why_not_pause(row: Execution) -> str:
    match row.state:
        case State.RUNNING:
            return ""
        case State.QUEUED:
            return f"{row.short} has not begun"
        case State.WAITING:
            return f"{row.short} waits for your answer, and does nothing until then"
    return f"{row.short} {row.state.predicate}"


def _why_not_steer(row: Execution) -> str:
    if not row.state.is_live:
        return f"{row.short} {row.state.predicate}"
    return (
        f"{row.short} is a workflow, and several agents may be at work in it" if row.kind != "agent" else ""
    )


def _why_no_command(row: Execution) -> str:
    if row.state is State.QUEUED:
        return f"{row.short} has not begun, and has no worktree yet"
    has_worktree = row.state.is_live or row.state is State.INTERRUPTED
    return "" if has_worktree else f"{row.short} {row.state.predicate}, and its worktree is put away"


def _why_not_say(row: Execution) -> str:
    offline = f"{row.short} runs offline: its playbook reads no messages"
    return _why_not_steer(row) or (offline if row.model == "offline" else "")
