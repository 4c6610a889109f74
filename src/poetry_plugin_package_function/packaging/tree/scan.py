"""From installed and included files to the entries of the archive."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import stat

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ChoiceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.distributions import RecordRow
from poetry_plugin_package_function.packaging.sources.distributions import (
    portable_metadata,
)
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.sources.distributions import (
    rewrite_record,
)
from poetry_plugin_package_function.packaging.sources.distributions import (
    stable_metadata,
)
from poetry_plugin_package_function.packaging.sources.distributions import stable_wheel
from poetry_plugin_package_function.packaging.sources.distributions import (
    unneeded_seeds,
)
from poetry_plugin_package_function.packaging.tree.sdk import NOTHING_PROVIDED
from poetry_plugin_package_function.packaging.tree.sdk import nothing_provided


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.wheel import Stream
    from poetry_plugin_package_function.packaging.tree.sdk import Provided
    from poetry_plugin_package_function.values import Inclusion


class Entry(NamedTuple):
    """A file that will be in the archive.

    Attributes:
        name: Its name in the archive, with "/".
        source: The path of the file to read, the content itself, or where it stands
            compressed.
        size_bytes: Its size; reading another number of bytes later is an error.
        executable: Whether anyone may execute it.
        distribution: Whose file it is; None for included files and those that no
            RECORD names.
        included: Whether it is one of the project's files that `include` names.
        made: Whether the source has been made out of what is installed.
    """

    name: str
    source: str | bytes | Stream
    size_bytes: int
    executable: bool = False
    distribution: NormalizedName | None = None
    included: bool = False
    made: bool = False


def content_of(entry: Entry) -> bytes:
    """Reads a file's content; what cannot be read, or stands compressed, has none."""
    if isinstance(entry.source, bytes):
        return entry.source
    if not isinstance(entry.source, str):
        return b""
    try:
        return Path(entry.source).read_bytes()
    except OSError:
        return b""  # who packages it, finds out why


def owner_of(entry: Entry) -> str:
    """Whose a file is, in words: a distribution's, or the project's."""
    return entry.distribution or (
        "the project" if entry.included else "no distribution"
    )


def exclude_line(*names: str) -> str:
    """The line of the settings that leaves out files or directories, by their names."""
    patterns = ("/" + re.sub(r"([\\*?\[])", r"\\\1", name) for name in names)
    listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in patterns)
    return f"exclude = [{listed}]"  # strings of JSON are strings of TOML


class EntryModule(NamedTuple):
    """A module of the project that others are imported through.

    It is the shallowest that is not a namespace package.

    Attributes:
        path: Its place in the archive, without a suffix: "my_app", "acme/fn".
        is_package: Whether it is a directory with an `__init__`.
    """

    path: str
    is_package: bool

    @property
    def name(self) -> str:
        """What is imported: "my_app", "acme.fn"."""
        return self.path.replace("/", ".")

    @property
    def file(self) -> str:
        """The source file that Python looks for, whatever it finds in its place."""
        return f"{self.path}/__init__.py" if self.is_package else f"{self.path}.py"


