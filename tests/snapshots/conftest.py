"""Pictures are kept as what they are."""

from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]

# Syrupy has renamed the attribute that pytest-textual-snapshot sets; without this the files are `.raw`.
SVGImageExtension.file_extension = "svg"
