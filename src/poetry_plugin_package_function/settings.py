"""Options: a flag beats the table in `pyproject.toml`, the table beats the default."""

from __future__ import annotations

import difflib
import os
import re

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import MEMORY_SIZES_MB
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import UNZIPPED_LIMIT_BYTES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.runtimes import Runtime


@dataclass(frozen=True)
class Inclusion:
    """Project files to copy into the archive, in the words of Poetry's `packages`.

    Attributes:
        pattern: A glob, relative to `source`.
        source: A directory, relative to the project's.
        target: A directory in the archive; "" is its root.
    """

    pattern: str
    source: str = ""
    target: str = ""


@dataclass(frozen=True)
class Settings:
    """All that one run is asked to do. The fields are described in docs/usage.md."""

    output: Path
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
    def targets(self) -> tuple[Path, ...]:
        """The files that are written: the archive, and what tells of it."""
        others = (self.report, self.sizes)
        return (self.output, *(each for each in others if each is not None))


KEYS: Final = (
    *("with", "without", "only", "all-groups", "extras", "all-extras"),
    *("python", "venv", "reuse", "compile", "output", "output-dir", "report"),
    *("sizes", "compare"),
    *("exclude", "include", "layers-size", "nest", "keep-flat", "eager"),
    *("runtime", "architecture", "platform", "no-audit", "handler", "memory-size"),
    *("exclude-provided", "environment", "strip"),
)

_UNITS: Final = {"": 1, "kb": 1000, "mb": 1000**2, "kib": 1024, "mib": 1024**2}

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
)


def resolve(
    flags: Mapping[str, Any], project: Project, *, default_output_dir: Path
) -> Settings:
    """Merges flags, table and defaults.

    Args:
        flags: What the command line says, under the same names as in the table; an
            option that was not given is missing, None, False or empty.
        project: Whose table it is. Relative paths in the table start at the project's
            directory, those of flags at the current one.
        default_output_dir: Where the archive goes if nothing else is said.

    Raises:
        ConfigError: Lists everything that is wrong, not just the first problem.
    """
    given = {key: v for key, v in flags.items() if v not in (None, False, [])}
    problems: list[str] = []
    from_flags = _Source("--{}", Path.cwd(), given, problems)
    from_table = _Source(
        f"[tool.{TABLE}] {{}}", project.directory, project.table, problems
    )
    _refuse_unknown(project.table, problems)
    for source in (from_flags, from_table):
        _refuse_exclusive(source, problems)
    silenced = _silenced_by(given)

    def value(key: str, parse: Callable[[_Source, str], Any], default: Any) -> Any:
        parsed = default
        for source in (from_table, from_flags):  # both are parsed: all is checked
            if key not in source.values:
                continue
            found = parse(source, key)
            if found is None or (source is from_table and key in silenced):
                continue
            parsed = found
        return parsed

    output = value("output", _result, None)
    output_dir = value("output-dir", _path, default_output_dir)
    if output is None:
        if project.distribution_name is None:
            problems.append(
                "The project has no name to call the archive by: set `name` in"
                " [project], or give --output FILE."
            )
        else:
            output = output_dir / f"{project.distribution_name}.zip"
    report = value("report", _result, None)
    sizes = value("sizes", _result, None)
    _refuse_one_file((output, report, sizes), problems)
    # A flag cannot name a version, and does not take back the table's.
    provided = project.table.get("exclude-provided")
    provided = value("exclude-provided", _provided, False) and (provided or True)
    settings = Settings(
        output=output or Path(),
        report=report,
        sizes=sizes,
        compare=value("compare", _path, None),
        exclude=value("exclude", _patterns, ()),
        include=value("include", _inclusions, ()),
        layers_size_bytes=value("layers-size", _size, 0),
        with_groups=value("with", _names, frozenset()),
        without_groups=value("without", _names, frozenset()),
        only_groups=value("only", _names, frozenset()),
        all_groups=value("all-groups", _boolean, False),
        extras=value("extras", _names, frozenset()),
        all_extras=value("all-extras", _boolean, False),
        python=value("python", _text, None),
        venv=value("venv", _path, None),
        reuse=value("reuse", _boolean, False),
        compiles=value("compile", _boolean, False),
        nest=value("nest", _names, frozenset()),
        keep_flat=value("keep-flat", _names, frozenset()),
        eager=value("eager", _boolean, False),
        runtime=value("runtime", _runtime, None),
        architecture=value("architecture", _architecture, "x86_64"),
        platform=value("platform", _platform, None),
        no_audit=value("no-audit", _boolean, False),
        strips=value("strip", _boolean, False),
        excludes_provided=bool(provided),
        provided_version=provided if isinstance(provided, str) else None,
        handler=value("handler", _text, None),
        memory_size_mb=value("memory-size", _memory, None),
        environment=value("environment", _variables, ()),
    )
    _refuse_lonely(from_flags, settings, frozenset())
    _refuse_lonely(from_table, settings, silenced)
    if problems:
        raise ConfigError(problems, "Every key is described in docs/configuration.md.")
    return settings


