"""The page of options is what the command says of itself."""

from __future__ import annotations

import runpy

from pathlib import Path


ROOT = Path(__file__).parent.parent


def test_the_page_of_options_is_current() -> None:
    """`make reference` writes it anew."""
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    reference = runpy.run_path(str(ROOT / "tools" / "reference.py"))["reference"]

    assert reference() == written
