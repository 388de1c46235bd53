"""Generated pages and schemas: where each is, and what it must say. Run as a module it writes them."""

from collections.abc import Callable
from pathlib import Path

from paracle.app.cli.reference import commands_page
from paracle.app.project.schema import as_text, schemas
from paracle.app.services.reference import fields_page, hooks_page, workflow_page
from paracle.app.tui.reference import keys_page

PAGES: dict[str, Callable[[], str]] = {
    "tutorials/reference/commands.md": commands_page,
    "tutorials/reference/keys.md": keys_page,
    "tutorials/reference/agent-files.md": fields_page,
    "tutorials/reference/workflow-files.md": workflow_page,
    "tutorials/reference/hook-files.md": hooks_page,
}


def everything() -> dict[str, str]:
    """Each generated file's path below the repository, and its text."""
    copies = {f"scaffolds/schemas/{kind}.json": as_text(schema) for kind, schema in schemas().items()}
    return {path: page() for path, page in PAGES.items()} | copies


def write(root: Path) -> None:
    """Write them all."""
    for path, text in everything().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path.cwd())
