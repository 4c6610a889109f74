"""Installed distributions: which files are whose, and what their metadata says.

Formats: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import posixpath
import re

from dataclasses import dataclass
from dataclasses import replace
from email.parser import HeaderParser
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import place_of
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.walk import listing


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.content import Content


SEEDS: Final = frozenset({"pip", "setuptools", "wheel"})
"""What `venv` and virtualenv put into a new environment.

Sources: https://docs.python.org/3/library/ensurepip.html,
https://virtualenv.pypa.io/en/latest/explanation.html#seeders
"""


class RecordRow(NamedTuple):
    """One line of a RECORD: a file's path in site-packages, its hash and size."""

    path: str
    hash: str
    size: str


def record_hash(digest: bytes, algorithm: str = "sha256") -> str:
    """Writes a digest as a RECORD has it: urlsafe base64, not padded."""
    value = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"{algorithm}={value}"


@dataclass(frozen=True)
class Distribution:
    """An installed distribution.

    Attributes:
        info: The name of its `.dist-info` directory.
        metadata: What is in that directory, by names.
        rows: Its RECORD; None if it has none, as a distribution that the operating
            system's package manager has installed.
        pin: The hash that a lock file has of its wheel: the algorithm, a colon,
            hexadecimal digits. None if it is of no wheel, or no lock pins that.
    """

    name: NormalizedName
    version: str
    info: str
    metadata: Mapping[str, Content]
    rows: tuple[RecordRow, ...] | None
    pin: str | None = None

    @cached_property
    def all_requirements(self) -> tuple[str, ...]:
        """What it requires, whatever the environment, as METADATA says it.

        Raises:
            SourceError: Its METADATA cannot be read.
        """
        metadata = self.read("METADATA") or ""
        found = HeaderParser().parsestr(metadata).get_all("Requires-Dist", [])
        return tuple(str(text).strip() for text in found)

    @cached_property
    def requirements(self) -> frozenset[NormalizedName]:
        """The names of what it requires, whatever the environment, but for extras.

        Raises:
            SourceError: Its METADATA cannot be read.
        """
        return self.required_with(frozenset())

    @cached_property
    def all_required(self) -> frozenset[NormalizedName]:
        """The names of what it requires with any of its extras, too."""
        return frozenset(map(required_name, self.all_requirements))

    def required_with(self, extras: AbstractSet[str]) -> frozenset[NormalizedName]:
        """The names of what it requires with some of its extras, too."""
        return frozenset(
            required_name(text)
            for text in self.all_requirements
            if (names := _EXTRA.findall(text)) == [] or not extras.isdisjoint(names)
        )

    def read(self, file: str) -> str | None:
        """Returns the text of a file in `.dist-info`, or None where there is none.

        Raises:
            SourceError: The file is there and cannot be read.
        """
        content = self.metadata.get(file)
        if content is None:
            return None
        try:
            return read(content).decode()
        except UnicodeDecodeError:
            raise SourceError(
                f"{place_of(content)} is not UTF-8.", f"Install {self.name} again."
            ) from None


_EXTRA: Final = re.compile(r"""\bextra\s*==\s*['"]([^'"]*)""")


def required_name(requirement: str) -> NormalizedName:
    """The name that a line of Requires-Dist begins with."""
    return canonicalize_name(re.split(r"[^A-Za-z0-9._-]", requirement)[0])


def read_distributions(directories: Iterable[Path]) -> tuple[Distribution, ...]:
    """Reads all `.dist-info` directories, ordered by name.

    Raises:
        SourceError: A RECORD cannot be read, or a distribution is an editable install,
            whose code is not in site-packages and so would not be in the archive.
    """
    found = []
    for directory in directories:
        for info in os.listdir(directory):
            if info.endswith(".dist-info"):
                found.append(read_distribution(directory, info))
            elif info.endswith(".egg-link"):
                raise _editable(info.removesuffix(".egg-link"))
    return tuple(sorted(found, key=lambda each: (each.name, each.info)))


