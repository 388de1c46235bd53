"""Paracle Workbench: run AI agents on a project, watch them, and keep what they do under version control.

The names of the Python API load on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app.services.api import Engine as Engine
    from .app.services.api import Project as Project

__version__ = "0.1.0"
__all__ = ["Engine", "Project", "__version__"]

_PUBLIC = {"Engine": ".app.services.api", "Project": ".app.services.api"}


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_PUBLIC[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
