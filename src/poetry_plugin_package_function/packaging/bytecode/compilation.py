"""Reproducible bytecode: `.pyc` files, compiled by the venv's own interpreter.

Nothing that Python compiles in Lambda's task root is kept: without bytecode, each cold
start compiles all modules that it imports. See docs/bytecode.md.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import subprocess
import zipfile

from collections import defaultdict
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple
from typing import TypeAlias

import deflate as libdeflate

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.output import pending
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from concurrent.futures import Future

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.progress import Progress


OLDEST: Final = (3, 11)
"""Before it, what marshal writes of a set depends on the hash seed."""

COMPILER: Final = Path(__file__).with_name("compiler.py")
_FILES_AT_ONCE: Final = 200
"""A part of the recipe: what a process has compiled has a say in what follows."""

_PROBE: Final = """\
import json, platform, sys
print(json.dumps([
    sys.implementation.name,
    sys.version_info[:],
    sys.implementation.cache_tag,
    sys.version,
]))
"""


class Interpreter(NamedTuple):
    """The interpreter that compiles.

    Attributes:
        path: Where it is.
        version: The full one, as bytecode may differ between any two: "3.13.1".
        cache_tag: What the names of files have: "cpython-313".
        build: All that it says of itself.
    """

    path: Path
    version: str
    cache_tag: str
    build: str


def find_interpreter(path: Path) -> Interpreter:
    """Asks an interpreter who it is.

    Raises:
        SourceError: There is none, or its bytecode is not reproducible.
    """
    hint = "Make the virtual environment anew, or leave out --compile."
    try:
        probed = subprocess.run(
            (path, "-I", "-S", "-B", "-c", _PROBE), capture_output=True, check=True
        )
        name, version, cache_tag, build = json.loads(probed.stdout)
    except OSError as error:
        raise SourceError(f"{path} cannot be run: {error.strerror}.", hint) from None
    except (subprocess.CalledProcessError, ValueError):
        raise SourceError(f"{path} does not say which Python it is.", hint) from None
    major, minor, micro, stage, _ = version
    shown = f"{major}.{minor}.{micro}"
    if name != "cpython":
        raise SourceError(f"{path} is {name}, and Lambda runs CPython.", hint)
    if (major, minor) < OLDEST:
        raise SourceError(
            f"{path} is Python {shown}, whose bytecode differs from run to run.",
            "Use Python 3.11 or later, or leave out --compile.",
        )
    if stage != "final":
        raise SourceError(
            f"{path} is Python {build.split()[0]}: its bytecode is not final.", hint
        )
    return Interpreter(path, shown, cache_tag, build)


@dataclass(frozen=True)
class Bytecode:
    """What has been compiled.

    Attributes:
        python: The interpreter's full version.
        entries: `.pyc` files, ordered by name.
        skipped: Names of sources that do not compile.
    """

    python: str
    entries: tuple[Entry, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cache:
    """Where bytecode of wheels is kept.

    Attributes:
        directory: It need not be there yet.
        pins: The hashes that the lock has of distributions' wheels.
    """

    directory: Path
    pins: Mapping[NormalizedName, str]


def compiled(
    entries: Sequence[Entry],
    interpreter: Interpreter,
    cache: Cache | None,
    scratch: Path,
    progress: Progress,
) -> Bytecode:
    """Compiles all sources but those in directories called `tests`.

    Args:
        entries: All that is shipped.
        interpreter: Who compiles.
        cache: Where bytecode is kept from run to run, if it is.
        scratch: A directory for the rest; what is found there is read until the archive
            is written.
        progress: Is called with how far it has come.

    Raises:
        SourceError: The interpreter ended early, or a file cannot be read.
    """
    sources = [
        entry
        for entry in entries
        if entry.name.endswith(".py") and "tests" not in entry.name.split("/")[:-1]
    ]
    progress.begin("Compiling", len(sources), sum(each.size_bytes for each in sources))
    units: dict[NormalizedName | None, list[Entry]] = defaultdict(list)
    for entry in sources:
        units[entry.distribution].append(entry)
    pycs, skipped = _compile_all(
        [
            _Unit(name, tuple(units[name]), interpreter, cache, scratch)
            for name in sorted(units, key=str)
        ],
        progress,
    )
    return Bytecode(
        interpreter.version,
        tuple(sorted(pycs, key=lambda entry: entry.name)),
        tuple(sorted(skipped)),
    )


def _compile_all(
    units: Iterable[_Unit], progress: Progress
) -> tuple[list[Entry], list[str]]:
    """Returns the `.pyc` files, and the names of sources that do not compile."""
    pool = ThreadPoolExecutor(usable_cores(), "compile")
    try:
        begun = deque((unit, unit.begin(pool)) for unit in units)
        found: list[Entry] = []
        skipped: list[str] = []
        while begun:
            unit, parts = begun.popleft()
            pycs = _read(unit.finish(parts), unit.name)
            there = {entry.name for entry in pycs}
            found += pycs
            skipped += [
                entry.name
                for entry in unit.entries
                if _pyc_name(entry.name, unit.interpreter) not in there
            ]
            progress.advance(
                len(unit.entries), sum(entry.size_bytes for entry in unit.entries)
            )
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found, skipped


def _pyc_name(name: str, interpreter: Interpreter) -> str:
    """Names the bytecode of a source. Source: PEP 3147."""
    directory, slash, file = name.rpartition("/")
    stem = file.removesuffix(".py")
    return f"{directory}{slash}__pycache__/{stem}.{interpreter.cache_tag}.pyc"


_Begun: TypeAlias = "Path | list[Future[list[bytes | None]]]"


@dataclass(frozen=True)
class _Unit:
    """The sources of one distribution, or those that are nobody's.

    What has been compiled becomes a ZIP, so that its streams can be copied as those of
    wheels are.
    """

    name: NormalizedName | None
    entries: tuple[Entry, ...]
    interpreter: Interpreter
    cache: Cache | None
    scratch: Path

    def begin(self, pool: ThreadPoolExecutor) -> _Begun:
        """Finds the ZIP in the cache, or begins to compile what it will hold."""
        found = self._cached()
        if found is not None:
            return found
        step = _FILES_AT_ONCE
        return [
            pool.submit(_compile, self.interpreter, self.entries[start : start + step])
            for start in range(0, len(self.entries), step)
        ]

    def finish(self, begun: _Begun) -> Path:
        """Waits for what has been begun; returns the ZIP."""
        if isinstance(begun, Path):
            return begun
        entries = [
            Entry(
                _pyc_name(entry.name, self.interpreter),
                BytesContent(content),
                len(content),
            )
            for number, part in enumerate(begun)
            for entry, content in zip(
                self.entries[number * _FILES_AT_ONCE :], part.result(), strict=False
            )
            if content is not None
        ]
        if self._kept is not None:
            with suppress(OSError):  # a cache that cannot be written is no cache
                return self._write(entries, self._kept)
        return self._write(entries, self.scratch / (self.name or "nobody"))

    @cached_property
    def _kept(self) -> Path | None:
        """The place in the cache, but for the digest: all that it depends on names it.

        None if that is not known.
        """
        wheel = self.name and self.cache and self.cache.pins.get(self.name)
        if not wheel or self.cache is None:
            return None
        parts = (
            hashlib.sha256(COMPILER.read_bytes()).hexdigest(),
            _FILES_AT_ONCE,
            (libdeflate.__version__, LEVEL),
            wheel,
            self.interpreter[1:],
            [entry.name for entry in self.entries],
        )
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        return self.cache.directory / f"{self.name}-{digest[:32]}"

    def _cached(self) -> Path | None:
        if self._kept is None:
            return None
        for path in sorted(self._kept.parent.glob(f"{self._kept.name}.*.zip")):
            with suppress(OSError):
                with path.open("rb", buffering=0) as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest == path.name.split(".")[1]:
                    return path
                path.unlink()
        return None

    def _write(self, entries: Sequence[Entry], place: Path) -> Path:
        """Writes a ZIP at a place; its digest is added to the name."""
        with pending(place.parent) as (path, stream):
            archive = Archive(stream, dos_time(EARLIEST_EPOCH_S), hashed=True)
            for member in deflate(entries):
                archive.add(member)
            target = place.with_name(f"{place.name}.{archive.close().sha256}.zip")
            stream.close()
            os.replace(path, target)
        return target


def _compile(interpreter: Interpreter, entries: Sequence[Entry]) -> list[bytes | None]:
    task = [(read(entry.content), entry.name) for entry in entries]
    done = subprocess.run(
        (interpreter.path, "-I", "-S", "-B", "-W", "ignore", COMPILER),
        input=marshal.dumps(task, 2),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SourceError(
            f"{interpreter.path} ended with status {done.returncode} while it compiled"
            f" one of {entries[0].name} … {entries[-1].name}. {said}".rstrip(),
            "Leave that out with `exclude`, or leave out --compile.",
        )
    results: list[bytes | None] = marshal.loads(done.stdout)  # noqa: S302 - our own
    return results


def _read(path: Path, distribution: NormalizedName | None) -> list[Entry]:
    """Lists a ZIP of bytecode; what is not compressed in it is small."""
    with zipfile.ZipFile(path) as archive:
        return [
            Entry(
                info.filename,
                member_of(str(path), info)
                if info.compress_type == zipfile.ZIP_DEFLATED
                else BytesContent(archive.read(info)),
                info.file_size,
                distribution=distribution,
            )
            for info in archive.infolist()
        ]
