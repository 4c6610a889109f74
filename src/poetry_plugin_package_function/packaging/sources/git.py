"""What Git says of a directory; where there is no Git, or no checkout, nothing."""

from __future__ import annotations

import os
import subprocess


def ask_git(directory: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a command of Git in a directory; without Git its status is 127."""
    command = ["git", "-C", directory, *arguments]
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:  # there is no Git
        return subprocess.CompletedProcess(command, 127, b"", b"")


def known_files(directory: str, option: str) -> dict[str, bytes]:
    """Lists the files below a directory that Git knows.

    Args:
        directory: Where to look.
        option: Of `git ls-files`: what is to be said of each.

    Returns:
        What is said, by their paths from there on, with "/"; empty if Git knows none.

    Source: https://git-scm.com/docs/git-ls-files#_output
    """
    listed = ask_git(directory, "ls-files", option, "-z")
    if listed.returncode:
        return {}
    rows = (row.split(b"\t", 1) for row in listed.stdout.split(b"\0") if row)
    return {os.fsdecode(name): said for said, name in rows}
