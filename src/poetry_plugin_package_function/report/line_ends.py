"""What there is to say of files that have other line ends here than in Git."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.sources.line_ends import converted_by_git
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.warned import Warned


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.plan import FileSize


_MOST_NAMED: Final = 3


def line_end_warnings(project: Path, files: Iterable[FileSize]) -> Iterator[Warned]:
    """Warns of files in an archive that differ from those of a checkout on Linux.

    Args:
        project: The project's directory.
        files: What is in the archive; not asked for if Git has converted nothing. A
            package may be deeper in the project.
    """
    converted = converted_by_git(str(project))
    names = {each.name for each in files} if converted else frozenset()
    found = [each for each in converted if not names.isdisjoint(_ends(each))]
    if found:
        yield Warned(
            f"Git has given {counted(len(found), 'file')} the line ends of Windows"
            f" ({listed(found, _MOST_NAMED)}): elsewhere another archive comes of the"
            " same commit. Write `* text=auto eol=lf` into .gitattributes, commit all"
            " that you have changed, and have the files written anew: git rm -rq"
            " --cached . && git reset -q --hard."
        )


def _ends(path: str) -> Iterator[str]:
    """The ends of a path, from its last part to all of it."""
    return accumulate(reversed(path.split("/")), lambda end, part: f"{part}/{end}")
