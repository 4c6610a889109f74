"""Runs in Lambda: makes what is in a nested ZIP importable.

It is shipped beside the nested ZIP, and the stubs in the places of modules call
`enter`. It uses the standard library only, of Python 3.10 or later.

What is nested comes in units, which are extracted when they are first imported, each
once for each environment, whatever happens on the way:

1. The result is a directory named by the ZIP's digest and the unit, so that it can
   never be another version's. If it is there, it is complete: nothing is locked,
   nothing is read.
2. Otherwise a lock is taken. The kernel drops it if its holder dies. Whoever waited
   looks again: the holder has done the work.
3. Files are written into a sibling of the result. One that has its size is complete: so
   an extraction that was killed, as at the end of INIT's 10 seconds, is resumed where
   it stopped.
4. Renaming the sibling to the result is atomic. A lost race is not an error.

See docs/nested-zip.md.
"""

from __future__ import annotations

import errno
import fcntl
import json
import linecache
import os
import site
import struct
import sys
import threading
import zlib

from contextlib import contextmanager
from contextlib import suppress
from importlib.machinery import ModuleSpec
from importlib.machinery import PathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from importlib.metadata import Distribution
    from importlib.metadata import DistributionFinder
    from types import ModuleType
    from typing import Any


MIB = 1 << 20
MAX_EPHEMERAL_STORAGE = 10240 * MIB
ARCHIVE = ".dependencies.zip"
SETTINGS = ".dependencies/settings.json"
FILE = ".dependencies/loader.py"
MOVED = ".dependencies/moved"
STUB = "_package_function"
APART = 'raise ImportError(f"{__name__} is imported by the function\'s loader only")\n'
ON_DEMAND = "on-demand"

_TMP = "/tmp"  # noqa: S108 - on Lambda nobody else is there
_CHUNK = 1 << 20
_BATCH = 4 << 20
_WHOLE = 16 << 20

_arranging = threading.Lock()

Member = tuple[str, int, int, int, int, int]
"""Name, method, compressed size, size, offset of the local header, mode."""

_finders: dict[str, Finder] = {}


def enter(name: str, home: str, task_root: str, namespace: dict[str, Any]) -> None:
    """Does what the module would do whose place a stub has taken.

    Args:
        name: The module that the stub stands for.
        home: The directory that holds the nested ZIP.
        task_root: The directory that Lambda has unpacked the function into.
        namespace: The stub's own.

    Raises:
        ImportError: The nested ZIP cannot be extracted; the text says what to do.
    """
    finder = prepare(home, task_root)
    spec = finder.locate(name)
    loader: Any = spec.loader
    if finder.is_moved(name) and isinstance(loader, SourceFileLoader):
        loader = _Moved(name, namespace["__file__"], finder)
    elif namespace["__name__"] == name:
        _replace(name, spec, finder)
        return
    else:
        namespace["__file__"] = spec.origin
    code = loader.get_code(name)
    namespace.pop(STUB, None)
    exec(code, namespace)  # noqa: S102 - it is the module's own


def prepare(home: str, task_root: str) -> Finder:
    """Makes what is nested importable, and extracts what cannot wait.

    Raises:
        ImportError: See `enter`.
    """
    # Writing it takes longer than all that it could save: nobody starts here twice.
    sys.dont_write_bytecode = True
    finder = _finders.get(home)
    if finder is None:
        with _explained():
            finder = _finders.setdefault(home, Finder(home, task_root))
    finder.install()
    return finder


def _replace(name: str, spec: ModuleSpec, finder: Finder) -> None:
    """Replaces a stub in `sys.modules` by the module that it stands for."""
    module = module_from_spec(spec)
    if finder.is_moved(name):  # what it looks for beside itself has not moved
        moved = os.path.join(finder.home, MOVED)
        place = os.path.relpath(str(spec.origin), moved)
        module.__file__ = os.path.join(finder.task_root, place)
    # As the import system does it: other threads that import this module now wait.
    spec._initializing = True  # type: ignore[attr-defined]
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    finally:
        spec._initializing = False  # type: ignore[attr-defined]


@contextmanager
def _explained() -> Iterator[None]:
    """Makes an ImportError of what can go wrong with a nested ZIP."""
    try:
        yield
    except (OSError, ValueError, KeyError, struct.error, zlib.error) as error:
        raise ImportError(
            f"The function's nested ZIP could not be extracted: {error}"
        ) from error


