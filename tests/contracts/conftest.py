"""The built wheel and its contents."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel under test: the one that was installed, or one built from a copy of the checkout."""
    built = os.environ.get("PARACLE_WHEELS")
    folder = Path(built) if built else build_wheel(checkout, tmp_path_factory.mktemp("wheel"))
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def build_wheel(checkout: Path, place: Path) -> Path:
    """Build a wheel without touching the checkout; returns the folder it is in."""
    source, built = place / "source", place / "dist"
    source.mkdir()
    for entry in checkout.iterdir():
        if entry.name.startswith(".") or entry.name in ("build", "dist", "tests"):
            continue
        if entry.is_dir():
            shutil.copytree(entry, source / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(entry, source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(built),
        str(source),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return built
