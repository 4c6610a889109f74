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
4. Each file's CRC-32 is checked, and that of what says which files there are.
5. Renaming the sibling to the result is atomic. A lost race is not an error.
6. Somebody may empty `/tmp` in between. What is gone is extracted again when something
   of it is imported.

See docs/nested-zip.md.
"""

from __future__ import annotations

import errno
import fcntl
import io
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
from importlib import invalidate_caches
from importlib.machinery import ModuleSpec
from importlib.machinery import PathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec
from importlib.util import spec_from_file_location


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
FILES = (".dependencies/loader.py", ".dependencies/located.py")
MOVED = ".dependencies/moved"
STUB = "_package_function"
ON_DEMAND = "on-demand"

_TMP = "/tmp"  # noqa: S108 - on Lambda nobody else is there
_CHUNK = 1 << 20
_BATCH = 4 << 20
_WHOLE = 16 << 20

_arranging = threading.Lock()

Member = tuple[str, int, int, int, int, int, int]
"""Name, method, compressed size, size, offset of the local header, mode, CRC-32."""

_finders: dict[str, Finder] = {}

_moved: dict[str, _Moved] = {}
"""Who reads the sources of modules that made room for stubs, by the stubs' paths."""

_STUB = """\
def {function}():
    import os
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    here = os.path.dirname(os.path.abspath(__file__))
    home = os.path.normpath(os.path.join(here, {home!r}))
    task_root = os.path.normpath(os.path.join(here, {task_root!r}))
    loader = sys.modules.get("_package_function_loader")
    if loader is None:
        path = os.path.join(home, {file!r})
        spec = spec_from_file_location("_package_function_loader", path)
        loader = module_from_spec(spec)
        spec.loader.exec_module(loader)
        loader = sys.modules.setdefault("_package_function_loader", loader)
    loader.{call}


{function}()
"""


def stub(name: str, home: str, task_root: str) -> str:
    """Writes the source that stands for a module; for none, if that has no name.

    Args:
        name: The module's.
        home: The directory that holds the nested ZIP, from the source's own.
        task_root: The same of the directory that the function is unpacked into.
    """
    call = f"enter({name!r}, home, task_root, globals())"
    return _STUB.format(
        function=STUB,
        home=home,
        task_root=task_root,
        file=FILES[0],
        call=call if name else "prepare(home, task_root)",
    )


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
        _show_lines_of(loader)
        code = loader.get_code(name)
    else:
        code = loader.get_code(name)
        if code is None:  # an extension module makes its own
            _replace(name, spec, finder)
            return
        if namespace["__name__"] == name:
            _become(namespace, spec)
        namespace["__file__"] = finder.file_of(name, spec)
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


def _become(namespace: dict[str, Any], spec: ModuleSpec) -> None:
    """Makes the module of a stub one that is somewhere else.

    It stays the same object, with the same spec: an import hook may have both, and the
    import system marks the spec while other threads have to wait.
    """
    own = namespace.get("__spec__") or spec
    vars(own).update(vars(spec))
    namespace.update(vars(module_from_spec(spec)), __spec__=own)


def _replace(name: str, spec: ModuleSpec, finder: Finder) -> None:
    """Replaces a stub in `sys.modules` by the module that it stands for."""
    module = module_from_spec(spec)
    module.__file__ = finder.file_of(name, spec)
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
    except (OSError, ValueError, LookupError, struct.error, zlib.error) as error:
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


