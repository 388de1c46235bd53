"""One agent's Markdown file, read and validated on its own: what *this* file says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from ..domain.errors import ProjectError
from ..domain.problems import Problem, Severity
from ..domain.specs import NAME, AgentSpec
from .frontmatter import Document, split
from .names import modern_name
from .source import finding, read_text
from .validate import validate
from .yamldoc import Node


class AgentFile(AgentSpec):
    """The front matter of one file. What is *set* is what the file holds, whatever its value."""

    name: str = Field("", description="Equal to the file's name; [a-z][a-z0-9-]*. May be left out.")
    add_tools: tuple[str, ...] = Field((), description="Tools added to the parent's.")
    remove_tools: tuple[str, ...] = Field((), description="Tools taken away from the parent's.")

    @model_validator(mode="before")
    @classmethod
    def _empty_is_set(cls, data: Any) -> Any:
        # 'tools:' with nothing behind it says "none", which a child may want to say of its parent's.
        if not isinstance(data, Mapping):
            return data
        return {key: _emptied(cls, key, value) for key, value in data.items()}

    @field_validator("inputs", mode="before")
    @classmethod
    def _bare_input(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: {} if item is None else item for name, item in value.items()}


def _emptied(model: type[AgentSpec], key: Any, value: Any) -> Any:
    if value is not None or key not in model.model_fields:
        return value
    return model.model_fields[key].get_default(call_default_factory=True)


@dataclass(frozen=True, slots=True)
class AgentSource:
    """What one file says, with positions. ``said`` is None where the file cannot be used."""

    name: str
    path: Path
    said: AgentFile | None
    matter: Node
    instructions: str
    instructions_line: int
    problems: tuple[Problem, ...]
    is_legacy: bool = False

    @property
    def fields_set(self) -> frozenset[str]:
        """The fields this file sets, by the names of the model."""
        return frozenset(self.said.model_fields_set) if self.said else frozenset()

    def with_problems(self, more: tuple[Problem, ...]) -> AgentSource:
        """The same with more problems."""
        return replace(self, problems=self.problems + more)

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Line and column of a value, or of the nearest thing around it."""
        node = self.matter.at(keys)
        return node.line, node.column

    def key_line(self, *keys: str | int) -> int:
        """The line of a key."""
        return self.matter.at(keys).key_line or self.matter.line


def load_agent(path: Path, inside: Iterable[Path], skills: frozenset[str]) -> AgentSource:
    """Read an agent's file. Nothing is raised: what is wrong with it is in ``problems``.

    Args:
        path: the Markdown file.
        inside: the folders a symbolic link may lead to.
        skills: the skills there are, which the older form of a spec is searched for.
    """
    name = modern_name(path.stem)
    try:
        text = read_text(path, inside=inside)
        document = split(text, path)
    except ProjectError as error:
        return _unusable(name, path, error.problems)
    if document.matter is not None:
        return _modern(name, path, document, document.matter)
    if _ROLE.search(document.body):
        return _legacy(name, path, document, skills)
    if not text.strip():
        problem = finding(path, "the file is empty", "'paracle agents new NAME' writes a spec to start from")
    else:
        message = "the file does not begin with front matter"
        hint = "put '---', the settings such as 'description: …', and '---' above the instructions"
        problem = finding(path, message, hint, line=1, column=1)
    return _unusable(name, path, (problem,))


def _unusable(name: str, path: Path, problems: tuple[Problem, ...]) -> AgentSource:
    return AgentSource(name, path, None, Node({}, 1, 1), "", 1, problems)


def _modern(name: str, path: Path, document: Document, matter: Node) -> AgentSource:
    said, problems = validate(AgentFile, matter, path)
    problems += _name_problems(name, path, matter)
    if not NAME.match(name):
        said = None
    return AgentSource(name, path, said, matter, document.body, document.body_line, problems)


def _name_problems(name: str, path: Path, matter: Node) -> tuple[Problem, ...]:
    written = matter.get("name")
    said = str(written.data) if written is not None else name
    if NAME.match(said) and said != name:
        message = f"the name '{said}' is not that of the file, '{path.stem}'"
        hint = f"write 'name: {name}', or rename the file to {said}.md"
        node = matter.at(["name"])
        return (finding(path, message, hint, line=node.line, column=node.column),)
    if not NAME.match(name):
        message = f"'{name}' cannot be the name of an agent"
        hint = "rename the file: lower-case letters, digits and dashes, a letter first"
        return (finding(path, message, hint),)
    if path.stem != name:
        message = f"the file is named in an older way; its agent is '{name}'"
        return (finding(path, message, f"rename it to {name}.md", warning=True),)
    return ()


_ROLE = re.compile(r"^##[ \t]+(?:Role|Skills|Responsibilities)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_SECTION = re.compile(r"^##[ \t]+(\S.*)$", re.MULTILINE)
_ITEM = re.compile(r"^[-*][ \t]+`?([A-Za-z0-9_-]+)`?[ \t]*$", re.MULTILINE)


def _legacy(name: str, path: Path, document: Document, skills: frozenset[str]) -> AgentSource:
    """A spec of the earlier Paracle: sections, no front matter. All of it becomes the instructions."""
    parts = _SECTION.split(document.body)
    sections = {
        title.strip().lower(): text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    role = " ".join(sections.get("role", "").split("\n\n")[0].split())
    known = [skill for skill in _ITEM.findall(sections.get("skills", "")) if skill in skills]
    nowhere = Node({}, 1, 1)
    message = "it is a Markdown spec of an earlier Paracle, without front matter"
    hint = f"put '---', 'name: {name}', a 'description:', the 'tools:' it may call, and '---' at its top"
    old_form = finding(path, message, hint, line=1, column=1, warning=True)
    problems = (old_form, *_name_problems(name, path, nowhere))
    said = None
    if not any(problem.severity is Severity.ERROR for problem in problems):
        said = AgentFile(description=role[:300], skills=tuple(known))
    body, line = document.body, document.body_line
    return AgentSource(name, path, said, nowhere, body, line, problems, is_legacy=True)
