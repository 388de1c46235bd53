"""The till of Leaf & Kettle, a small tea shop."""

__version__ = "0.3.0"