class _Moved(SourceFileLoader):
    """Reads a source and its bytecode from where they have been moved to."""

    def __init__(self, name: str, path: str, finder: Finder) -> None:
        super().__init__(name, path)
        self._finder = finder

    def get_data(self, path: str) -> bytes:
        return super().get_data(self._finder.moved(path))

    def path_stats(self, path: str) -> Any:
        return super().path_stats(self._finder.moved(path))

    def source_to_code(self, data: Any, path: Any, **options: Any) -> Any:  # type: ignore[override]
        try:
            return super().source_to_code(data, path, **options)
        except SyntaxError as error:  # it shows a line of the file at the path
            lines = data.splitlines()
            if error.lineno and error.lineno <= len(lines):
                error.text = lines[error.lineno - 1].decode("utf-8", "replace") + "\n"
            raise

    def get_code(self, fullname: str) -> Any:
        """Lets tracebacks and `inspect` show its lines as well, not the stub's."""
        code = super().get_code(fullname)
        text = self.get_source(fullname) or ""
        lines = [f"{line}\n" for line in text.split("\n")]
        linecache.cache[self.path] = (len(text), None, lines, self.path)
        return code


class _Spec(ModuleSpec):
    """A spec that finds its module as soon as anybody asks where that is.

    That there is one, and what it is called, is known without: `find_spec` is how
    libraries look for others that they do not always need.
    """

    def __init__(self, name: str, find: Callable[[], ModuleSpec]) -> None:
        self.name = name
        self._find = find

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "_find":  # a copy that is being made, without anything in it
            raise AttributeError(attribute)
        self.__dict__.update(self._find().__dict__)
        self.__class__ = ModuleSpec  # type: ignore[assignment]
        self.__dict__.pop("_find", None)
        return getattr(self, attribute)


