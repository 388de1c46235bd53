"""`.parac` files to domain values: find, read, validate, resolve, watch, scaffold."""

from .project import Project

__all__ = ["Project"]
