"""Runs in Lambda: makes what is in a nested ZIP importable.

It is shipped beside the nested ZIP, and the stubs in the places of modules call
`enter`. It uses the standard library only, of Python 3.10 or later.

What a start may not need is in files beside it, which are loaded late: `extraction`
says how a unit of what is nested is extracted, `located` where files are.

See docs/nested-zip.md.
"""

from __future__ import annotations

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
    from collections.abc import Sequence
    from importlib.metadata import Distribution
    from importlib.metadata import DistributionFinder
    from types import ModuleType
    from typing import Any


ARCHIVE = ".dependencies.zip"
SETTINGS = ".dependencies/settings.json"
FILES = (
    ".dependencies/loader.py",
    ".dependencies/extraction.py",
    ".dependencies/located.py",
)
MOVED = ".dependencies/moved"
STUB = "_package_function"
ON_DEMAND = "on-demand"

TMP = "/tmp"  # noqa: S108 - on Lambda nobody else is there

_arranging = threading.Lock()

finders: dict[str, Finder] = {}

_moved: dict[str, _Moved] = {}
"""Who reads the sources of modules that made room for stubs, by the stubs' paths."""

_loaded: dict[str, Any] = {}
"""What of the files beside this one has been needed, by the name of the file."""

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
    finder = finders.get(home)
    if finder is None:
        with _explained():
            finder = finders.setdefault(home, Finder(home, task_root))
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


def beside(name: str) -> Any:
    """Loads a file that is beside this one, if it has not been needed before.

    Without bytecode all that is loaded is compiled at each cold start.
    """
    module = _loaded.get(name)
    if module is None:
        path = os.path.join(os.path.dirname(__file__), f"{name}.py")
        spec: Any = spec_from_file_location(f"_package_function_{name}", path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module = _loaded.setdefault(name, module)
    return module


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

    def source_to_code(self, data: Any, path: Any, *name: Any, **options: Any) -> Any:  # type: ignore[override]
        try:  # from Python 3.15 on the module's name is handed over, too
            return super().source_to_code(data, path, *name, **options)
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
        self.temporary = os.path.abspath(os.environ.get("TMPDIR") or TMP)
        self.prefix = "package-function-" + settings["sha256"][:32]
        self.tmp_bytes: int = settings["tmp_bytes"]
        self.units: list[dict[str, Any]] = settings["units"]
        self._unit_of: dict[str, int] = {
            module: number
            for number, unit in enumerate(self.units)
            for module in unit["modules"]
        }
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
                beside("located").locate_resources(self, found)
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
        found: Iterator[Distribution]
        found = beside("located").find_distributions(self, context)
        return found

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
        if witness is None:
            witness = result
        if not os.path.exists(witness):
            extraction = beside("extraction")
            nested = extraction.Nested(
                os.path.join(self.home, ARCHIVE),
                result,
                unit["directory"],
                self.tmp_bytes,
                self._links(number),
                self._stand_ins(number),
            )
            with _explained():
                extraction.extract(nested, witness)
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


if hasattr(os, "register_at_fork"):  # Windows, where a result is written, has no fork
    os.register_at_fork(after_in_child=_renew)
