"""Templates: Jinja2 in a sandbox, with errors that name the template and the line.

A template sees the names it is given and nothing else. An undefined name is an error, and so is one
that would take unreasonable time or space (see :mod:`.template_environment`, which is imported on first
use: Jinja2 costs a tenth of a second that most commands never need).

Besides Jinja2's common filters there are:

- for Markdown ``md`` (escaped), ``prose`` (escaped but for code spans), ``code``, ``fenced``, ``cell``,
  ``anchor`` and ``docstring`` (all but its first paragraph, as Markdown);
- for words ``plural`` (``{{ n | plural("file") }}``), ``thousands``, ``one_line``, ``ljust``, ``indent``;
- for lists ``batch`` and ``flatten``;
- for paths ``only`` (a glob), ``nearest``, ``by_folder`` and the test ``is test_file``;
- for what tools give ``functions`` (of an outline's modules) and ``pyproject`` (of a file's text).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cache, lru_cache
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from .errors import TemplateError

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

    from .template_environment import Environment

_MARKS = ("{{", "{%", "{#")
_VALUE = "value"


def render(text: str, variables: Mapping[str, Any], *, name: str) -> str:
    """The template's text with everything filled in.

    Args:
        text: the template.
        variables: the names it may use, with plain values.
        name: what errors call it, such as its file's name.

    Raises:
        TemplateError: a syntax error, an undefined name, a failing operation, or a limit reached.
    """
    if not _has_marks(text):
        return text
    return str(_run(text, variables, name, False))


def evaluate(text: str, variables: Mapping[str, Any], *, name: str) -> Any:
    """What a value in a file stands for.

    Text that is exactly one ``{{ expression }}`` gives the expression's own value (a list stays a
    list); any other text is rendered to text. The value is plain: text, numbers, booleans, None,
    lists and dictionaries.

    Raises:
        TemplateError: see :func:`render`.
    """
    if not _has_marks(text):
        return text
    if _is_expression(text, name):
        return expression(text, variables, name=name)
    return render(text, variables, name=name)


def evaluate_all(value: Any, variables: Mapping[str, Any], *, name: str) -> Any:
    """``value`` with :func:`evaluate` applied to every text in it; keys stay as they are."""
    match value:
        case str():
            return evaluate(value, variables, name=name)
        case Mapping():
            return {
                key: evaluate_all(part, variables, name=f"{name}.{key}" if name else str(key))
                for key, part in value.items()
            }
        case list() | tuple():
            return [evaluate_all(part, variables, name=name) for part in value]
    return value


def expression(text: str, variables: Mapping[str, Any], *, name: str) -> Any:
    """The plain value of an expression, written bare (``count > 3``) or as ``{{ count > 3 }}``.

    Raises:
        TemplateError: it is more than one expression, or see :func:`render`.
    """
    return _run(_bare(text, name), variables, name, True)


def check(text: str, *, name: str, is_expression: bool = False) -> None:
    """Find what is wrong with a template without rendering it.

    Raises:
        TemplateError: a syntax error or a filter that does not exist, with its line.
    """
    if is_expression:
        _template(_bare(text, name), name, True)
    elif _has_marks(text):
        _template(text, name, False)


def syntax_tree(text: str, *, name: str, is_expression: bool = False) -> nodes.Template:
    """What a template is made of, for whoever wants to know which names it uses. Nothing is rendered.

    Raises:
        TemplateError: a syntax error, or more than one expression where ``is_expression``.
    """
    return _parse(_bare(text, name) if is_expression else text, name)


def _has_marks(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


@cache
def _environment() -> Environment:
    from .template_environment import Environment

    return Environment()


def _parse(text: str, name: str) -> nodes.Template:
    import jinja2

    try:
        return _environment().parse(text, name)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax(error, name) from None
    except RecursionError:
        raise TemplateError("A template is nested too deeply", detail=name, name=name) from None


def _sole_expression(tree: nodes.Template) -> nodes.Expr | None:
    from jinja2 import nodes

    if len(tree.body) == 1 and isinstance(output := tree.body[0], nodes.Output) and len(output.nodes) == 1:
        return None if isinstance(output.nodes[0], nodes.TemplateData) else output.nodes[0]
    return None


@lru_cache(maxsize=1024)
def _is_expression(text: str, name: str) -> bool:
    return _sole_expression(_parse(text.strip(), name)) is not None


def _bare(text: str, name: str) -> str:
    """The expression as ``{{ … }}``, however it was written."""
    if not _has_marks(text):
        return "{{ " + text + " }}"
    if not _is_expression(text, name):
        raise TemplateError(
            "This must be one expression",
            detail=f"{name}: {text.strip()}",
            hint='write one expression, such as "{{ count > 3 and names }}"',
            name=name,
            line=1,
        )
    return text.strip()


@lru_cache(maxsize=256)
def _template(text: str, name: str, as_value: bool) -> jinja2.Template:
    """Compile. With ``as_value`` the text is one expression, and running it sets ``value``."""
    import jinja2
    from jinja2 import nodes

    environment = _environment()
    tree = _parse(text, name)
    if as_value:
        found = _sole_expression(tree)
        if found is None:
            raise TemplateError(
                "An expression is empty", detail=name, hint="write a value in {{ … }}", name=name
            )
        target = nodes.Name(_VALUE, "store", lineno=1)
        tree = nodes.Template([nodes.Assign(target, found, lineno=found.lineno)], lineno=1)
    try:
        tree.set_environment(environment)
        compiled = environment.compile(tree, name, name)
        return environment.template_class.from_code(environment, compiled, environment.globals)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax(error, name) from None
    except (RecursionError, SyntaxError, MemoryError):
        # CPython's own parser gives up on deep nesting with one of the last two.
        raise TemplateError("A template is nested too deeply", detail=name, name=name) from None


def _run(text: str, variables: Mapping[str, Any], name: str, as_value: bool) -> Any:
    """The template's text, or the value of the expression that it is."""
    import jinja2

    from .template_limits import METER, LimitReached, Meter

    template = _template(text, name, as_value)
    context = template.new_context(dict(variables))
    token = METER.set(Meter())
    try:
        rendered = _environment().concat(template.root_render_func(context))
        return _plain(context.vars[_VALUE], name) if as_value else rendered
    except jinja2.UndefinedError as error:
        detail = f"{_place(error, name)}: {error.message}"
        hint = f"the names here are: {', '.join(sorted(variables)) or 'none'}"
        raise TemplateError(
            "A template uses a name that is not there",
            detail=detail,
            hint=hint,
            name=name,
            line=_line(error, name),
        ) from None
    except LimitReached as error:
        raise _failed("A template asks for too much", error, name, "render less at once") from None
    except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise _failed("A template cannot be rendered", error, name) from None
    finally:
        METER.reset(token)


