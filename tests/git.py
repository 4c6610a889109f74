"""Git repositories of tests."""

from __future__ import annotations

import subprocess

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from pathlib import Path


def git(directory: Path, *arguments: str) -> str:
    """What git answers."""
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *author, *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def repository(directory: Path) -> Path:
    """Makes a repository of all that is in a directory, with the tag v1.2.3."""
    git(directory, "init", "--quiet")
    git(directory, "add", ".")
    git(directory, "commit", "--quiet", "--message", "All", "--no-gpg-sign")
    git(directory, "tag", "v1.2.3")
    return directory