class Finder:
    """Finds modules that are nested, and extracts them when they are imported."""

    def __init__(self, home: str, task_root: str) -> None:
        with open(os.path.join(home, SETTINGS), encoding="utf-8") as file:
            settings = json.load(file)
        self.home = home
        self.task_root = task_root
        self.temporary = os.path.abspath(os.environ.get("TMPDIR") or _TMP)
        self.prefix = "package-function-" + settings["sha256"][:32]
        self._tmp_bytes: int = settings["tmp_bytes"]
        self._units: list[dict[str, Any]] = settings["units"]
        self._unit_of: dict[str, int] = {
            module: number
            for number, unit in enumerate(self._units)
            for module in unit["modules"]
        }
        self._directories: dict[int, str] = {}

    def install(self) -> None:
        """Takes its place in the import system, and extracts what cannot wait.

        Where an environment starts long before it is needed, all of it is extracted at
        once, but for tests.
        """
        with _arranging:
            if self not in sys.meta_path:
                finders = enumerate(sys.meta_path)
                place = next((n for n, each in finders if each is PathFinder), 0)
                sys.meta_path.insert(place, self)
        kind = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ON_DEMAND)
        for number, unit in enumerate(self._units):
            if unit["at_init"]:
                self.extract(number)
            elif kind != ON_DEMAND and not unit["tests"]:
                with suppress(ImportError):  # nobody has asked for it yet
                    self.extract(number)

    # -- modules --

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Finds a module that is nested. Source: `importlib.abc.MetaPathFinder`."""
        if name not in self._unit_of:
            return None
        earlier = self._before_ours(name, sys.path if path is None else path)
        spec = PathFinder.find_spec(name, earlier) if earlier else None
        if spec is not None and spec.loader is not None:
            return spec
        return _Spec(name, lambda: self.locate(name))

    def locate(self, name: str) -> ModuleSpec:
        """Extracts a module if need be, and finds it.

        Raises:
            ImportError: It cannot be extracted, or is not there.
        """
        number = self._unit_of.get(name)
        top = os.path.join(self.home, MOVED) if number is None else self.extract(number)
        parents = name.split(".")[:-1]
        spec = PathFinder.find_spec(name, [os.path.join(top, *parents)])
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is not in {self.home}/{ARCHIVE}", name=name)
        if number is None and spec.submodule_search_locations is not None:
            place = os.path.join(self.task_root, *name.split("."))
            spec.submodule_search_locations = [place]
        return spec

    def is_moved(self, name: str) -> bool:
        """Whether a module is not nested, and only had to make room for its stub."""
        return name not in self._unit_of

    def moved(self, path: str) -> str:
        """Where a file is that had to make room."""
        relative = os.path.relpath(path, self.task_root)
        return os.path.join(self.home, MOVED, relative)

    def _before_ours(self, name: str, path: Iterable[Any]) -> list[str]:
        """What is looked at before the place of a module; nothing if that is not there.

        What has been put before it stays before it: by a wrapper, or by a library that
        looks for a native module of its own name.
        """
        tops = (self.task_root, self._directories.get(self._unit_of[name]))
        parents = name.split(".")[:-1]
        ours = {os.path.realpath(os.path.join(top, *parents)) for top in tops if top}
        earlier: list[str] = []
        for entry in path:
            if isinstance(entry, str) and os.path.realpath(entry) in ours:
                return earlier
            earlier.append(entry)
        return []

    def _is_ours(self, entry: object) -> bool:
        """Whether it is the task root, or something that has been extracted."""
        if not isinstance(entry, str):
            return False
        real = os.path.realpath(entry)
        extracted = os.path.join(os.path.realpath(self.temporary), self.prefix)
        return real.startswith(extracted) or real == os.path.realpath(self.task_root)

    # -- metadata --

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterator[Distribution]:
        """Finds a distribution by its name, if any of it is nested.

        All others, and all of them where no name is asked for, are found in the task
        root, where the metadata is. Source: `importlib.metadata.DistributionFinder`.
        """
        if context is None or context.name is None:
            return
        import re

        from importlib import metadata

        name = re.sub(r"[-_.]+", "-", context.name).lower()
        units = [
            number
            for number, unit in enumerate(self._units)
            if name in unit["distributions"]
        ]
        if not units or not any(map(self._is_ours, context.path)):
            return
        finder = self

        class Found(metadata.PathDistribution):
            def locate_file(self, path: Any) -> Any:
                place = finder._place_of(str(path), units)
                return super().locate_file(path) if place is None else place / str(path)

        at = metadata.DistributionFinder.Context(
            name=context.name, path=[self.task_root]
        )
        for each in metadata.MetadataPathFinder.find_distributions(at):
            yield Found(each._path)

    def _place_of(self, file: str, units: Sequence[int]) -> Any:
        from pathlib import Path

        whole = None
        for number in units:
            unit = self._units[number]
            if unit["tests"]:
                modules = unit["modules"]
                places = tuple(each.replace(".", "/") + "/" for each in modules)
                is_in_it = file.startswith(places)
            else:
                is_in_it = file in unit["files"]
                if not unit["files"] and ".dist-info/" not in file:
                    whole = number
            if is_in_it:
                return Path(self.extract(number))
        return None if whole is None else Path(self.extract(whole))

    # -- extraction --

    def extract(self, number: int) -> str:
        """Extracts a unit and what it needs, and puts it on `sys.path`.

        It goes in front of the task root, wherever that stands.

        Raises:
            ImportError: It cannot be extracted; the text says what to do.
        """
        for each in (*self._units[number]["needs"], number):
            if each not in self._directories:
                self._extract_one(each)
        return self._directories[number]

    def _extract_one(self, number: int) -> None:
        unit = self._units[number]
        with _explained():
            directory = extract(
                os.path.join(self.home, ARCHIVE),
                self._result(number),
                unit["directory"],
                self._tmp_bytes,
                self._links(number),
                self._apart(number),
            )
        with _arranging:  # two threads may import two modules of the unit
            is_first = number not in self._directories
            if is_first:
                if not unit["files"]:  # nothing but what is found by name is in it
                    self._list(directory)
                self._directories[number] = directory
        if is_first and unit["at_init"]:
            site.addsitedir(directory)  # Lambda obeys .pth files in the task root, too

    def _result(self, number: int) -> str:
        return os.path.join(self.temporary, f"{self.prefix}-{number}")

    def _links(self, number: int) -> dict[str, str]:
        """Where the libraries are that an extension module shares with others."""
        unit = self._units[number]
        package = unit["part_of"]
        top = self.task_root if package is None else self._result(package)
        return {file: os.path.join(top, file) for file in unit["links"]}

    def _apart(self, number: int) -> list[str]:
        """What stands in a package for the extension modules that are elsewhere.

        So it is listed. To link to them would show files that are not there yet.
        """
        return [
            f"{module.replace('.', '/')}.py"
            for unit in self._units
            if unit["part_of"] == number
            for module in unit["modules"]
        ]

    def _list(self, directory: str) -> None:
        place = next(
            (place for place, each in enumerate(sys.path) if self._is_ours(each)), 0
        )
        sys.path.insert(place, directory)


def _renew() -> None:
    """In a forked child nobody is left who would give the lock back."""
    global _arranging
    _arranging = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def extract(
    archive: str,
    result: str,
    directory: Sequence[int],
    total_bytes: int,
    links: Mapping[str, str],
    apart: Sequence[str],
) -> str:
    """Extracts a unit of a nested ZIP, once.

    Args:
        archive: The nested ZIP.
        result: The directory to make.
        directory: Where the unit's part of the ZIP's central directory is: offset,
            length, number of members.
        total_bytes: What all units take, for advice.
        links: What stands beside its files, and where it is.
        apart: Names of sources that stand for modules which are elsewhere.
    """
    if os.path.isdir(result):
        return result
    lock = os.open(result + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(result):
            _extract_all(archive, result, directory, total_bytes, links, apart)
    finally:
        # A child that has been forked meanwhile has this descriptor, too.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)
    return result


def _extract_all(
    archive: str,
    result: str,
    directory: Sequence[int],
    total_bytes: int,
    links: Mapping[str, str],
    apart: Sequence[str],
) -> None:
    staging = result + ".partial"
    descriptor = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
    try:
        members = _read_members(descriptor, directory)
        if os.path.isdir(staging):
            missing = _missing(staging, members)
        else:
            os.mkdir(staging)
            missing = members
        _make_directories(staging, [*(member[0] for member in members), *links])
        _link(staging, links)
        for name in apart:
            with open(os.path.join(staging, name), "w", encoding="utf-8") as file:
                file.write(APART)
        _check_space(staging, members, missing, total_bytes)
        try:
            _extract_missing(descriptor, staging, missing)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # somebody else writes there, too
                missing = _missing(staging, members)
                _check_space(staging, members, missing, total_bytes)
            raise
    finally:
        os.close(descriptor)
    os.rename(staging, result)


def _read_members(descriptor: int, place: Sequence[int]) -> list[Member]:
    """Reads a part of the central directory."""
    offset, length, count = place
    directory = os.pread(descriptor, length, offset)
    if len(directory) != length or directory[:4] not in (b"PK\1\2", b""):
        raise OSError(errno.EIO, "it is damaged: its end is missing")
    members = []
    position = 0
    for _ in range(count):
        (method, compressed, size, name_length, extra_length, attributes, offset) = (
            struct.unpack_from("<10xH8x2I2H6x2I", directory, position)
        )
        position += 46
        name = directory[position : position + name_length].decode("utf-8")
        position += name_length
        if extra_length:  # ZIP64's, and then only what did not fit
            numbers = iter(
                struct.unpack_from(f"<{extra_length // 8}Q", directory, position + 4)
            )
            position += extra_length
            size, compressed, offset = (
                next(numbers) if value == 0xFFFFFFFF else value
                for value in (size, compressed, offset)
            )
        mode = 0o755 if attributes >> 16 & 0o111 else 0o644
        members.append((name, method, compressed, size, offset, mode))
    return members


def _missing(staging: str, members: list[Member]) -> list[Member]:
    """Finds what is not complete; what has been begun is removed, as it takes space."""
    missing = []
    for member in members:
        path = os.path.join(staging, member[0])
        try:
            if os.stat(path).st_size == member[3]:
                continue
            os.unlink(path)
        except FileNotFoundError:
            pass
        missing.append(member)
    return missing


def _make_directories(staging: str, names: Iterable[str]) -> None:
    made = {""}
    for name in names:
        parent = name.rpartition("/")[0]
        if parent not in made:
            made.add(parent)
            os.makedirs(os.path.join(staging, parent), exist_ok=True)


def _link(staging: str, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        with suppress(FileExistsError):  # an extraction has been killed
            os.symlink(target, os.path.join(staging, name))


def _check_space(
    staging: str, members: list[Member], missing: list[Member], total_bytes: int
) -> None:
    state = os.statvfs(staging)
    block = state.f_frsize

    def needed_by(some: list[Member]) -> int:
        return sum(-(-member[3] // block) * block for member in some)

    free = state.f_bavail * block
    short = needed_by(missing) - free
    if short > 0:
        # Enough for this, and for all that may be imported later.
        size = max(state.f_blocks * block + short, total_bytes)
        text = _too_small(staging, needed_by(members), free, size)
        raise OSError(errno.ENOSPC, text)


def _too_small(staging: str, needed: int, free: int, size: int) -> str:
    total = -(-size // MIB)
    if total * MIB > MAX_EPHEMERAL_STORAGE:
        advice = "that is more than Lambda has: leave something out of the package"
    else:
        advice = (
            "set the function's ephemeral storage (EphemeralStorage.Size) to at least"
            f" {max(total, 512)} MB"
        )
    return (
        f"it needs {-(-needed // MIB)} MB in {os.path.dirname(staging)}, where"
        f" {free // MIB} MB are free: {advice}"
    )


def _extract_missing(descriptor: int, staging: str, missing: list[Member]) -> None:
    """Extracts on all cores: zlib and the file system work without the GIL."""
    # The largest first: what is left at the end keeps no core waiting for long.
    batches = sorted(_batches(missing), key=_size_of, reverse=True)
    pending = iter(batches)
    taking = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                with taking:
                    batch = next(pending, None)
                if batch is None:
                    return
                _extract_batch(descriptor, staging, batch)
        except BaseException as error:
            failures.append(error)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    workers = [
        threading.Thread(target=work, daemon=True)
        for _ in range(1, min(cores, len(batches)))
    ]
    for worker in workers:
        worker.start()
    work()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def _size_of(batch: list[Member]) -> int:
    return sum(member[3] for member in batch)


def _batches(members: list[Member]) -> Iterator[list[Member]]:
    """Puts small neighbours together: what is read at once stands side by side."""
    batch: list[Member] = []
    size = 0
    for member in members:
        if batch and size + member[3] > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member[3]
    if batch:
        yield batch


def _extract_batch(descriptor: int, staging: str, batch: list[Member]) -> None:
    first = batch[0][4]
    _, _, compressed, _, last, _ = batch[-1]
    length = last + 30 + len(batch[-1][0].encode()) + compressed - first
    is_together = 0 < length <= 2 * _BATCH and len(batch) > 1
    block = memoryview(os.pread(descriptor, length, first) if is_together else b"")
    for member in batch:
        _extract_member(
            descriptor, member, os.path.join(staging, member[0]), first, block
        )


def _extract_member(
    descriptor: int, member: Member, path: str, first: int, block: memoryview
) -> None:
    name, method, compressed, size, offset, mode = member
    at = offset - first
    header = block[at : at + 30] if block else os.pread(descriptor, 30, offset)
    name_length, extra_length = struct.unpack_from("<2H", header, 26)
    start = 30 + name_length + extra_length
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        data = block[at + start : at + start + compressed]
        if len(data) < compressed or size > _WHOLE:
            written = _copy(descriptor, file, offset + start, compressed, method)
        else:
            content = zlib.decompress(data, -15, size or 1) if method else data
            written = _write_all(file, content)
    finally:
        os.close(file)
    if written != size:
        raise OSError(errno.EIO, f"{name} has {written} bytes instead of {size}")


def _copy(descriptor: int, file: int, start: int, compressed: int, method: int) -> int:
    """Copies a member piece by piece: memory is scarce."""
    inflate = zlib.decompressobj(-15) if method else None
    end = start + compressed
    written = 0
    while start < end:
        data = os.pread(descriptor, min(_CHUNK, end - start), start)
        if not data:
            break
        start += len(data)
        while data:
            if inflate is None:
                output, data = data, b""
            else:
                output = inflate.decompress(data, 4 * _CHUNK)
                data = inflate.unconsumed_tail
            written += _write_all(file, output)
    if inflate is not None:
        written += _write_all(file, inflate.flush())
    return written


def _write_all(file: int, data: bytes | memoryview) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    return len(data)
