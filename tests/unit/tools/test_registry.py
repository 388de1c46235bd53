"""Names, schemas, arguments and results of tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paracle.app.domain.errors import NotFound, ToolError
from paracle.app.domain.specs import Permissions
from paracle.app.tools.base import Tool, ToolContext, ToolValue
from paracle.app.tools.registry import MAX_RESULT_BYTES, builtin_tools, call, schema_of, tool_names
from tests.unit.tools.kit import Kit

NAMES = {
    "edit_file",
    "list_files",
    "python_outline",
    "read_file",
    "run_command",
    "search",
    "todo_scan",
    "write_file",
}


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has after ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"
    return set(
        subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_every_built_in_tool_has_a_name_and_loads_under_it() -> None:
    tools = builtin_tools(sorted(tool_names()))

    assert set(tools) == NAMES
    assert all(tool.name == name for name, tool in tools.items())


def test_the_names_cost_neither_pydantic_nor_a_tool() -> None:
    loaded = loaded_after("from paracle.app.tools.registry import tool_names; assert tool_names()")

    assert "pydantic" not in loaded
    assert not {f"paracle.app.tools.{name}" for name in NAMES} & loaded


def test_only_the_tools_asked_for_are_loaded() -> None:
    loaded = loaded_after(
        "from paracle.app.tools.registry import builtin_tools; builtin_tools(['read_file'])"
    )

    assert {f"paracle.app.tools.{name}" for name in NAMES} & loaded == {"paracle.app.tools.read_file"}
    assert "pathspec" not in loaded


def test_an_unknown_tool_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(NotFound) as caught:
        builtin_tools(["read_fil"])

    assert caught.value.hint == "did you mean 'read_file'?"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_schema_describes_each_parameter_and_allows_no_other(name: str) -> None:
    schema = schema_of(builtin_tools([name])[name])

    assert schema.name == name
    assert schema.description.endswith(".")
    assert schema.parameters["type"] == "object"
    assert schema.parameters["additionalProperties"] is False
    assert all(field["description"] for field in schema.parameters["properties"].values())


def test_only_tools_that_change_files_are_marked_as_writing() -> None:
    tools = builtin_tools(tool_names())

    assert {name for name, tool in tools.items() if tool.writes} == {"edit_file", "run_command", "write_file"}
    assert {name for name, tool in tools.items() if not tool.idempotent} == {"edit_file", "run_command"}


async def test_arguments_that_do_not_fit_are_named_one_by_one(kit: Kit) -> None:
    with pytest.raises(ToolError) as caught:
        await kit.call("read_file", pth="a", start="many", limit=0)

    error = caught.value
    assert error.title == "The arguments of read_file do not fit"
    assert "'path' is missing" in error.detail
    assert "'pth' is unknown, did you mean 'path'?" in error.detail
    assert "'start' should be a valid integer" in error.detail
    assert "got 'many'" in error.detail
    assert "'limit' should be greater than or equal to 1, got 0" in error.detail
    assert error.hint == "read_file takes: path, start (optional), limit (optional)"


async def test_what_the_operating_system_says_comes_in_words(kit: Kit) -> None:
    with pytest.raises(ToolError) as caught:
        await kit.call("read_file", path="missing.txt")

    assert caught.value.title == "'missing.txt' does not exist"
    assert caught.value.hint


class Nothing(ToolValue):
    pass


class Long(ToolValue):
    text: str


class Talkative(Tool[Nothing, Long]):
    name = "talkative"
    description = "Says more than fits."
    params_type = Nothing
    result_type = Long

    async def run(self, params: Nothing, context: ToolContext) -> Long:
        return Long(text="x" * MAX_RESULT_BYTES)

    def summary(self, params: Nothing, result: Long) -> str:
        return "long"


class Full(Talkative):
    async def run(self, params: Nothing, context: ToolContext) -> Long:
        raise OSError(28, os.strerror(28), "big.bin")


async def test_a_result_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        await call(Talkative(), {}, ToolContext(tmp_path, Permissions(), print))

    assert caught.value.title == "The result of talkative is too large"
    assert "the most is 4.0 MiB" in caught.value.detail


async def test_no_operating_system_error_leaves_a_call_unexplained(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        await call(Full(), {}, ToolContext(tmp_path, Permissions(), print))

    assert caught.value.title == "'big.bin' cannot be written: the disk is full"
