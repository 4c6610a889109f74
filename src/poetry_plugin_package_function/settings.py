"""Options: a flag beats the table in `pyproject.toml`, the table beats the default."""

from __future__ import annotations

import difflib
import re

from collections import Counter
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.values import Inclusion
from poetry_plugin_package_function.values import Source
from poetry_plugin_package_function.values import read_architecture
from poetry_plugin_package_function.values import read_boolean
from poetry_plugin_package_function.values import read_inclusions
from poetry_plugin_package_function.values import read_memory
from poetry_plugin_package_function.values import read_names
from poetry_plugin_package_function.values import read_path
from poetry_plugin_package_function.values import read_patterns
from poetry_plugin_package_function.values import read_platform
from poetry_plugin_package_function.values import read_provided
from poetry_plugin_package_function.values import read_result
from poetry_plugin_package_function.values import read_runtime
from poetry_plugin_package_function.values import read_size
from poetry_plugin_package_function.values import read_text
from poetry_plugin_package_function.values import read_variables


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.runtimes import Runtime


@dataclass(frozen=True)
class Settings:
    """All that one run is asked to do. The fields are described in docs/usage.md."""

    output: Path
    function: str | None = None
    layer_output: Path | None = None
    layer_only: bool = False
    report: Path | None = None
    sizes: Path | None = None
    compare: Path | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[Inclusion, ...] = ()
    layers_size_bytes: int = 0
    with_groups: frozenset[str] = frozenset()
    without_groups: frozenset[str] = frozenset()
    only_groups: frozenset[str] = frozenset()
    all_groups: bool = False
    extras: frozenset[str] = frozenset()
    all_extras: bool = False
    python: str | None = None
    venv: Path | None = None
    reuse: bool = False
    compiles: bool = False
    nest: frozenset[str] = frozenset()
    keep_flat: frozenset[str] = frozenset()
    eager: bool = False
    runtime: Runtime | None = None
    architecture: str = "x86_64"
    platform: str | None = None
    no_audit: bool = False
    strips: bool = False
    excludes_provided: bool = False
    provided_version: str | None = None
    handler: str | None = None
    memory_size_mb: int | None = None
    environment: tuple[tuple[str, str], ...] = ()

    def target(self, python: str | None) -> Target | None:
        """What the package is made for; None if nothing is said.

        Args:
            python: The minor version of the interpreter that there is, such as "3.13".
                It counts for a platform; a runtime has its own.
        """
        if self.runtime is not None:
            machine = ARCHITECTURES[self.architecture]
            runtime = self.runtime
            return Target(runtime.python, machine, runtime.system, runtime)
        found = parse_platform(self.platform) if self.platform else None
        if found is None or python is None:
            return None
        system, machine = found
        return Target(python, machine, system)

    @property
    def archives(self) -> tuple[Path, ...]:
        """The archives that are written; the last is a layer's, if there is one."""
        return (self.output, *([self.layer_output] if self.layer_output else []))

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files that are written: archives, and what tells of them."""
        others = (self.report, self.sizes)
        return (*self.archives, *(each for each in others if each is not None))


KEYS: Final = (
    *("with", "without", "only", "all-groups", "extras", "all-extras"),
    *("python", "venv", "reuse", "compile", "output", "output-dir", "report"),
    *("sizes", "compare", "layer", "layer-only", "layer-output"),
    *("exclude", "include", "layers-size", "nest", "keep-flat", "eager"),
    *("runtime", "architecture", "platform", "no-audit", "handler", "memory-size"),
    *("exclude-provided", "environment", "strip"),
)

_EXCLUSIVE: Final = (
    ("output", ("output-dir",)),
    ("only", ("with", "without")),
    ("all-groups", ("with", "without", "only")),
    ("all-extras", ("extras",)),
    ("platform", ("runtime", "architecture")),
    (
        "venv",
        (
            *("python", "reuse", "with", "without", "only"),
            *("all-groups", "extras", "all-extras"),
        ),
    ),
    ("layer", ("layer-only", "nest", "keep-flat", "eager")),
    (
        "layer-only",
        (
            *("layer-output", "nest", "keep-flat", "eager", "include"),
            *("handler", "memory-size", "environment"),
        ),
    ),
)

_FUNCTIONS: Final = "functions"
_FUNCTION_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

_HINT: Final = "Every key is described in docs/configuration.md."


def resolve(
    flags: Mapping[str, Any], project: Project, *, default_output_dir: Path
) -> Settings:
    """Merges flags, table and defaults, for a project that is one function.

    Args:
        flags: What the command line says, under the same names as in the table; an
            option that was not given is missing, None, False or empty.
        project: Whose table it is. Relative paths in the table start at the project's
            directory, those of flags at the current one.
        default_output_dir: Where the archive goes if nothing else is said.

    Raises:
        ConfigError: Lists everything that is wrong, not just the first problem.
    """
    _functions(project)
    found = _Resolution(flags, project, default_output_dir)
    _raise(dict.fromkeys((*found.problems, *found.lonely)))
    return found.settings


def resolve_all(
    flags: Mapping[str, Any],
    project: Project,
    names: Sequence[str],
    *,
    default_output_dir: Path,
) -> tuple[Settings, ...]:
    """Merges flags, tables and defaults, for each function of a project.

    A function's own table beats the one of all, and flags beat both.

    Args:
        flags: See `resolve`.
        project: See `resolve`.
        names: Those of the functions, in order; all that the project has
            if there are none.
        default_output_dir: See `resolve`.

    Returns:
        One for each function; one without a name for a project that has no functions.

    Raises:
        ConfigError: Lists everything that is wrong with any of them.
    """
    functions = _functions(project)
    _raise([_no_function(name, functions) for name in names if name not in functions])
    if not functions:
        return (resolve(flags, project, default_output_dir=default_output_dir),)
    found = [
        _Resolution(flags, project, default_output_dir, name)
        for name in dict.fromkeys(names or functions)
    ]
    # What all of them share says something if it does for one of them.
    lonely = [
        problem
        for problem in dict.fromkeys(each for one in found for each in one.lonely)
        if all(problem in one.lonely for one in found)
    ]
    all_settings = tuple(each.settings for each in found)
    _raise(
        dict.fromkeys(
            (
                *(problem for one in found for problem in one.problems),
                *lonely,
                *_shared_files(all_settings),
            )
        )
    )
    return all_settings


def _raise(problems: Iterable[str]) -> None:
    found = [*problems]
    if found:
        raise ConfigError(found, _HINT)


def _functions(project: Project) -> Mapping[str, Mapping[str, Any]]:
    """Reads the tables of a project's functions.

    Raises:
        ConfigError: They are none, or Lambda has no such names.
    """
    table = project.table.get(_FUNCTIONS, {})
    label = f"[tool.{TABLE}.{_FUNCTIONS}]"
    if not isinstance(table, dict):
        _raise([f"{label}: expected a table for each function, got {table!r}."])
    problems = []
    for name, function in table.items():
        if not isinstance(function, dict):
            problems.append(f"{label} {name}: expected a table, got {function!r}.")
        if not _FUNCTION_NAME.fullmatch(name):
            problems.append(
                f"{label} {name!r}: a name has letters, digits, - and _, and at most 64"
                " of them."
            )
    _raise(problems)
    return table  # type: ignore[no-any-return]


def _no_function(name: str, functions: Iterable[str]) -> str:
    known = [*functions]
    if not known:
        return (
            f"The project has no function {name!r}: it has no tables"
            f" [tool.{TABLE}.{_FUNCTIONS}.NAME]."
        )
    return f"The project has no function {name!r}; its functions: {', '.join(known)}."


def _shared_files(all_settings: Iterable[Settings]) -> Iterable[str]:
    """Finds files that more than one function would write, or be compared with."""
    writers: dict[Path, list[str]] = defaultdict(list)
    readers: dict[Path, list[str]] = defaultdict(list)
    for settings in all_settings:
        for path in {*settings.targets}:
            writers[path].append(str(settings.function))
        if settings.compare:
            readers[settings.compare].append(str(settings.function))
    for users, what in (
        (writers, "would all be written to"),
        (readers, "would all be compared with"),
    ):
        for path, names in users.items():
            if len(names) > 1:
                yield (
                    f"The functions {', '.join(names)} {what} {path}: put {{name}} into"
                    " the path, which stands for each one's name."
                )


class _Resolution:
    """What flags and tables come to, and what is wrong with them.

    Attributes:
        settings: They can be used if nothing is wrong.
        problems: What is wrong.
        lonely: What says nothing by itself, of what is not the function's alone.
    """

    def __init__(
        self,
        flags: Mapping[str, Any],
        project: Project,
        default_output_dir: Path,
        function: str | None = None,
    ) -> None:
        self.problems: list[str] = []
        self.lonely: list[str] = []
        self._sources = self._make_sources(flags, project, function)
        for source in self._sources:
            _refuse_unknown(source)
            _refuse_exclusive(source)
        self.settings = self._read(project, default_output_dir, function)
        for source in self._sources:
            is_own = function is not None and source is self._sources[1]
            found = self.problems if is_own else self.lonely
            found += _lonely(source, self.settings, self._silenced(source))

    def _make_sources(
        self, flags: Mapping[str, Any], project: Project, function: str | None
    ) -> tuple[Source, ...]:
        """Those that beat others come later."""
        name = function or project.distribution_name
        shared = {k: v for k, v in project.table.items() if k != _FUNCTIONS}
        given = {key: v for key, v in flags.items() if v not in (None, False, [])}
        in_project = (project.directory, name)
        sources = [_source(f"[tool.{TABLE}] {{}}", shared, *in_project)]
        if function is not None:
            own = project.table[_FUNCTIONS][function]
            label = f"[tool.{TABLE}.{_FUNCTIONS}.{function}] {{}}"
            sources.append(_source(label, own, *in_project))
        sources.append(_source("--{}", given, Path.cwd(), name))
        return tuple(replace(each, problems=self.problems) for each in sources)

    def _silenced(self, source: Source) -> set[str]:
        """Finds the keys that make no sense beside what beats a source."""
        later = self._sources[self._sources.index(source) + 1 :]
        return {key for each in later for key in _silenced_by(each.values)}

    def _value(
        self, key: str, read: Callable[[Source, str], Any], default: Any = None
    ) -> Any:
        value = default
        for source in self._sources:  # all are read: all is checked
            if key not in source.values:
                continue
            found = read(source, key)
            if found is not None and key not in self._silenced(source):
                value = found
        return value

    def _read(
        self, project: Project, default_output_dir: Path, function: str | None
    ) -> Settings:
        value = self._value
        layer_only = value("layer-only", read_boolean, False)
        output = value("output", read_result)
        output_dir = value("output-dir", read_path, default_output_dir)
        if output is None:
            name = function or project.distribution_name
            if name is None:
                self.problems.append(
                    "The project has no name to call the archive by: set `name` in"
                    " [project], or give --output FILE."
                )
            else:
                output = output_dir / f"{name}{'-layer' if layer_only else ''}.zip"
        output = output or Path()
        layer_output = value("layer-output", read_result)
        if not value("layer", read_boolean, False):
            layer_output = None
        elif layer_output is None:
            layer_output = output.with_name(f"{output.stem}-layer.zip")
        provided = self._provided()
        settings = Settings(
            output=output,
            function=function,
            layer_output=layer_output,
            layer_only=layer_only,
            report=value("report", read_result),
            sizes=value("sizes", read_result),
            compare=value("compare", read_path),
            exclude=value("exclude", read_patterns, ()),
            include=value("include", read_inclusions, ()),
            layers_size_bytes=value("layers-size", read_size, 0),
            with_groups=value("with", read_names, frozenset()),
            without_groups=value("without", read_names, frozenset()),
            only_groups=value("only", read_names, frozenset()),
            all_groups=value("all-groups", read_boolean, False),
            extras=value("extras", read_names, frozenset()),
            all_extras=value("all-extras", read_boolean, False),
            python=value("python", read_text),
            venv=value("venv", read_path),
            reuse=value("reuse", read_boolean, False),
            compiles=value("compile", read_boolean, False),
            nest=value("nest", read_names, frozenset()),
            keep_flat=value("keep-flat", read_names, frozenset()),
            eager=value("eager", read_boolean, False),
            runtime=value("runtime", read_runtime),
            architecture=value("architecture", read_architecture, "x86_64"),
            platform=value("platform", read_platform),
            no_audit=value("no-audit", read_boolean, False),
            strips=value("strip", read_boolean, False),
            excludes_provided=bool(provided),
            provided_version=provided if isinstance(provided, str) else None,
            handler=value("handler", read_text),
            memory_size_mb=value("memory-size", read_memory),
            environment=value("environment", read_variables, ()),
        )
        _refuse_one_file(settings, self.problems)
        return settings

    def _provided(self) -> bool | str:
        """Reads whether the SDK is left out, and the version that the runtime has.

        A flag cannot name a version, and does not take back a table's.
        """
        key = "exclude-provided"
        versions = [
            found
            for each in self._sources
            if isinstance(found := each.values.get(key), str)
        ]
        provided: bool | str = self._value(key, read_provided, False)
        return versions[-1] if provided is True and versions else provided


def _source(
    label: str, values: Mapping[str, Any], directory: Path, name: str | None
) -> Source:
    return Source(label, directory, values, name, [])


def _refuse_unknown(source: Source) -> None:
    for key in source.values:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            source.refuse(key, f"unknown key.{meant}")


def _silenced_by(values: Mapping[str, Any]) -> set[str]:
    """Finds the keys that make no sense beside these."""
    said = {key for key, value in values.items() if value not in (None, False, [])}
    silenced: set[str] = set()
    for key, excluded in _EXCLUSIVE:
        if key in said:
            silenced.update(excluded)
        if not said.isdisjoint(excluded):
            silenced.add(key)
    return silenced


def _refuse_exclusive(source: Source) -> None:
    for key, excluded in _EXCLUSIVE:
        if not source.values.get(key):
            continue
        clashes = [other for other in excluded if source.values.get(other)]
        if clashes:
            names = ", ".join(source.label.format(other) for other in clashes)
            verb = "exclude" if len(clashes) > 1 else "excludes"
            source.problems.append(f"{names} {verb} {source.label.format(key)}.")


def _refuse_one_file(settings: Settings, problems: list[str]) -> None:
    problems += [
        f"Archives, the report and the sizes are files of their own, not {each}."
        for each, count in Counter(settings.targets).items()
        if count > 1
    ]


def _lonely(
    source: Source, settings: Settings, silenced: AbstractSet[str]
) -> list[str]:
    """Finds what says nothing by itself; not if what it needs may be misspelt."""
    if source.problems:
        return []
    return [
        f"{source.label.format(key)}: says nothing without `{needed}`."
        for key, needed, is_there in (
            ("memory-size", "handler", settings.handler),
            ("environment", "handler", settings.handler),
            ("architecture", "runtime", settings.runtime),
            ("exclude-provided", "runtime", settings.runtime),
            ("no-audit", "runtime", settings.runtime or settings.platform),
            ("layer-output", "layer", settings.layer_output),
        )
        if source.values.get(key) and not is_there and key not in silenced
    ]
