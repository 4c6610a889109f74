"""Files whose line ends Git has changed, as Git for Windows does by itself."""

from __future__ import annotations

from functools import cache

from poetry_plugin_package_function.host import GIT_CONVERTS
from poetry_plugin_package_function.packaging.sources.git import known_files


@cache
def converted_by_git(directory: str) -> tuple[str, ...]:
    """Lists the files below a directory that have other line ends here than in Git.

    Those that Git has been told to give the same ends everywhere are not among them.

    Returns:
        Their paths from there on, with "/"; none where Git does not do so by itself.

    Source: https://git-scm.com/docs/git-ls-files#Documentation/git-ls-files.txt---eol
    """
    if not GIT_CONVERTS:
        return ()
    known = known_files(directory, "--eol")
    return tuple(name for name, said in known.items() if _is_converted(said))


def _is_converted(said: bytes) -> bool:
    """Reads `i/lf w/crlf attr/text=auto`: in the index, here, and what is asked for."""
    in_index, here, *attributes = said.split()
    return (in_index, here) == (b"i/lf", b"w/crlf") and b"eol=crlf" not in attributes
