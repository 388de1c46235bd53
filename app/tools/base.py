"""What a tool is: typed parameters, a typed result, and the folder it is confined to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ..domain.specs import Permissions


class ToolValue(BaseModel):
    """The base of all parameters and results: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
"""Several paths; a single text is a list of one, as people and models write it."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may work on.

    Args:
        root: The folder the execution is confined to. It exists; it may be a symlink.
        permissions: What the agent may do beyond reading.
        log: Takes one line of output without its line break, as it comes. It is called in the
            event loop's thread only; a tool that works in a thread hands its lines over first.
        variables: What the commands that it runs find in their environment, beside what every command does.
    """

    root: Path
    permissions: Permissions
    log: Callable[[str], None]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: ``value`` as plain JSON data and one short line for people."""

    value: Any
    summary: str


ParamsT = TypeVar("ParamsT", bound=ToolValue)
ResultT = TypeVar("ResultT", bound=ToolValue)


class Tool(ABC, Generic[ParamsT, ResultT]):
    """One thing an agent can do. A tool keeps no state: one instance serves every execution.

    Class attributes:
        name: What models and specs call it.
        description: What a model is told of it.
        writes: Whether it may change files, so that the engine commits after it.
        writes_path: Whether all that it writes is the file that its argument ``path`` names. What else
            writes may change anything, and nobody knows what before it has ended.
        idempotent: Whether doing it twice is the same as doing it once, so that recovery may
            repeat a call of which it does not know whether it happened.
        params_type, result_type: The models of what goes in and what comes out.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    writes: ClassVar[bool] = False
    writes_path: ClassVar[bool] = False
    idempotent: ClassVar[bool] = True
    params_type: ClassVar[type[ToolValue]]
    result_type: ClassVar[type[ToolValue]]

    def asks(self, permissions: Permissions) -> bool:
        """Whether these permissions let it run only after a person was asked."""
        return False

    @abstractmethod
    async def run(self, params: ParamsT, context: ToolContext) -> ResultT:
        """Do the work.

        Raises:
            ToolError: it cannot be done; the text says why and what to do instead.
            OutsideRoot: a path leads out of ``context.root``.
            ToolRefused: ``context.permissions`` do not allow it.
        """

    @abstractmethod
    def summary(self, params: ParamsT, result: ResultT) -> str:
        """The result in a few words for a list: ``14 modules``, ``+12, -3``, ``exit 0``."""


AnyTool = Tool[Any, Any]
