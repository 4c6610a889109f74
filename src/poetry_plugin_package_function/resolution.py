"""Options: a flag beats a function's table, that beats the table of all, the default.

All tables are in `pyproject.toml`.
"""

from __future__ import annotations

import difflib
import re

from collections import Counter
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.settings import KEYS
from poetry_plugin_package_function.settings import Settings
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
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.project import Project


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
            *("nest", "keep-flat", "eager", "include"),
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
    """Merges flags, the table of all and defaults; tables of functions do not count.

    Args:
        flags: What the command line says, under the same names as in the table; an
            option that was not given is missing, None, False or empty.
        project: Whose table it is. Relative paths in the table start at the project's
            directory, those of flags at the current one.
        default_output_dir: Where the archive goes if nothing else is said.

    Raises:
        ConfigError: Lists everything that is wrong, not just the first problem.
    """
    functions = _functions(project)
    (settings,) = _resolved(flags, project, [None], functions, default_output_dir)
    return settings


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
        names: Those of the functions, in order; all that the project has if there are
            none.
        default_output_dir: See `resolve`.

    Returns:
        One for each function; one without a name for a project that has no functions.

    Raises:
        ConfigError: Lists everything that is wrong with any of them.
    """
    functions = _functions(project)
    _raise([_no_function(name, functions) for name in names if name not in functions])
    chosen: list[str | None] = [*dict.fromkeys(names or functions)] or [None]
    return _resolved(flags, project, chosen, functions, default_output_dir)


def _resolved(
    flags: Mapping[str, Any],
    project: Project,
    chosen: Sequence[str | None],
    functions: Iterable[str],
    default_output_dir: Path,
) -> tuple[Settings, ...]:
    """Merges for each of the chosen functions; looks at the others, too.

    What the table of all says need say something for one function only, chosen or not,
    and what any of them is written to is no other's.
    """
    found = [_Resolution(flags, project, default_output_dir, each) for each in chosen]
    others = [
        _Resolution({}, project, default_output_dir, each)
        for each in dict.fromkeys((*chosen, *functions))
    ]
    problems = [
        *(problem for one in found for problem in one.problems),
        *_in_all(one.lonely.shared for one in (*found, *others)),
        *_in_all(one.lonely.flags for one in found),
    ]
    for one in found:
        plain = (each.lonely.own for each in others if each.function == one.function)
        problems += _in_all((one.lonely.own, *plain))
    names = {one.function for one in found}
    if None not in names:  # the project itself may be called as one of them
        unchosen = [each for each in others if each.function not in names]
        problems += _shared_files([one.settings for one in (*found, *unchosen)], names)
    _raise(dict.fromkeys(problems))
    results = frozenset(
        path for one in (*found, *others) for path in one.settings.targets
    )
    return tuple(replace(one.settings, results=results) for one in found)


def _in_all(many: Iterable[Iterable[str]]) -> list[str]:
    """Finds what is in each of several lists, in the order of the first."""
    first, *others = map(list, many)
    return [each for each in first if all(each in other for other in others)]


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


def _shared_files(
    all_settings: Iterable[Settings], chosen: AbstractSet[str | None]
) -> Iterator[str]:
    """Finds files that several functions would write, or be compared with.

    Args:
        all_settings: Those of all functions.
        chosen: The names of those that are packaged: the others clash with them only.
    """
    writers: dict[Path, list[str | None]] = defaultdict(list)
    readers: dict[Path, list[str | None]] = defaultdict(list)
    for settings in all_settings:
        for path in {*settings.targets}:
            writers[path].append(settings.function)
        if settings.compare and settings.function in chosen:
            readers[settings.compare].append(settings.function)
    for users, what in (
        (writers, "would all be written to"),
        (readers, "would all be compared with"),
    ):
        for path, names in users.items():
            if len(names) > 1 and not chosen.isdisjoint(names):
                yield (
                    f"The functions {', '.join(map(str, names))} {what} {path}: give"
                    " each a file of its own; {name} in a path stands for the name."
                )


class _Lonely(NamedTuple):
    """What says nothing by itself, by who says it: all of it as problems."""

    shared: tuple[str, ...]
    own: tuple[str, ...]
    flags: tuple[str, ...]


class _Resolution:
    """What flags and tables come to, and what is wrong with them.

    Attributes:
        function: Whose they are; None for those of the project itself.
        settings: They can be used if nothing is wrong.
        problems: What is wrong.
        lonely: What says nothing by itself.
    """

    def __init__(
        self,
        flags: Mapping[str, Any],
        project: Project,
        default_output_dir: Path,
        function: str | None = None,
    ) -> None:
        self.function = function
        self.problems: list[str] = []
        self._sources = self._make_sources(flags, project, function)
        for source in self._sources:
            is_shared = source is self._sources[0]
            _refuse_unknown(source, (*KEYS, _FUNCTIONS) if is_shared else KEYS)
            _refuse_exclusive(source)
        self.settings = self._read(project, default_output_dir)
        shared, *own, given = (
            tuple(_lonely(each, self.settings, self._silenced(each)))
            for each in self._sources
        )
        self.lonely = _Lonely(shared, own[0] if own else (), given)

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

    def _rank(self, key: str) -> int:
        """Tells which source has the say in a key: those that beat others are higher.

        It is 0 if none has.
        """
        saying = (
            rank
            for rank, source in enumerate(self._sources, 1)
            if source.values.get(key) and key not in self._silenced(source)
        )
        return max(saying, default=0)

    def _for_layer(self, path: Path, key: str) -> Path:
        """Finds the place of a file when a layer is written alone.

        With the option, tables may be about a function: what that is written to, and
        what tells of it, is not replaced.
        """
        by_option = len(self._sources)
        is_about_function = self._rank(key) < self._rank("layer-only") == by_option
        if self._rank(key) and not is_about_function:
            return path
        return path.with_name(f"{path.stem}-layer{path.suffix}")

    def _groups(self) -> tuple[frozenset[str], frozenset[str]]:
        """Reads which groups are added and left out: who beats another wins."""
        added: frozenset[str] = self._value("with", read_names, frozenset())
        without: frozenset[str] = self._value("without", read_names, frozenset())
        if self._rank("with") > self._rank("without"):
            return added, without - added
        if self._rank("with") < self._rank("without"):
            return added - without, without
        return added, without

    def _read(self, project: Project, default_output_dir: Path) -> Settings:
        value = self._value
        layer_only = value("layer-only", read_boolean, False)
        output = value("output", read_result)
        output_dir = value("output-dir", read_path, default_output_dir)
        name = self.function or project.distribution_name
        if output is None and name is not None:
            output = output_dir / f"{name}.zip"
        layer_output = value("layer-output", read_result)
        report, sizes = value("report", read_result), value("sizes", read_result)
        if layer_only:
            output = layer_output or (output and self._for_layer(output, "output"))
            layer_output = None
            report = report and self._for_layer(report, "report")
            sizes = sizes and self._for_layer(sizes, "sizes")
        elif not value("layer", read_boolean, False):
            layer_output = None
        elif layer_output is None and output is not None:
            layer_output = output.with_name(f"{output.stem}-layer.zip")
        if output is None:
            self.problems.append(
                "The project has no name to call the archive by: set `name` in"
                " [project], or give --output FILE."
            )
        runtime = value("runtime", read_runtime)
        added, without = self._groups()
        provided = self._provided()
        settings = Settings(
            output=output or Path(),
            function=self.function,
            layer_output=layer_output,
            layer_only=layer_only,
            report=report,
            sizes=sizes,
            compare=value("compare", read_path),
            exclude=value("exclude", read_patterns, ()),
            include=value("include", read_inclusions, ()),
            layers_size_bytes=value("layers-size", read_size, 0),
            with_groups=added,
            without_groups=without,
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
            runtime=runtime,
            architecture=value("architecture", read_architecture, "x86_64"),
            platform=value("platform", read_platform),
            no_audit=value("no-audit", read_boolean, False),
            strips=value("strip", read_boolean, False),
            excludes_provided=bool(provided and runtime),
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


def _refuse_unknown(source: Source, known: Sequence[str]) -> None:
    for key in source.values:
        if key not in KEYS:
            near = difflib.get_close_matches(key, known, 1)
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
            ("layer-output", "layer", settings.layer_output or settings.layer_only),
        )
        if source.values.get(key) and not is_there and key not in silenced
    ]
