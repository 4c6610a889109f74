"""Which wheel each distribution of a tree has been installed from."""

from __future__ import annotations

import hashlib
import json

from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename


if TYPE_CHECKING:
    from pathlib import Path


def write_index(directory: Path, target: Path) -> None:
    """Writes what `package_with_wheels.py` reads: path and hash by name, as JSON."""
    index = {}
    for wheel in sorted(directory.glob("*.whl")):
        name, _, _, _ = parse_wheel_filename(wheel.name)
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        index[name] = [str(wheel), f"sha256:{digest}"]
    target.write_text(json.dumps(index, indent=1), encoding="utf-8")