def read_distribution(directory: Path, info: str) -> Distribution:
    """Reads one `.dist-info` directory.

    Raises:
        SourceError: See `read_distributions`.
    """
    items = listing(str(directory / info))
    metadata = {each.name: FileContent(each.path) for each in items}
    bare = Distribution(*named(info), info, metadata, ())
    origin = bare.read("direct_url.json")
    if origin is not None and _is_editable(origin):
        raise _editable(bare.name)
    record = bare.read("RECORD")
    data = f"{info.removesuffix('.dist-info')}.data/"
    try:
        rows = None if record is None else tuple(_parse_record(record, directory, data))
    except csv.Error as error:
        raise SourceError(
            f"{directory / info / 'RECORD'} is not a RECORD: {error}.",
            f"Install {bare.name} again.",
        ) from None
    return replace(bare, rows=rows)


def is_metadata(name: str) -> bool:
    """Whether a file says of a distribution what it is, and is no part of its code.

    It is in `.dist-info`, or is what setuptools has left: `.egg-info`, of either kind.
    """
    return name.partition("/")[0].endswith((".dist-info", ".egg-info"))


def named(info: str) -> tuple[NormalizedName, str]:
    """Reads a distribution's name and version off its `.dist-info` directory's name."""
    name, _, version = info.removesuffix(".dist-info").rpartition("-")
    return canonicalize_name(name or version), version


_INSTALLER_MARKS: Final = frozenset(
    (
        *("RECORD", "direct_url.json", "INSTALLER", "REQUESTED"),
        *("uv_cache.json", "uv_build.json"),
    )
)
"""What an installer leaves in `.dist-info`: its name and version, paths, times."""


def is_installers_mark(name: str) -> bool:
    """Whether a file says by whom, from where or when something was installed."""
    top, _, rest = name.partition("/")
    return rest in _INSTALLER_MARKS and top.endswith(".dist-info")


def _is_editable(direct_url: str) -> bool:
    try:
        origin = json.loads(direct_url)
    except ValueError:
        return False  # it says nothing, and it is left out in any case
    info = origin.get("dir_info") if isinstance(origin, dict) else None
    return isinstance(info, dict) and bool(info.get("editable"))


def _editable(name: str) -> SourceError:
    return SourceError(
        f"{name} is an editable install: its code is outside of the virtual"
        " environment.",
        "Install it for real: `uv sync --no-editable` and `poetry bundle venv` do, and"
        " `poetry package-function` without --venv.",
    )


def _parse_record(text: str, directory: Path, data: str) -> Iterable[RecordRow]:
    for row in csv.reader(io.StringIO(text, newline="")):
        if row and row[0]:
            path, digest, size = (*row, "", "")[:3]
            path = _inside(posixpath.normpath(path), str(directory))
            # SAM's builder moves files, and not their rows.
            for scheme in ("purelib", "platlib"):
                path = path.removeprefix(f"{data}{scheme}/")
            yield RecordRow(path, digest, size)


def _inside(path: str, directory: str) -> str:
    """Resolves a path that leads out of a directory, and into it again.

    pypa/installer names so what a wheel has in `data/lib/pythonX.Y/site-packages`.
    """
    if not path.startswith("../"):
        return path
    top = posixpath.normpath(directory)
    target = posixpath.normpath(posixpath.join(top, path))
    return target.removeprefix(f"{top}/") if target.startswith(f"{top}/") else path


def unneeded_seeds(
    distributions: Sequence[Distribution], seeds: frozenset[str]
) -> tuple[Distribution, ...]:
    """Finds what `venv` and virtualenv put in and nothing else asks for.

    Args:
        distributions: All that are installed.
        seeds: Names that may have been put in without anybody asking, such as "pip".
    """
    present = {each.name for each in distributions}
    unneeded = seeds & present
    if not unneeded:
        return ()
    required = {each.name: each.requirements for each in distributions}
    while True:
        asked_for = set().union(
            *(names for name, names in required.items() if name not in unneeded)
        )
        if not unneeded & asked_for:
            return tuple(each for each in distributions if each.name in unneeded)
        unneeded -= asked_for