def _plain(value: Any, name: str) -> Any:
    """``value`` as plain data: what filters give lazily becomes a list.

    Raises:
        jinja2.UndefinedError: the expression's value is an undefined name.
        TypeError: it is something that only lives inside a template.
    """
    import jinja2

    from .template_limits import MAX_TEXT

    match value:
        case None | bool() | int() | float():
            return value
        case jinja2.Undefined():
            str(value)  # raises, with the name
        case str():
            return str(value)
        case PurePath():
            return str(value)
        case Mapping():
            return {key: _plain(part, name) for key, part in value.items()}
        case (
            list()
            | tuple()
            | set()
            | frozenset()
            | range()
            | Iterator()
            | KeysView()
            | ValuesView()
            | ItemsView()
        ):
            return [_plain(part, name) for part in islice(value, MAX_TEXT)]
    raise TypeError(f"its value is a {type(value).__name__}, which is no plain value")


def _syntax(error: jinja2.TemplateSyntaxError, name: str) -> TemplateError:
    return TemplateError(
        "A template cannot be read",
        detail=f"{name}:{error.lineno}: {error.message}",
        hint="a template's marks are {{ value }}, {% if … %}…{% endif %} and {# comment #}",
        name=name,
        line=error.lineno,
    )


def _failed(title: str, error: Exception, name: str, hint: str = "") -> TemplateError:
    words = str(error) or type(error).__name__
    return TemplateError(
        title, detail=f"{_place(error, name)}: {words}", hint=hint, name=name, line=_line(error, name)
    )


def _place(error: Exception, name: str) -> str:
    line = _line(error, name)
    return f"{name}:{line}" if line else name


def _line(error: Exception, name: str) -> int:
    """The template's line at which ``error`` was raised: the innermost frame of compiled template code."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        template = frame.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template.name == name:
            line = template.get_corresponding_lineno(frame.tb_lineno)
        frame = frame.tb_next
    return line
