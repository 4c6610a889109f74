"""Installed distributions: which files are whose, and what their metadata says.

Formats: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import io
import json
import os
import posixpath
import re

from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from packaging.utils import NormalizedName


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


@dataclass(frozen=True)
class Distribution:
    """An installed distribution.

    Attributes:
        info: The name of its `.dist-info` directory.
        directory: The site-packages directory that it is in.
        rows: Its RECORD; None if it has none, as a distribution that the operating
            system's package manager has installed.
    """

    name: NormalizedName
    version: str
    info: str
    directory: Path
    rows: tuple[RecordRow, ...] | None

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
        return frozenset(
            required_name(text)
            for text in self.all_requirements
            if not _EXTRA.search(text)
        )

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
        path = self.directory / self.info / file
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise SourceError(
                f"{path} is not UTF-8.", f"Install {self.name} again."
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
    name, _, version = info.removesuffix(".dist-info").rpartition("-")
    bare = Distribution(
        canonicalize_name(name or version), version, info, directory, ()
    )
    origin = bare.read("direct_url.json")
    if origin is not None and _is_editable(origin):
        raise _editable(bare.name)
    record = bare.read("RECORD")
    try:
        rows = None if record is None else tuple(_parse_record(record))
    except csv.Error as error:
        raise SourceError(
            f"{directory / info / 'RECORD'} is not a RECORD: {error}.",
            f"Install {bare.name} again.",
        ) from None
    return Distribution(bare.name, version, info, directory, rows)


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
        "Install it for real: `poetry bundle venv` does, and `poetry package-function`"
        " without --venv.",
    )


def _parse_record(text: str) -> Iterable[RecordRow]:
    for row in csv.reader(io.StringIO(text, newline="")):
        if row and row[0]:
            path, digest, size = row if len(row) == 3 else (*row, "", "")[:3]
            yield RecordRow(posixpath.normpath(path), digest, size)


def rewrite_record(
    distribution: Distribution,
    shipped_sizes: Mapping[str, int],
    rewritten: Mapping[str, RecordRow],
) -> bytes:
    """Writes the RECORD of what is shipped of a distribution.

    An installer's RECORD names files that are not shipped (bytecode, scripts, the
    installer's own marks), in an order of its own. Hash and size are taken over as the
    installer wrote them where the size still holds: so they say what the distribution
    came with.

    Args:
        distribution: One that has a RECORD.
        shipped_sizes: Size in bytes of each file in the archive by its name.
        rewritten: Rows for files that have been written anew, by name.
    """
    own = f"{distribution.info}/RECORD"
    rows = [RecordRow(own, "", "")]
    for path, row in {row.path: row for row in distribution.rows or ()}.items():
        size_bytes = shipped_sizes.get(path)
        if size_bytes is None or path == own:
            continue
        if path in rewritten:
            rows.append(rewritten[path])
        elif row.size == str(size_bytes):
            rows.append(row)
        else:
            rows.append(RecordRow(path, "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    return text.getvalue().encode()


_STABLE_METADATA: Final = (
    *("Name", "Version", "Summary", "Requires-Python", "Requires-Dist"),
    "Provides-Extra",
)


def stable_metadata(metadata: str) -> bytes:
    """Writes the METADATA of the project itself so that its builder does not show.

    poetry-core 2.1 and 2.5 write other metadata versions, classifiers and places of
    licence files for the same project, so only what code asks for at run time is kept.
    2.1 is the oldest version of the format that has all of these fields.
    """
    message = HeaderParser().parsestr(metadata)
    lines = ["Metadata-Version: 2.1"]
    for field in _STABLE_METADATA:
        values = [" ".join(str(text).split()) for text in message.get_all(field, [])]
        if field == "Requires-Dist":
            values = [_without_reference(text) for text in values]
        lines += [f"{field}: {text}" for text in sorted(values)]
    return ("\n".join(lines) + "\n").encode()


def portable_metadata(metadata: str) -> bytes | None:
    """Writes METADATA without direct references in `Requires-Dist`.

    They are of the machine that builds: `lib @ file:///home/me/lib` is what becomes of
    a path dependency, and an address of Git or of an index may hold a token. What
    remains names the distribution, and that is all that is read at run time.

    Returns:
        The new text; None where there are no such references.
    """
    headers, blank, description = metadata.partition("\n\n")
    lines = [
        f"{field}: {_without_reference(text)}" if field == "Requires-Dist" else line
        for line in headers.split("\n")
        for field, _, text in [line.partition(": ")]
    ]
    portable = "\n".join(lines)
    return None if portable == headers else (portable + blank + description).encode()


_REFERENCE: Final = re.compile(r"([^@;]*?)\s*@\s*\S+?(?=;?(?:\s|$))")
"""`name [extra] @ address`, up to a marker.

Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
"""


def _without_reference(requirement: str) -> str:
    match = _REFERENCE.match(requirement)
    return requirement if match is None else match[1] + requirement[match.end() :]


def stable_wheel(wheel: str) -> bytes:
    """Writes the WHEEL of the project itself without its `Generator`."""
    message = HeaderParser().parsestr(wheel)
    lines = [f"Wheel-Version: {message.get('Wheel-Version', '1.0')}"]
    for field in ("Root-Is-Purelib", "Tag"):
        lines += [f"{field}: {text}" for text in sorted(message.get_all(field, []))]
    return ("\n".join(lines) + "\n").encode()


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
