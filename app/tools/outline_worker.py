"""Reads Python files into outlines with ``ast``. Runs in a process of its own; see :mod:`.scan`.

Complexity is McCabe's (IEEE TSE 2(4), 1976): one, plus one for each ``if``, ``elif``, loop, ``except``,
``case``, conditional expression, comprehension and its ``if``, and each ``and``/``or`` beyond the
first operand. A function inside another counts for itself only.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..domain.errors import ToolError
from .files import read_real

MAX_FILE_BYTES = 4 * 1024 * 1024

Function = ast.FunctionDef | ast.AsyncFunctionDef
Plain = dict[str, Any]

_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.match_case)
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def work(request: Mapping[str, Any]) -> Iterator[Plain]:
    """One outline a file of ``request["files"]``, link-free paths below ``request["root"]``."""
    warnings.simplefilter("ignore")  # Of the code that is read, not of ours.
    root = Path(request["root"])
    for file in request["files"]:
        yield _outline(root, file)


def _outline(root: Path, file: str) -> Plain:
    try:
        data = read_real(root, file, MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            return broken(root, file, 0, "the file is too large")
        tree = ast.parse(data, file)
        return _module(root, file, data, tree)
    except SyntaxError as error:
        return broken(root, file, error.lineno or 0, error.msg)
    except ValueError as error:
        return broken(root, file, 0, str(error))
    except (RecursionError, MemoryError):
        return broken(root, file, 0, "the code is nested too deeply")
    except (OSError, ToolError) as error:
        return broken(root, file, 0, str(error))


def broken(root: Path, file: str, line: int, message: str) -> Plain:
    """The outline of a file that cannot be read as Python."""
    return {**_head(root, file), "error": {"line": line, "message": message}}


def _head(root: Path, file: str) -> Plain:
    names = [name for name in _module_name(root, file).split(".") if not _is_dunder(name)]
    return {
        "path": file,
        "module": _module_name(root, file),
        "is_public": not any(name.startswith("_") for name in names),
        "lines": 0,
    }


def _module_name(root: Path, file: str) -> str:
    """The dotted name by which it is imported: from the highest folder that is a package."""
    *folders, name = file.removesuffix(".py").split("/")
    first = len(folders)
    while first and (root / "/".join(folders[:first]) / "__init__.py").exists():
        first -= 1
    parts = [*folders[first:], *([] if name == "__init__" else [name])]
    return ".".join(parts) or name


def _module(root: Path, file: str, data: bytes, tree: ast.Module) -> Plain:
    exported = _exported(tree)
    definitions = list(_definitions(tree.body))
    functions = [_function(node) for node in definitions if isinstance(node, Function)]
    classes = [
        outline for node in definitions if isinstance(node, ast.ClassDef) for outline in _classes(node)
    ]
    if exported is not None:
        for outline in (*functions, *classes):
            first, _, inner = outline["name"].partition(".")
            outline["is_public"] = first in exported and not inner.startswith("_")
    return {
        **_head(root, file),
        **_documentation(tree),
        "lines": data.count(b"\n") + (not data.endswith(b"\n") and data != b""),
        "functions": functions,
        "classes": classes,
    }


def _exported(tree: ast.Module) -> set[str] | None:
    """What ``__all__`` lists; None where there is none that can be read without running it."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign)
            try:
                return {str(name) for name in ast.literal_eval(node.value)}
            except (ValueError, TypeError):
                return None
    return None


def _definitions(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    """Functions and classes of a body, those under ``if``, ``try`` and ``with`` too."""
    for node in body:
        if isinstance(node, _OWN_SCOPE):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for name in ("body", "handlers", "orelse", "finalbody"):
                for part in getattr(node, name, []):
                    inner = part.body if isinstance(part, ast.ExceptHandler) else [part]
                    yield from _definitions(inner)


def _classes(node: ast.ClassDef, outer: str = "") -> Iterator[Plain]:
    """The outline of a class, then those of the classes in it, named ``Outer.Inner``."""
    definitions = list(_definitions(node.body))
    name = outer + node.name
    yield {
        "name": name,
        "bases": [ast.unparse(base) for base in node.bases],
        "is_public": not any(part.startswith("_") for part in name.split(".")),
        **_common(node),
        "attributes": list(_attributes(node)),
        "methods": [_function(inner) for inner in definitions if isinstance(inner, Function)],
    }
    for inner in definitions:
        if isinstance(inner, ast.ClassDef):
            yield from _classes(inner, name + ".")


def _attributes(node: ast.ClassDef) -> Iterator[Plain]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield {
                "name": statement.target.id,
                "annotation": ast.unparse(statement.annotation),
                "default": ast.unparse(statement.value) if statement.value else None,
                "line": statement.lineno,
            }


def _function(node: Function) -> Plain:
    returns = ast.unparse(node.returns) if node.returns else None
    return {
        "name": node.name,
        "signature": f"({_signature(node.args)})" + (f" -> {returns}" if returns else ""),
        "parameters": list(_parameters(node.args)),
        "returns": returns,
        "is_async": isinstance(node, ast.AsyncFunctionDef),
        "is_public": not node.name.startswith("_") or _is_dunder(node.name),
        "complexity": _complexity(node),
        **_common(node),
    }


def _common(node: Function | ast.ClassDef) -> Plain:
    return {
        **_documentation(node),
        "line": node.lineno,
        "end_line": node.end_lineno or node.lineno,
        "decorators": [ast.unparse(decorator) for decorator in node.decorator_list],
    }


def _documentation(node: Function | ast.ClassDef | ast.Module) -> Plain:
    # Lone surrogates, written as \ud800, cannot be stored.
    text = (ast.get_docstring(node) or "").encode("utf-8", "replace").decode()
    return {
        "summary": next((line.strip() for line in text.splitlines() if line.strip()), ""),
        "docstring": text,
    }


def _parameters(arguments: ast.arguments) -> Iterator[Plain]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for one, default in zip(positional, [*missing, *arguments.defaults], strict=True):
        yield _parameter(one, default)
    if arguments.vararg:
        yield _parameter(arguments.vararg, None, "*")
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(one, default)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, None, "**")


def _parameter(argument: ast.arg, default: ast.expr | None, stars: str = "") -> Plain:
    return {
        "name": stars + argument.arg,
        "annotation": ast.unparse(argument.annotation) if argument.annotation else None,
        "default": ast.unparse(default) if default else None,
    }


def _signature(arguments: ast.arguments) -> str:
    """The parameters as people write them: unparse would give ``x: int=1``."""
    parts = []
    for parameter in _parameters(arguments):
        annotation, default = parameter["annotation"], parameter["default"]
        written = parameter["name"] + (f": {annotation}" if annotation else "")
        if default is not None:
            written += f" = {default}" if annotation else f"={default}"
        parts.append(written)
    if arguments.kwonlyargs and not arguments.vararg:
        parts.insert(len(arguments.posonlyargs) + len(arguments.args), "*")
    if arguments.posonlyargs:
        parts.insert(len(arguments.posonlyargs), "/")
    return ", ".join(parts)


def _complexity(function: Function) -> int:
    total = 1
    pending: list[ast.AST] = [*function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, _OWN_SCOPE):
            continue
        if isinstance(node, _BRANCHES):
            total += 1
        elif isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            total += 1 + len(node.ifs)
        pending.extend(ast.iter_child_nodes(node))
    return total


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