@dataclass(frozen=True)
class Tree:
    """All that the archive is to hold.

    Attributes:
        entries: Ordered by name.
        distributions: Those that are shipped.
        left_out: Distributions that are not, because the venv itself brought them.
        entry_modules: The project's own, ordered by path.
        provided: What is left to the runtime.
        passed_over: Files that would be entries, if no result were to be written there.
    """

    entries: tuple[Entry, ...]
    distributions: tuple[Distribution, ...]
    left_out: tuple[Distribution, ...]
    entry_modules: tuple[EntryModule, ...]
    provided: Provided = NOTHING_PROVIDED
    passed_over: tuple[Entry, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The sum of all files, unzipped."""
        return sum(entry.size_bytes for entry in self.entries)


_INSTALLER_MARKS: Final = frozenset(
    (
        *("RECORD", "direct_url.json", "INSTALLER", "REQUESTED"),
        *("uv_cache.json", "uv_build.json"),
    )
)
"""What an installer leaves in `.dist-info`: its name and version, paths, times."""

_OWN_METADATA: Final = frozenset(("METADATA", "WHEEL", "entry_points.txt"))

MODULE_SUFFIXES: Final = (".py", ".pyc", ".so", ".pyd")
"""What Python imports. Source: importlib.machinery.all_suffixes()."""


def scan(
    directories: Iterable[Path],
    *,
    project_name: NormalizedName | None,
    project_directory: Path,
    seeds: frozenset[str] = frozenset(),
    only: frozenset[NormalizedName] | None = None,
    exclude: tuple[str, ...] = (),
    include: tuple[Inclusion, ...] = (),
    results: frozenset[str] = frozenset(),
    sdk: Callable[[Sequence[Distribution]], Provided] = nothing_provided,
    refine: Callable[[Iterable[Entry]], Mapping[str, Entry]] = lambda _: {},
) -> Tree:
    """Lists what to ship.

    Args:
        directories: The site-packages directories; all of them end in one root.
        project_name: The project's own distribution.
        project_directory: Where the patterns of `include` start.
        seeds: See `unneeded_seeds`.
        only: The distributions that are shipped at most; None for all.
        exclude: gitignore patterns on names in the archive.
        include: Project files to add.
        results: Real paths that are not shipped wherever they are: what is written.
        sdk: Tells what is left to the runtime.
        refine: Makes entries that take the place of others.

    Raises:
        SourceError: A file cannot be shipped, or what there is cannot work on Lambda.
    """
    directories = tuple(directories)
    distributions = read_distributions(directories)
    unneeded = unneeded_seeds(distributions, seeds)
    wanted = [
        each
        for each in distributions
        if each not in unneeded and (only is None or each.name in only)
    ]
    provided = sdk(wanted)
    shipped = tuple(each for each in wanted if each.name not in provided.names)
    names = {each.name for each in shipped}
    left_out = tuple(each for each in distributions if each.name not in names)
    # Of several, the one that has been installed over the others: the last by name,
    # and the project before all.
    by_rank = sorted(shipped, key=lambda each: (each.name == project_name, each.name))
    owners = {row.path: each.name for each in by_rank for row in each.rows or ()}
    unwanted = {
        row.path for each in left_out for row in each.rows or ()
    } - owners.keys()
    unwanted_infos = {each.info for each in left_out}
    is_excluded = _matcher(exclude)
    is_result = _one_of(results)

    found: dict[str, Entry] = {}
    passed_over: list[Entry] = []
    for directory in directories:
        for file in _walk(str(directory), "", is_excluded):
            name = file.name
            if name in unwanted or _is_left_out(name, unwanted_infos):
                continue
            if is_result(file):
                passed_over.append(Entry(*file, owners.get(name)))
                continue
            if name.endswith(".pth") and "/" not in name:
                _check_pth(file)
            _add(found, file, owners.get(name))
    for file in _included(include, project_directory, is_excluded):
        if is_result(file):
            passed_over.append(Entry(*file, included=True))
        else:
            _add(found, file, None, included=True)
    _refuse_files_as_directories(found)
    found.update(refine(found.values()))
    sizes = {name: entry.size_bytes for name, entry in found.items()}
    for each in shipped:
        _rewrite_info(found, sizes, each, stable=each.name == project_name)
    entries = tuple(found[name] for name in sorted(found))
    if not entries and not passed_over:
        raise nothing_to_package(directories[0])
    modules = _entry_modules(found, project_name) or _modules_called(
        found, project_name
    )
    return Tree(entries, shipped, unneeded, modules, provided, tuple(passed_over))


def nothing_to_package(directory: Path) -> ChoiceError:
    """The error for a tree that has no entries."""
    return ChoiceError(
        f"There is nothing to package in {directory}.",
        "Add dependencies, `packages` or `include`, or look at `exclude`.",
    )


class _File(NamedTuple):
    name: str
    path: str
    size_bytes: int
    executable: bool


def _add(
    found: dict[str, Entry],
    file: _File,
    distribution: NormalizedName | None,
    *,
    included: bool = False,
) -> None:
    name, path, size_bytes, executable = file
    _check_name(name, path)
    entry = Entry(name, path, size_bytes, executable, distribution, included)
    other = found.setdefault(name, entry)
    if other is not entry:
        raise ChoiceError(
            f"Two files want the name {name} in the archive:"
            f" {_shown(other)} and {_shown(entry)}.",
            "Leave one of them out, or give it another place with `to`.",
        )


def _check_name(name: str, path: str) -> None:
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise SourceError(
            f"The name of {os.fsencode(path)!r} is not UTF-8.",
            "Rename the file, or leave it out with `exclude`.",
        ) from None
    if length > 0xFFFF:
        raise SourceError(
            f"The name {name[:60]}… has {length:,} bytes; a ZIP allows 65,535.",
            "Rename the file, or leave it out with `exclude`.",
        )


def _shown(entry: Entry) -> str:
    return entry.source if isinstance(entry.source, str) else "our own"


def _refuse_files_as_directories(found: dict[str, Entry]) -> None:
    for name, entry in found.items():
        if not entry.included and entry.distribution is not None:
            continue  # a file system has already kept these apart
        parent = os.path.dirname(name)
        while parent:
            if parent in found:
                raise SourceError(
                    f"{_shown(found[parent])} would be both a file and the directory"
                    f" of {_shown(entry)} in the archive.",
                    "Leave one of them out, or give it another place with `to`.",
                )
            parent = os.path.dirname(parent)


# -- what is left out ---------------------------------------------------------------


def _is_left_out(name: str, unwanted_infos: set[str]) -> bool:
    top, slash, rest = name.partition("/")
    if slash:
        return top.endswith(".dist-info") and (
            rest in _INSTALLER_MARKS or top in unwanted_infos
        )
    return top.endswith(".virtualenv") or top in ("_virtualenv.py", "_virtualenv.pth")


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    if not patterns:
        return lambda _: False
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def _check_pth(file: _File) -> None:
    """Refuses paths that only exist on this machine.

    Lines that start with "import" are code; relative paths are in the archive too, as
    long as they stay in site-packages.
    Source: https://docs.python.org/3/library/site.html
    """
    try:
        with open(file.path, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                text = line.strip()
                if text.startswith(("#", "import ", "import\t")):
                    continue
                if (
                    os.path.isabs(text)
                    or text[1:3] in (":\\", ":/")
                    or os.path.normpath(text).startswith("..")
                ):
                    raise SourceError(
                        f"{file.name} points at {text}, which will not exist on"
                        " Lambda.",
                        "Install the distribution for real (not editable), or leave"
                        " the file out with `exclude`.",
                    )
    except OSError as error:
        raise _unusable(file.path, error) from None


# -- the disk -----------------------------------------------------------------------


def _one_of(results: frozenset[str]) -> Callable[[_File], bool]:
    names = {os.path.basename(each) for each in results}
    # The base name is looked at first: following links costs a call for each file.
    return lambda file: (
        file.name.rpartition("/")[2] in names and os.path.realpath(file.path) in results
    )


def _everything(_name: str) -> bool:
    return True


def _walk(
    top: str,
    prefix: str,
    is_excluded: Callable[[str], bool],
    is_wanted: Callable[[str], bool] = _everything,
    *,
    project: bool = False,
) -> Iterator[_File]:
    """Lists all files below a directory; links are followed.

    Bytecode is passed over, but for modules that have no source beside them. What is
    excluded is not looked at, so it cannot be an error either.

    Args:
        top: Where to start.
        prefix: What the names in the archive begin with.
        is_excluded: Whether a name in the archive, or all below it, is left out.
        is_wanted: Whether a file of this name in the archive is asked for.
        project: Whether this is the user's project, with things in it that are no part
            of it: version control, virtual environments.
    """
    above: tuple[str, ...] = (os.path.realpath(top),)
    pending = [(top, prefix, above)]
    while pending:
        directory, prefix, real_above = pending.pop()
        items = _listing(directory)
        for item in items:
            name = prefix + item.name
            if is_excluded(name):
                continue
            try:
                if item.is_dir():
                    if not _is_passed_over(item, project=project):
                        real = _real_directory(item, real_above)
                        pending.append((item.path, f"{name}/", (*real_above, real)))
                elif is_wanted(name) and not _is_cached_bytecode(item, items):
                    yield _file(item.path, name, item.stat())
            except OSError as error:
                if is_wanted(name):
                    raise _unusable(item.path, error) from None


def _listing(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as listing:
            return list(listing)
    except OSError as error:
        raise _unusable(directory, error) from None


def _real_directory(item: os.DirEntry[str], real_above: tuple[str, ...]) -> str:
    inside = real_above[-1]
    if not item.is_symlink():
        return f"{inside}/{item.name}"
    real = os.path.realpath(item.path)
    if real in real_above or f"{inside}/".startswith(f"{real.rstrip('/')}/"):
        raise SourceError(
            f"{item.path} is a symbolic link to {real}, which it is itself in:"
            " following it never ends.",
            "Remove the link.",
        )
    return real


def _is_passed_over(item: os.DirEntry[str], *, project: bool) -> bool:
    if item.name == "__pycache__":
        return True
    return project and (
        item.name in (".git", ".hg", ".svn")
        or os.path.isfile(os.path.join(item.path, "pyvenv.cfg"))
    )


def _is_cached_bytecode(
    item: os.DirEntry[str], beside: Iterable[os.DirEntry[str]]
) -> bool:
    # Python 3 never imports a .pyo; it imports a .pyc here only if there is no .py.
    if not item.name.endswith((".pyc", ".pyo")):
        return False
    return item.name.endswith("o") or any(
        item.name[:-1] == other.name for other in beside
    )


def _file(path: str, name: str, status: os.stat_result) -> _File:
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            f"{path} is not a regular file.", "Remove it: the archive holds files only."
        )
    return _File(name, path, status.st_size, bool(status.st_mode & 0o111))


def _unusable(path: str, error: OSError) -> SourceError:
    if os.path.islink(path) and error.errno in (errno.ENOENT, errno.ELOOP):
        what = "which does not exist" if error.errno == errno.ENOENT else "in a circle"
        return SourceError(
            f"{path} is a symbolic link to {os.readlink(path)}, {what}.",
            "Remove the link, or install again what it belongs to.",
        )
    return SourceError(
        f"{path} cannot be read: {error.strerror}.",
        "Fix its permissions, or install again what it belongs to.",
    )


def _included(
    inclusions: Iterable[Inclusion],
    project: Path,
    is_excluded: Callable[[str], bool],
) -> Iterator[_File]:
    """Lists the project files that the patterns find, each once."""
    yielded: set[tuple[str, str]] = set()
    for inclusion in inclusions:
        nothing = True
        for file in _matches(inclusion, project, is_excluded):
            nothing = False
            if (file.name, file.path) not in yielded:
                yielded.add((file.name, file.path))
                yield file
        if nothing:
            raise ChoiceError(
                f"include: nothing in {project / inclusion.source} matches"
                f" {inclusion.pattern!r}.",
                "Fix the pattern: it starts at the project's directory, or at `from`.",
            )


def _matches(
    inclusion: Inclusion, project: Path, is_excluded: Callable[[str], bool]
) -> Iterator[_File]:
    """Finds files by a pattern, looking no further than its first wildcard says."""
    parts = Path(inclusion.pattern).parts
    literal = list(takewhile(lambda part: not set(part) & set("*?["), parts))
    start = os.path.normpath(os.path.join(project, inclusion.source, *literal))
    target = f"{inclusion.target}/" if inclusion.target else ""
    prefix = "/".join([*([inclusion.target] if inclusion.target else []), *literal])
    if len(literal) == len(parts) and not os.path.isdir(start):
        if os.path.lexists(start) and not is_excluded(prefix):
            try:
                yield _file(start, prefix, os.stat(start))
            except OSError as error:
                raise _unusable(start, error) from None
        return
    if not os.path.isdir(start):
        return
    # The language of `exclude`, but anchored: "*.py" is not "**/*.py".
    matches = _matcher(("/" + "/".join(parts),))
    yield from _walk(
        start,
        f"{prefix}/" if prefix else "",
        is_excluded,
        lambda name: matches(name.removeprefix(target)),
        project=True,
    )


# -- what is written anew -----------------------------------------------------------


def _rewrite_info(
    found: dict[str, Entry],
    sizes: dict[str, int],
    distribution: Distribution,
    *,
    stable: bool,
) -> None:
    """Replaces what an installer or a builder has left its marks in."""
    info = distribution.info
    rewritten: dict[str, RecordRow] = {}
    if stable:
        for name in [name for name in found if name.startswith(f"{info}/")]:
            if name.removeprefix(f"{info}/") not in _OWN_METADATA:
                del found[name], sizes[name]
        for file, write in (("METADATA", stable_metadata), ("WHEEL", stable_wheel)):
            name = f"{info}/{file}"
            text = distribution.read(file)
            if name in found and text is not None:
                rewritten[name] = _rewrite(found, name, write(text), distribution)
    else:
        name = f"{info}/METADATA"
        text = distribution.read("METADATA") if name in found else None
        content = None if text is None else portable_metadata(text)
        if content is not None:
            rewritten[name] = _rewrite(found, name, content, distribution)
    if distribution.rows is not None and f"{info}/METADATA" in found:
        record = rewrite_record(distribution, sizes, rewritten)
        _rewrite(found, f"{info}/RECORD", record, distribution)


def _rewrite(
    found: dict[str, Entry], name: str, content: bytes, distribution: Distribution
) -> RecordRow:
    found[name] = Entry(
        name, content, len(content), executable=False, distribution=distribution.name
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return RecordRow(name, f"sha256={digest.decode().rstrip('=')}", str(len(content)))


# -- the project's own modules ------------------------------------------------------


def _entry_modules(
    found: dict[str, Entry], project_name: NormalizedName | None
) -> tuple[EntryModule, ...]:
    modules = set()
    for name, entry in found.items():
        if entry.included or (
            project_name is not None and entry.distribution == project_name
        ):
            parts = module_parts(name)
            if parts:
                modules.add(_shallowest(parts, found))
    return tuple(sorted(modules))


def module_parts(name: str) -> list[str]:
    """Splits the name of a file that can be imported; [] for any other file.

    A name need not be an identifier: Lambda imports "my-func" and "functions/get-user"
    by their names.
    """
    *parents, file = name.split("/")
    if not file.endswith(MODULE_SUFFIXES):
        return []
    stem, _, suffix = file.rpartition(".")
    if suffix in ("so", "pyd"):  # a tag is in between: fast.cpython-313-x86_64.so
        stem = stem.partition(".")[0]
    parts = parents if stem == "__init__" else [*parents, stem]
    if parts == ["__main__"] or any("." in part or not part for part in parts):
        return []
    return parts


def _shallowest(parts: list[str], found: dict[str, Entry]) -> EntryModule:
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if any(f"{path}/__init__{suffix}" in found for suffix in MODULE_SUFFIXES):
            return EntryModule(path, is_package=True)
    return EntryModule("/".join(parts), is_package=False)


def _modules_called(
    found: dict[str, Entry], project_name: NormalizedName | None
) -> tuple[EntryModule, ...]:
    """Finds the module named as the project, in a venv that does not say whose it is.

    This is where package-python-function 1.0.0 looks.
    """
    wanted = (project_name or "").replace("-", "_")
    candidates = {name.split("/")[0].removesuffix(".py") for name in found}
    return tuple(
        _shallowest([name], found)
        for name in sorted(candidates)
        if name.lower() == wanted
        and (f"{name}.py" in found or f"{name}/__init__.py" in found)
    )
