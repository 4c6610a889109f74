"""The repository's address: one setting, `Repository` in `[project.urls]`.

All that leads to the repository from outside is made of it, or held against it by a
test. There may be none: then nothing leads there.
"""

from __future__ import annotations

import re
import tomllib

from pathlib import Path


ROOT = Path(__file__).resolve().parents[1]
_GITHUBS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]*[\w-]")


class AddressError(ValueError):
    """The setting is no address that links can be made of."""


def address(root: Path = ROOT) -> str | None:
    """Reads the setting; None if there is none.

    Raises:
        AddressError: It is not that of a repository on GitHub, whose workflows, action
            and addresses of files the project has.
    """
    with (root / "pyproject.toml").open("rb") as file:
        urls = tomllib.load(file)["project"].get("urls", {})
    found: str | None = urls.get("Repository")
    if found is None or _GITHUBS.fullmatch(found):
        return found
    expected = "https://github.com/OWNER/NAME, without a slash at the end"
    raise AddressError(f"[project.urls] Repository: expected {expected}, got {found}")