def _show_lines_of(loader: _Moved) -> None:
    """Lets tracebacks and `inspect` show a module's own lines, not its stub's."""
    if not _moved:
        update = linecache.updatecache

        def updatecache(filename: str, module_globals: Any = None) -> list[str]:
            moved = _moved.get(filename)
            if moved is None:
                return update(filename, module_globals)
            try:
                text = moved.get_source(moved.name) or ""
            except (ImportError, SyntaxError, UnicodeDecodeError):
                return []
            lines = io.StringIO(text).readlines()
            if not text.endswith("\n"):
                lines[-1:] = [f"{lines[-1] if lines else ''}\n"]
            linecache.cache[filename] = (len(text), None, lines, filename)
            return lines

        linecache.updatecache = updatecache
    _moved[loader.path] = loader


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
        self.units: list[dict[str, Any]] = settings["units"]
        self._unit_of: dict[str, int] = {
            module: number
            for number, unit in enumerate(self.units)
            for module in unit["modules"]
        }
        self._located: Any = None
        self._witnesses: dict[int, str] = {}
        """A file of what has been extracted, or its directory, by its number."""

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
        for number, unit in enumerate(self.units):
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
        if name == "pkg_resources":
            found = self._find(name, path) or PathFinder.find_spec(name, path)
            if found is not None and found.loader is not None:
                self._locating.locate_resources(self, found)
            return found
        return self._find(name, path)

    def _find(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        if name not in self._unit_of:
            self._restore_for(name)
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
        place = [os.path.join(top, *name.split(".")[:-1])]
        spec = PathFinder.find_spec(name, place)
        if number is not None and (spec is None or spec.loader is None):
            # Its directory is there, but somebody has removed the file.
            self._extract_one(number, "")
            spec = PathFinder.find_spec(name, place)
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is not in {self.home}/{ARCHIVE}", name=name)
        if number is None and spec.submodule_search_locations is not None:
            flat = os.path.join(self.task_root, *name.split("."))
            spec.submodule_search_locations = [flat]
        if number is not None and spec.origin is not None:
            self._witnesses[number] = spec.origin
        return spec

    def is_moved(self, name: str) -> bool:
        """Whether a module is not nested, and only had to make room for its stub."""
        return name not in self._unit_of

    def moved(self, path: str) -> str:
        """Where a file is that had to make room."""
        relative = os.path.relpath(path, self.task_root)
        return os.path.join(self.home, MOVED, relative)

    def file_of(self, name: str, spec: ModuleSpec) -> str:
        """What a module's `__file__` is: what is beside that has not moved."""
        file = str(spec.origin)
        if not self.is_moved(name):
            return file
        relative = os.path.relpath(file, os.path.join(self.home, MOVED))
        return os.path.join(self.task_root, relative)

    def _restore_for(self, name: str) -> None:
        """Extracts again what a submodule is in, if it was there and is gone."""
        while name := name.rpartition(".")[0]:
            number = self._unit_of.get(name)
            if number in self._witnesses:
                self.extract(number)
                return

    def _before_ours(self, name: str, path: Iterable[Any]) -> list[str]:
        """What is looked at before the place of a module; nothing if that is not there.

        What has been put before it stays before it: by a wrapper, or by a library that
        looks for a native module of its own name.
        """
        tops = (self.task_root, self._result(self._unit_of[name]))
        parents = name.split(".")[:-1]
        ours = {os.path.realpath(os.path.join(top, *parents)) for top in tops}
        earlier: list[str] = []
        for entry in path:
            if isinstance(entry, str) and os.path.realpath(entry) in ours:
                return earlier
            earlier.append(entry)
        return []

    def is_ours(self, entry: object) -> bool:
        """Whether it is the task root, or something that has been extracted."""
        if not isinstance(entry, str):
            return False
        real = os.path.realpath(entry)
        extracted = os.path.join(os.path.realpath(self.temporary), self.prefix)
        return real.startswith(extracted) or real == os.path.realpath(self.task_root)

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterator[Distribution]:
        """Finds distributions. Source: `importlib.metadata.DistributionFinder`."""
        found: Iterator[Distribution] = self._locating.find_distributions(self, context)
        return found

    @property
    def _locating(self) -> Any:
        """The module `located`, which most functions never need."""
        if self._located is None:
            path = os.path.join(os.path.dirname(__file__), os.path.basename(FILES[1]))
            spec: Any = spec_from_file_location("_package_function_located", path)
            self._located = module_from_spec(spec)
            spec.loader.exec_module(self._located)
        return self._located

    # -- extraction --

    def extract(self, number: int) -> str:
        """Extracts a unit and what it needs, and puts it on `sys.path`.

        It goes in front of the task root, wherever that stands.

        Raises:
            ImportError: It cannot be extracted; the text says what to do.
        """
        for each in (*self.units[number]["needs"], number):
            witness = self._witnesses.get(each)
            if witness is None or not os.path.exists(witness):
                self._extract_one(each, witness)
        return self._result(number)

    def _extract_one(self, number: int, witness: str | None) -> None:
        unit = self.units[number]
        result = self._result(number)
        nested = Nested(
            os.path.join(self.home, ARCHIVE),
            result,
            unit["directory"],
            self._tmp_bytes,
            self._links(number),
            self._stand_ins(number),
        )
        with _explained():
            extract(nested, result if witness is None else witness)
        with _arranging:  # two threads may import two modules of the unit
            is_first = number not in self._witnesses
            if is_first:
                if not unit["files"]:  # nothing but what is found by name is in it
                    self._list(result)
                self._witnesses[number] = result
        if not is_first:
            invalidate_caches()  # that it was gone may have been noticed
        elif unit["at_init"]:
            site.addsitedir(result)  # Lambda obeys .pth files in the task root, too

    def _result(self, number: int) -> str:
        return os.path.join(self.temporary, f"{self.prefix}-{number}")

    def _links(self, number: int) -> dict[str, str]:
        """Where the libraries are that an extension module shares with others."""
        unit = self.units[number]
        package = unit["part_of"]
        top = self.task_root if package is None else self._result(package)
        return {file: os.path.join(top, file) for file in unit["links"]}

    def _stand_ins(self, number: int) -> dict[str, str]:
        """What stands in a package for modules of it that are elsewhere.

        So they are listed, and found where nobody has met a stub before: by a child
        that has taken over `sys.path`. Links to files would show what is not there yet.
        """
        return {
            f"{module.replace('.', '/')}{'/__init__' if unit['tests'] else ''}.py": (
                stub(module, self.home, self.task_root)
            )
            for unit in self.units
            if unit["part_of"] == number
            for module in unit["modules"]
        }

    def _list(self, directory: str) -> None:
        place = next(
            (place for place, each in enumerate(sys.path) if self.is_ours(each)), 0
        )
        sys.path.insert(place, directory)


def _renew() -> None:
    """In a forked child nobody is left who would give the lock back."""
    global _arranging
    _arranging = threading.Lock()


os.register_at_fork(after_in_child=_renew)


class Nested:
    """What is to be extracted of a nested ZIP, and where to.

    Attributes:
        archive: The nested ZIP.
        result: The directory to make.
        directory: Where the unit's part of the ZIP's central directory is: offset,
            length, number of members; and its CRC-32 in hexadecimal.
        total_bytes: What all units take, for advice.
        links: What stands beside its files, and where it is.
        stand_ins: Sources that stand for modules which are elsewhere, by their names.
    """

    def __init__(
        self,
        archive: str,
        result: str,
        directory: Sequence[Any],
        total_bytes: int,
        links: Mapping[str, str],
        stand_ins: Mapping[str, str],
    ) -> None:
        self.archive = archive
        self.result = result
        self.directory = directory
        self.total_bytes = total_bytes
        self.links = links
        self.stand_ins = stand_ins


def extract(nested: Nested, witness: str) -> None:
    """Extracts a unit of a nested ZIP, once.

    Args:
        nested: The unit.
        witness: What is there if all of it is: as a rule the directory.
    """
    if os.path.exists(witness):
        return
    with _locked(f"{nested.result}.lock"):
        if not os.path.exists(witness):
            _extract_all(nested)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(lock, path):  # who empties `/tmp` removes it, held or not
                yield
                return
        finally:
            # A child that has been forked meanwhile has this descriptor, too.
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _extract_all(nested: Nested) -> None:
    staging = nested.result + ".partial"
    descriptor = os.open(nested.archive, os.O_RDONLY | os.O_CLOEXEC)
    try:
        members = _read_members(descriptor, nested.directory)
        if os.path.isdir(nested.result):  # without some of its files
            os.rename(nested.result, staging)
        if os.path.isdir(staging):
            missing = _missing(staging, members)
        else:
            os.mkdir(staging)
            missing = members
        place = os.stat(staging)
        names = (member[0] for member in members)
        _make_directories(staging, [*names, *nested.links, *nested.stand_ins])
        _link(staging, nested.links)
        for name, text in nested.stand_ins.items():
            with open(os.path.join(staging, name), "w", encoding="utf-8") as file:
                file.write(text)
        _check_space(staging, members, missing, nested.total_bytes)
        try:
            _extract_missing(descriptor, staging, missing)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # somebody else writes there, too
                missing = _missing(staging, members)
                _check_space(staging, members, missing, nested.total_bytes)
            raise
    finally:
        os.close(descriptor)
    if not os.path.samestat(place, os.stat(staging)):
        raise OSError(errno.ENOENT, f"somebody has removed {staging} meanwhile")
    os.rename(staging, nested.result)


def _read_members(descriptor: int, place: Sequence[Any]) -> list[Member]:
    """Reads a part of the central directory."""
    offset, length, count, checksum = place
    directory = os.pread(descriptor, length, offset)
    if len(directory) != length:
        raise OSError(errno.EIO, "it is damaged: its end is missing")
    if zlib.crc32(directory) != int(checksum, 16):
        raise OSError(errno.EIO, "it is damaged: its directory has another CRC-32")
    members = []
    position = 0
    for _ in range(count):
        method, crc, compressed, size, name_length, extra_length, mode, offset = (
            struct.unpack_from("<10xH4x3I2H6x2I", directory, position)
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
        mode = 0o755 if mode >> 16 & 0o111 else 0o644
        members.append((name, method, compressed, size, offset, mode, crc))
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
    workers = []
    for _ in range(1, min(cores, len(batches))):
        worker = threading.Thread(target=work, daemon=True)
        try:
            worker.start()
        except RuntimeError:  # there is a limit, or the interpreter is about to end
            break
        workers.append(worker)
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
    name, _, compressed, _, last, _, _ = batch[-1]
    length = last + 30 + len(name.encode()) + compressed - first
    is_together = 0 < length <= 2 * _BATCH and len(batch) > 1
    block = memoryview(os.pread(descriptor, length, first) if is_together else b"")
    for member in batch:
        _extract_member(
            descriptor, member, os.path.join(staging, member[0]), first, block
        )


def _extract_member(
    descriptor: int, member: Member, path: str, first: int, block: memoryview
) -> None:
    name, _, _, size, _, mode, crc = member
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        written, found = _write_member(descriptor, file, member, first, block)
    except BaseException:
        os.unlink(path)  # with its size, it would be taken for complete
        raise
    finally:
        os.close(file)
    if (written, found) == (size, crc):
        return
    os.unlink(path)
    if written != size:
        raise OSError(errno.EIO, f"{name} has {written} bytes instead of {size}")
    raise OSError(errno.EIO, f"{name} is damaged: it has another CRC-32")


def _write_member(
    descriptor: int, file: int, member: Member, first: int, block: memoryview
) -> tuple[int, int]:
    """Writes a member's content; returns its size and CRC-32."""
    _, method, compressed, size, offset, _, _ = member
    at = offset - first
    header = block[at : at + 30] if block else os.pread(descriptor, 30, offset)
    name_length, extra_length = struct.unpack_from("<2H", header, 26)
    start = 30 + name_length + extra_length
    data = block[at + start : at + start + compressed]
    if len(data) < compressed or size > _WHOLE:
        return _copy(descriptor, file, offset + start, member)
    content = zlib.decompress(data, -15, size or 1) if method else data
    found = zlib.crc32(content)
    return _write_all(file, content), found


def _copy(descriptor: int, file: int, start: int, member: Member) -> tuple[int, int]:
    """Copies a member piece by piece: memory is scarce.

    Returns:
        How many bytes it has, and their CRC-32; of too many, only the first.
    """
    _, method, compressed, size, *_ = member
    written = crc = 0
    for piece in _pieces(descriptor, start, compressed, method):
        crc = zlib.crc32(piece, crc)
        written += _write_all(file, piece)
        if written > size:
            break
    return written, crc


def _pieces(
    descriptor: int, start: int, compressed: int, method: int
) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15) if method else None
    end = start + compressed
    while start < end and not (inflate and inflate.eof):
        data = os.pread(descriptor, min(_CHUNK, end - start), start)
        if not data:
            return
        start += len(data)
        if inflate is None:
            yield data
            continue
        while data and not inflate.eof:  # then it leaves the rest as it is
            yield inflate.decompress(data, 4 * _CHUNK)
            data = inflate.unconsumed_tail
    if inflate is not None and not inflate.eof:
        yield inflate.flush()


def _write_all(file: int, data: bytes | memoryview) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    return len(data)
