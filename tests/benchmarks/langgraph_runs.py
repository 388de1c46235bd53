"""Runs graphs in LangGraph, some in a row for each line on stdin, and prints how many seconds one took.

Run by the interpreter of an environment of its own; see :mod:`tests.benchmarks.test_durable`.
"""

from __future__ import annotations

import operator
import sqlite3
import sys
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver  # type: ignore[import-not-found]
from langgraph.graph import END, START, StateGraph  # type: ignore[import-not-found]

CHAIN, FAN = 10, 100


class Values(TypedDict):
    """What flows through the graphs."""

    number: int
    found: Annotated[list[int], operator.add]


def chain() -> Any:
    """Each step after the one before."""
    graph = StateGraph(Values)
    names = [f"step{number}" for number in range(CHAIN)]
    for name in names:
        graph.add_node(name, lambda values: {"number": values["number"] + 1})
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph


def fan() -> Any:
    """All side by side."""
    graph = StateGraph(Values)
    for number in range(FAN):
        graph.add_node(f"step{number}", lambda values, number=number: {"found": [number]})
        graph.add_edge(START, f"step{number}")
        graph.add_edge(f"step{number}", END)
    return graph


def main(folder: Path) -> None:
    """Answer until there are no more lines."""
    connection = sqlite3.connect(folder / "checkpoints.db", check_same_thread=False)
    saver = SqliteSaver(connection)
    apps = {"chain": chain().compile(checkpointer=saver), "fan": fan().compile(checkpointer=saver)}
    threads = count()
    for line in sys.stdin:
        kind, runs = line.split()
        begun = perf_counter()
        for _ in range(int(runs)):
            thread = {"configurable": {"thread_id": str(next(threads))}}
            values = apps[kind].invoke({"number": 0, "found": []}, thread, durability="sync")
        seconds = perf_counter() - begun
        assert values["number"] == CHAIN if kind == "chain" else len(values["found"]) == FAN
        print(seconds / int(runs), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
