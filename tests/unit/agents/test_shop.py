"""The example that the demonstration reviews is a working program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import paracle

SHOP = Path(paracle.__file__).parent / "examples" / "shop"
# Nothing may be left in the installed package, and the plugins of these tests are none of the shop's.
QUIET = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=SHOP,
        env={**os.environ, **QUIET},
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_its_own_tests_pass() -> None:
    result = python("-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout


def test_tea_can_be_bought_and_reported(tmp_path: Path) -> None:
    journal = ("--orders", str(tmp_path / "orders.jsonl"))
    assert "Sencha Kagoshima" in python("-m", "shop", "list").stdout
    assert "€ 19.00" in python("-m", "shop", *journal, "buy", "sencha:2").stdout
    assert "1 orders, € " in python("-m", "shop", *journal, "report").stdout
    assert python("-m", "shop", *journal, "buy", "coffee").returncode == 2
