"""What Git ignores of a project."""

from __future__ import annotations

import os

from functools import cache
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.git import ask_git


if TYPE_CHECKING:
    from collections.abc import Callable

    from pathspec import GitIgnoreSpec


def ignored_below(directory: str) -> Callable[[str], bool]:
    """Makes what says whether Git ignores a file or a directory.

    Git itself is asked, as Poetry asks it for wheels. It knows rules that are nowhere
    in the project, and ignores nothing that it has. Where there is no Git, or this is
    in no checkout, the files `.gitignore` are read: they are there for other tools,
    too.

    Args:
        directory: Where to look.

    Returns:
        Is called with a path that starts there, with "/" between its parts; it is false
        for what is in a directory that is ignored itself.
    """
    found = _known_to_git(directory)
    if found is not None:
        return found.__contains__
    return _Rules(directory).ignore


def _known_to_git(directory: str) -> frozenset[str] | None:
    """Lists what is ignored, directories without what is in them; None: no answer.

    There is none for a directory that is itself ignored: it is no part of a repository
    that it is merely in.
    """
    if ask_git(directory, "check-ignore", "--quiet", ".").returncode != 1:
        return None
    listed = ask_git(
        directory,
        *("ls-files", "-z", "--others", "--ignored", "--exclude-standard"),
        "--directory",
    )
    if listed.returncode:
        return None
    names = listed.stdout.split(b"\0")
    return frozenset(os.fsdecode(name).rstrip("/") for name in names if name)


class _Rules:
    """The files `.gitignore` of a directory and of those below it."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._spec_of = cache(self._read)
        self.ignore = cache(self._ignores)

    def _ignores(self, path: str) -> bool:
        """Whether a path is ignored, and no directory that it is in."""
        is_directory = os.path.isdir(os.path.join(self._top, path))
        above = path
        answer = False
        while above:
            above = above.rpartition("/")[0]
            if above and self.ignore(above):
                return False
            spec = self._spec_of(above)
            if spec is None or answer:
                continue
            relative = path.removeprefix(f"{above}/" if above else "")
            verdict = spec.check_file(f"{relative}/" if is_directory else relative)
            if verdict.include is False:
                return False  # the rules of a deeper directory beat those above
            answer = bool(verdict.include)
        return answer

    def _read(self, directory: str) -> GitIgnoreSpec | None:
        from pathspec import GitIgnoreSpec

        try:
            with open(
                os.path.join(self._top, directory, ".gitignore"),
                encoding="utf-8",
                errors="surrogateescape",
            ) as file:
                return GitIgnoreSpec.from_lines(file)
        except (OSError, ValueError):  # most directories have none
            return None