@dataclass(frozen=True)
class _Source:
    """Flags, or the table: how its keys are called, and where its paths start."""

    label: str
    directory: Path
    values: Mapping[str, Any]
    problems: list[str]

    def refuse(self, key: str, what: str) -> None:
        self.problems.append(f"{self.label.format(key)}: {what}")


def _refuse_unknown(table: Mapping[str, Any], problems: list[str]) -> None:
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            problems.append(f"[tool.{TABLE}] {key}: unknown key.{meant}")


def _silenced_by(flags: Mapping[str, Any]) -> set[str]:
    """Finds the keys of the table that make no sense beside these flags."""
    silenced: set[str] = set()
    for key, excluded in _EXCLUSIVE:
        if key in flags:
            silenced.update(excluded)
        if not flags.keys().isdisjoint(excluded):
            silenced.add(key)
    return silenced


def _refuse_exclusive(source: _Source, problems: list[str]) -> None:
    for key, excluded in _EXCLUSIVE:
        if not source.values.get(key):
            continue
        clashes = [other for other in excluded if source.values.get(other)]
        if clashes:
            names = ", ".join(source.label.format(other) for other in clashes)
            verb = "exclude" if len(clashes) > 1 else "excludes"
            problems.append(f"{names} {verb} {source.label.format(key)}.")


def _refuse_one_file(targets: Iterable[Path | None], problems: list[str]) -> None:
    counted = Counter(each for each in targets if each is not None)
    problems += [
        f"The archive, the report and the sizes are files of their own, not {each}."
        for each, count in counted.items()
        if count > 1
    ]


def _refuse_lonely(
    source: _Source, settings: Settings, silenced: AbstractSet[str]
) -> None:
    """Refuses what says nothing by itself; not if what it needs may be misspelt."""
    if source.problems:
        return
    for key, needed, is_there in (
        ("memory-size", "handler", settings.handler),
        ("environment", "handler", settings.handler),
        ("architecture", "runtime", settings.runtime),
        ("exclude-provided", "runtime", settings.runtime),
        ("no-audit", "runtime", settings.runtime or settings.platform),
    ):
        if source.values.get(key) and not is_there and key not in silenced:
            source.refuse(key, f"says nothing without `{needed}`.")


def _boolean(source: _Source, key: str) -> bool | None:
    found = source.values[key]
    if isinstance(found, bool):
        return found
    source.refuse(key, f"expected true or false, got {found!r}.")
    return None


def _text(source: _Source, key: str) -> str | None:
    found = source.values[key]
    if isinstance(found, str) and found.strip():
        return found
    source.refuse(key, f"expected a string, got {found!r}.")
    return None


def _path(source: _Source, key: str) -> Path | None:
    text = _text(source, key)
    if text is None:
        return None
    try:
        path = Path(os.path.realpath(source.directory / Path(text).expanduser()))
    except (ValueError, RuntimeError) as error:  # a NUL; a user who does not exist
        source.refuse(key, f"{text!r} is not a path: {error}.")
        return None
    return path


def _result(source: _Source, key: str) -> Path | None:
    path = _path(source, key)
    if path is not None and (
        path.suffix == ".py" or path.name in ("pyproject.toml", "poetry.lock")
    ):
        source.refuse(key, f"{path} would be overwritten: it is no result of ours.")
        return None
    return path


def _strings(source: _Source, key: str) -> list[str] | None:
    found = source.values[key]
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return found
    source.refuse(key, f"expected a list of strings, got {found!r}.")
    return None


def _names(source: _Source, key: str) -> frozenset[str] | None:
    found = _strings(source, key)
    if found is None:
        return None
    # Poetry takes `--with a,b` for groups and `--extras "a b"` for extras.
    return frozenset(name for text in found for name in re.split(r"[,\s]+", text)) - {
        ""
    }


