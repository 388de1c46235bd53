"""The project as a tree: agents, workflows, playbooks, memory and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from ..app.domain.agents import AgentEntry
from ._explorer_rows import FILES, Item, Kind, Project, Row, rows
from ._keyed_tree import KeyedTree
from ._typed_filter import TypedFilter

if TYPE_CHECKING:
    from ..app.domain.workflows import WorkflowEntry

MOVE = Binding.Group("Move", compact=True)


@dataclass
class OfAgent(Message):
    """News of the agent ``name``."""

    name: str


@dataclass
class OfWorkflow(Message):
    """News of the workflow ``name``."""

    name: str


@dataclass
class OfPath(Message):
    """News of a file or folder."""

    path: str


class Explorer(TypedFilter, KeyedTree, can_focus=True):
    """Shows what a project holds; set its attributes, listen to its messages.

    ``agents``, ``workflows``, ``playbooks`` (names of agents that have one), ``memory`` (paths),
    ``running`` and ``running_workflows`` (names of those at work) are whole values; a new one is merged
    into the tree, so that cursor, scroll position and open folders stay. Files come folder by folder:
    :class:`FolderOpened` asks, :meth:`put_folder` answers.
    """

    DEFAULT_CSS = """
    Explorer > .explorer--group { text-style: bold; color: $foreground; }
    Explorer > .explorer--quiet { color: $foreground-muted; }
    Explorer > .explorer--running { color: $text-accent; }
    Explorer > .explorer--warning { color: $text-warning; }
    Explorer > .explorer--error { color: $text-error; }
    Explorer > .explorer--hovered { background: $block-hover-background; }
    Explorer > .explorer--cursor {
        background: $block-cursor-blurred-background; text-style: $block-cursor-blurred-text-style;
    }
    Explorer:focus > .explorer--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background;
        text-style: $block-cursor-text-style;
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "explorer--group",
        "explorer--quiet",
        "explorer--running",
        "explorer--warning",
        "explorer--error",
        "explorer--hovered",
        "explorer--cursor",
    }
    BINDING_GROUP_TITLE = "Explorer"
    HELP = """
    What this project holds. **Agents** do the work, **workflows** put it in order: `●` one is running,
    `✗` its file has errors, `⚠` warnings. **Files** open folder by folder. `/` narrows the tree as you
    type; `esc` shows everything again.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="explorer.down", tooltip="Next row", show=False, group=MOVE),
        Binding("up,k", "move(-1)", "Up", id="explorer.up", tooltip="Previous row", show=False, group=MOVE),
        Binding(
            "pagedown", "page(1)", "Page down", id="explorer.page-down", tooltip="On", show=False, group=MOVE
        ),
        Binding(
            "pageup", "page(-1)", "Page up", id="explorer.page-up", tooltip="Back", show=False, group=MOVE
        ),
        Binding("enter", "choose", "Choose", id="explorer.choose", tooltip="Go to what it is", show=False),
        Binding(
            "space",
            "open_or_close",
            "Toggle",
            id="explorer.toggle",
            tooltip="Open or close",
            show=False,
            group=MOVE,
        ),
        Binding(
            "l,right",
            "open",
            "Open",
            id="explorer.open",
            tooltip="Open the group or folder",
            show=False,
            group=MOVE,
        ),
        Binding(
            "h,left",
            "close",
            "Close",
            id="explorer.close",
            tooltip="Close it, or go to what holds it",
            show=False,
            group=MOVE,
        ),
        Binding(
            "g,home",
            "first",
            "First",
            id="explorer.first",
            tooltip="To the first row",
            show=False,
            group=MOVE,
        ),
        Binding(
            "G,end", "last", "Last", id="explorer.last", tooltip="To the last row", show=False, group=MOVE
        ),
    ]

    class AgentHighlighted(OfAgent):
        """The cursor came to an agent."""

    class AgentChosen(OfAgent):
        """Enter or a click on an agent."""

    class PlaybookHighlighted(OfAgent):
        """The cursor came to the playbook of the agent ``name``."""

    class WorkflowHighlighted(OfWorkflow):
        """The cursor came to a workflow."""

    class WorkflowChosen(OfWorkflow):
        """Enter or a click on a workflow."""

    class FileHighlighted(OfPath):
        """The cursor came to a file or a memory file; ``path`` as it was given."""

    class FileChosen(OfPath):
        """Enter or a click on a file or a memory file."""

    class FolderOpened(OfPath):
        """A folder was opened whose entries are not known. ``path`` is "" for the project's own folder."""

    agents: reactive[tuple[AgentEntry, ...]] = reactive((), init=False)
    workflows: reactive[tuple[WorkflowEntry, ...]] = reactive((), init=False)
    playbooks: reactive[tuple[str, ...]] = reactive((), init=False)
    memory: reactive[tuple[str, ...]] = reactive((), init=False)
    running: reactive[frozenset[str]] = reactive(frozenset(), init=False)
    running_workflows: reactive[frozenset[str]] = reactive(frozenset(), init=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._folders: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._opened: set[Item] = {Item(Kind.GROUP, "agents"), Item(Kind.GROUP, "workflows")}
        self._asked: set[str] = set()
        self._told: Item | None = None

    @property
    def opened_folders(self) -> tuple[str, ...]:
        """The folders whose entries have been asked for, to be put again when the disk changes."""
        return tuple(sorted(self._asked))

    def put_project(
        self,
        agents: tuple[AgentEntry, ...],
        playbooks: tuple[str, ...],
        memory: tuple[str, ...],
        workflows: tuple[WorkflowEntry, ...] = (),
    ) -> None:
        """Set the attributes of those names at once; one after the other is as many merges."""
        self.set_reactive(Explorer.workflows, workflows)
        self.set_reactive(Explorer.agents, agents)
        self.set_reactive(Explorer.playbooks, playbooks)
        self.set_reactive(Explorer.memory, memory)
        self._merge()

    def put_folder(self, path: str, folders: tuple[str, ...], files: tuple[str, ...]) -> None:
        """Give a folder's entries by name, in the order to show them; ``path`` "" is the project's own."""
        self._asked.add(path)
        self._folders[path] = (folders, files)
        self._merge()

    def select_agent(self, name: str) -> bool:
        """Move the cursor to an agent; false where it is not listed or filtered away."""
        agents = Item(Kind.GROUP, "agents")
        if agents not in self._opened and any(entry.name == name for entry in self.agents):
            self._opened.add(agents)
            self._merge()
        return self.to_item(Item(Kind.AGENT, name))

    def select_workflow(self, name: str) -> bool:
        """Move the cursor to a workflow; false where it is not listed or filtered away."""
        workflows = Item(Kind.GROUP, "workflows")
        if workflows not in self._opened and any(entry.name == name for entry in self.workflows):
            self._opened.add(workflows)
            self._merge()
        return self.to_item(Item(Kind.WORKFLOW, name))

    def on_mount(self) -> None:
        """Draw the groups, so that an empty project already shows what belongs in it."""
        self._merge()

    def watch_agents(self) -> None:
        self._merge()

    def watch_playbooks(self) -> None:
        self._merge()

    def watch_memory(self) -> None:
        self._merge()

    def watch_running(self) -> None:
        self._merge()

    def watch_workflows(self) -> None:
        self._merge()

    def watch_running_workflows(self) -> None:
        self._merge()

    def watch_filter(self) -> None:
        self._merge()
        if self.filter and (self.cursor_row is None or self.cursor_row.can_open):
            self._to_first_find()
        self.refresh_bindings()

    def cursor_came(self, item: Item) -> None:
        """Tell what the cursor is on. A refresh that moves its row to another line is no news."""
        if item == self._told:
            return
        self._told = item
        match item.kind:
            case Kind.AGENT:
                self.post_message(self.AgentHighlighted(item.key))
            case Kind.WORKFLOW:
                self.post_message(self.WorkflowHighlighted(item.key))
            case Kind.PLAYBOOK:
                self.post_message(self.PlaybookHighlighted(item.key))
            case Kind.MEMORY | Kind.FILE:
                self.post_message(self.FileHighlighted(item.key))
            case _:
                pass

    def chosen(self, row: Row) -> None:
        """Tell what was chosen."""
        if row.item.kind in (Kind.AGENT, Kind.PLAYBOOK):
            self.post_message(self.AgentChosen(row.item.key))
        elif row.item.kind is Kind.WORKFLOW:
            self.post_message(self.WorkflowChosen(row.item.key))
        elif row.item.kind in (Kind.MEMORY, Kind.FILE):
            self.post_message(self.FileChosen(row.item.key))

    def asked_to_open(self, row: Row, is_open: bool) -> None:
        """Open or close a group or folder. With a filter all that holds a find is open, and stays so."""
        item = row.item
        if self.filter:
            return
        (self._opened.add if is_open else self._opened.discard)(item)
        if is_open and (item == FILES or item.kind is Kind.FOLDER):
            self._ask("" if item == FILES else item.key)
        self._merge()

    def _merge(self) -> None:
        if self.is_running:
            project = Project(
                self.agents,
                self.workflows,
                self.playbooks,
                self.memory,
                self.running,
                self.running_workflows,
                self._folders,
            )
            self.merge(rows(project, self._opened, self.filter))

    def _ask(self, folder: str) -> None:
        if folder not in self._asked:
            self._asked.add(folder)
            self.post_message(self.FolderOpened(folder))

    def _to_first_find(self) -> None:
        for line, row in enumerate(self.shown):
            if not row.can_open:
                self.to_line(line)
                return
