"""The page that lists every key of the workbench, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode

from ...screens.approvals import ApprovalsScreen
from ...screens.jobs import JobsScreen
from ...screens.main import MainScreen
from ...screens.review import ReviewScreen
from ...screens.review_conflicts import ConflictScreen
from ...screens.review_list import ReviewListScreen
from ...screens.run_view import RunView
from ...widgets.agent_detail import AgentDetail
from ...widgets.approval_box import ApprovalBox
from ...widgets.approval_list import ApprovalList
from ...widgets.branch_list import BranchList
from ...widgets.changed_files import ChangedFiles
from ...widgets.conflict_view import ConflictView
from ...widgets.diff_view import DiffView
from ...widgets.execution_list import ExecutionList
from ...widgets.explorer import Explorer
from ...widgets.history_graph import GraphView
from ...widgets.jobs_list import JobsList
from ...widgets.receipt_view import ReceiptView
from ...widgets.run_form import RunForm
from ...widgets.run_log import RunLog
from ...widgets.step_list import StepList
from ...widgets.step_timeline import StepTimeline
from ...widgets.text_detail import TextDetail
from ...widgets.workflow_detail import WorkflowDetail
from ...widgets.workflow_graph import WorkflowGraph
from .app import WorkbenchApp

HEAD = """\
# The keys of the workbench

Made from the code by `make docs`; a test fails when it is stale. `ctrl+p` finds every action by name, `?`
shows the keys of the pane that has the focus, and the line at the bottom shows those that act now. The mouse
works everywhere.
"""

PLACES: tuple[tuple[str, type[DOMNode]], ...] = (
    ("Everywhere", WorkbenchApp),
    ("Workbench", MainScreen),
    ("Explorer", Explorer),
    ("Executions", ExecutionList),
    ("An agent", AgentDetail),
    ("A workflow", WorkflowDetail),
    ("A file", TextDetail),
    ("The form before a run", RunForm),
    ("A run", RunView),
    ("Its steps", StepList),
    ("Its graph", WorkflowGraph),
    ("Its log", RunLog),
    ("Its timeline", StepTimeline),
    ("What it asks", ApprovalBox),
    ("Its receipt", ReceiptView),
    ("Everything that waits for you", ApprovalsScreen),
    ("Its list", ApprovalList),
    ("The queue", JobsScreen),
    ("Its jobs", JobsList),
    ("The branches to review", ReviewListScreen),
    ("Their list", BranchList),
    ("Their history", GraphView),
    ("A review", ReviewScreen),
    ("Its files", ChangedFiles),
    ("Its changes", DiffView),
    ("A merge with conflicts", ConflictScreen),
    ("Its conflicts", ConflictView),
)


def keys_page() -> str:
    """Markdown with a table of keys for each place."""
    return "\n".join([HEAD, *(_section(title, place) for title, place in PLACES)]).rstrip() + "\n"


def _section(title: str, place: type[DOMNode]) -> str:
    lines = [f"## {title}", "", "| key | what it does |", "| --- | --- |"]
    for one in _own_bindings(place):
        keys = one.key_display or " ".join(f"`{key.strip()}`" for key in one.key.split(","))
        lines.append(f"| {keys if '`' in keys else f'`{keys}`'} | {one.tooltip} |")
    return "\n".join([*lines, ""])


def _own_bindings(place: type[DOMNode]) -> Iterator[Binding]:
    """The bindings of a class and its bases of ours; Textual's own scrolling keys have no tooltip."""
    for base in place.__mro__:
        for one in vars(base).get("BINDINGS", ()):
            if isinstance(one, Binding) and one.tooltip:
                yield one