def _patterns(source: _Source, key: str) -> tuple[str, ...] | None:
    found = _strings(source, key)
    if found is None:
        return None
    from pathspec import GitIgnoreSpec

    for pattern in found:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            source.refuse(key, f"{pattern!r} is not a gitignore pattern.")
    return tuple(found)


def _inclusions(source: _Source, key: str) -> tuple[Inclusion, ...] | None:
    found = source.values[key]
    if not isinstance(found, list):
        source.refuse(key, f"expected a list, got {found!r}.")
        return None
    inclusions = []
    for item in found:
        table = {"include": item} if isinstance(item, str) else item
        if (
            not isinstance(table, dict)
            or "include" not in table
            or table.keys() - {"include", "from", "to"}
            or not all(isinstance(text, str) for text in table.values())
        ):
            source.refuse(
                key,
                "expected a path, a glob or"
                f' {{include = "...", from = "...", to = "..."}}, got {item!r}.',
            )
            continue
        outside = [
            text
            for text in table.values()
            if os.path.isabs(text) or ".." in Path(text).parts
        ]
        if outside or not Path(table["include"]).parts:
            source.refuse(
                key,
                f"{(outside or [table['include']])[0]!r} is not below the project's"
                " directory: make it a path dependency.",
            )
            continue
        inclusions.append(
            Inclusion(
                table["include"],
                os.path.normpath(table.get("from") or "."),
                "/".join(Path(table.get("to", "")).parts),
            )
        )
    return tuple(inclusions)


def _runtime(source: _Source, key: str) -> Runtime | None:
    text = _text(source, key)
    if text is None or text in RUNTIMES:
        return RUNTIMES.get(text or "")
    source.refuse(key, f"Lambda has no {text!r}; it has {', '.join(RUNTIMES)}.")
    return None


def _architecture(source: _Source, key: str) -> str | None:
    text = _text(source, key)
    if text is None or text in ARCHITECTURES:
        return text
    others = {machine: name for name, machine in ARCHITECTURES.items()}
    meant = f" Lambda calls it {others[text]!r}." if text in others else ""
    source.refuse(
        key, f"expected one of {', '.join(ARCHITECTURES)}, got {text!r}.{meant}"
    )
    return None


def _platform(source: _Source, key: str) -> str | None:
    text = _text(source, key)
    if text is None or parse_platform(text):
        return text
    source.refuse(
        key,
        "expected a tag of Linux with glibc, such as manylinux_2_28_x86_64 or"
        f" manylinux2014_aarch64, got {text!r}.",
    )
    return None


def _variables(source: _Source, key: str) -> tuple[tuple[str, str], ...] | None:
    found = source.values[key]
    if isinstance(found, dict) and all(isinstance(v, str) for v in found.values()):
        return tuple(sorted(found.items()))
    source.refuse(key, f"expected a table of strings, got {found!r}.")
    return None


def _provided(source: _Source, key: str) -> bool | str | None:
    found = source.values[key]
    if isinstance(found, bool):
        return found
    if isinstance(found, str) and re.fullmatch(r"\d+(\.\d+)+", found):
        return found
    source.refuse(
        key,
        "expected true, false or the version of the runtime's boto3, such as"
        f' "1.40.4", got {found!r}.',
    )
    return None


def _memory(source: _Source, key: str) -> int | None:
    found = source.values[key]
    text = str(found)
    if text.isascii() and text.isdigit() and int(text) in MEMORY_SIZES_MB:
        return int(text)
    source.refuse(
        key,
        f"expected megabytes from {MEMORY_SIZES_MB[0]:,} to {MEMORY_SIZES_MB[-1]:,},"
        f" got {found!r}.",
    )
    return None


def _size(source: _Source, key: str) -> int | None:
    found = source.values[key]
    if isinstance(found, int) and not isinstance(found, bool):
        size_bytes = found
    else:
        match = re.fullmatch(
            r"(\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z]*)", str(found).strip()
        )
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            source.refuse(key, f"expected bytes, or a size as 40MB, got {found!r}.")
            return None
        size_bytes = round(float(match[1]) * unit)
    if not 0 <= size_bytes < UNZIPPED_LIMIT_BYTES:
        source.refuse(
            key,
            f"{size_bytes:,} bytes leave nothing of the {UNZIPPED_LIMIT_BYTES:,} bytes"
            " that function and layers share.",
        )
        return None
    return size_bytes
