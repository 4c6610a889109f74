"""gitignore patterns on names in the archive."""

from __future__ import annotations

import json
import re

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable


def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Makes what says whether patterns match a name, or all below it."""
    if not patterns:
        return lambda _: False
    # What few ask for is imported when it is asked for.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def exclude_line(*names: str) -> str:
    """The line of the settings that leaves out files or directories, by their names."""
    patterns = ("/" + re.sub(r"([\\*?\[])", r"\\\1", name) for name in names)
    listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in patterns)
    return f"exclude = [{listed}]"  # strings of JSON are strings of TOML
