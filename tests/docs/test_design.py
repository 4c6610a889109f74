"""The house as docs/design.md shows it is the one that there is."""

from __future__ import annotations

import re

from pathlib import Path

import pytest


ROOT = Path(__file__).parents[2]
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PACKAGE = "src/poetry_plugin_package_function"


def listed(block: str) -> list[str]:
    """Reads paths out of a list whose indentation shows what is in which directory."""
    found: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in block.splitlines():
        indent = len(line) - len(line.lstrip())
        name = line.split()[0]
        while parents and parents[-1][0] >= indent:
            parents.pop()
        path = (parents[-1][1] if parents else "") + name
        if name.endswith("/"):
            parents.append((indent, path))
        found.append(path.rstrip("/"))
    return found


def house() -> list[str]:
    section = DESIGN.partition("\n## The house\n")[2].partition("\n## ")[0]
    return listed(section.split("```")[1].strip("\n"))


def test_the_list_has_each_room_and_module() -> None:
    """No module or package is missing in it, and each path in it exists."""
    modules = {
        (each.parent if each.name == "__init__.py" else each).relative_to(ROOT)
        for each in (ROOT / PACKAGE).rglob("*.py")
    }
    found = house()
    assert len(set(found)) == len(found)
    assert [] == sorted({each.as_posix() for each in modules} - set(found))
    assert [] == [each for each in found if not (ROOT / each).exists()]


@pytest.mark.parametrize(
    ("column", "directory"), [(1, PACKAGE), (2, "tests"), (3, "docs")]
)
def test_what_is_changed_for_something_new_exists(column: int, directory: str) -> None:
    """Each path in the table is there: code, tests and pages."""
    _, _, section = DESIGN.partition("\n## What something new touches\n")
    section, _, _ = section.partition("\n## ")
    rows = [line.split(" | ") for line in section.splitlines() if "| **" in line]
    paths = {
        path
        for row in rows
        for path in re.findall(r"`([a-z0-9_/]+(?:\.(?:py|md|json)|/))`", row[column])
    }
    there = [
        f"{each.as_posix()}{'/' if each.is_dir() else ''}"
        for each in (ROOT / directory).rglob("*")
    ]
    assert len(rows) > 5
    assert paths
    assert [] == sorted(
        path for path in paths if not any(each.endswith(f"/{path}") for each in there)
    )
