"""The settings of one function: what is said of it, and what follows from that."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.configuration.merging import Merged
from poetry_plugin_package_function.configuration.options import OPTIONS
from poetry_plugin_package_function.configuration.values import Source
from poetry_plugin_package_function.configuration.values import read_result
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.runtimes import HOST
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import Feature
from poetry_plugin_package_function.settings import Settings


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.services import Service
    from poetry_plugin_package_function.templates.declared import Declared


FUNCTIONS: Final = "functions"
"""The key of the tables that are a function's each."""


_OF_ANY_CLOUD: Final = frozenset((Feature.MEMORY, Feature.STORAGE))


@dataclass(frozen=True)
class FunctionSettings:
    """Settings, and what is wrong with what they are made of.

    Attributes:
        settings: They can be used if nothing is wrong.
        problems: What is wrong.
        shared: What has no effect in the table of all, as problems.
        own: The same for the function's own table.
        flags: The same for the flags.
    """

    settings: Settings
    problems: list[str]
    shared: list[str]
    own: list[str]
    flags: list[str]


def function_settings(
    flags: Mapping[str, Any],
    project: Project,
    default_output_dir: Path,
    function: str | None,
    declared: Declared | None = None,
) -> FunctionSettings:
    """Merges flags, tables and what a template declares.

    Args:
        flags: See `resolution.resolve`.
        project: Whose function it is.
        default_output_dir: See `resolution.resolve`.
        function: Its name; None stands for the project itself.
        declared: What the template says of it, if that has it.
    """
    name = function or project.distribution_name
    tables = sources(flags, project, function)
    merged = Merged((_declared_source(declared, tables), *tables))
    found = merged.values
    problems = [*merged.problems, *_not_offered(merged)]
    has_place = "output" in found or (
        "layer-output" in found and found.get("layer-only")
    )
    if name is None and not has_place:
        problems.append(
            "Neither the project nor its directory has a name to call the archive by:"
            " set `name` in [project], or give --output FILE."
        )
    usual = found.get("output-dir", default_output_dir) / f"{name}.zip"
    fields = {
        option.field or option.name.replace("-", "_"): found[option.name]
        for option in OPTIONS
        if option.field is not None and option.name in found
    }
    places = _places(merged, found.get("output", usual))
    profiles = _profiles(merged)
    problems += _profile_problems(merged, profiles, places)
    derived = {
        **_groups(merged),
        **_provided(merged),
        **_variables(merged),
        **places,
        **profiles,
    }
    settings = Settings(**{**fields, **derived, "function": function})
    if declared is not None:
        settings = _as_declared(settings, declared)
    problems += [
        f"Archives, the report and the sizes are files of their own, not {each}."
        for each, count in Counter(settings.targets).items()
        if count > 1
    ]
    # What a template says besides may be of no use to us.
    _, shared, own, given = merged.without_effect()
    if settings.profile_output and not settings.handler and not merged.problems:
        given.append("--profile: has no effect without `handler`.")
    return FunctionSettings(settings, problems, shared, own, given)


def _not_offered(merged: Merged) -> Iterator[str]:
    """Finds what the service does not have; a table's that a flag has left goes."""
    found = merged.values
    service: Service = found.get("target", LAMBDA)
    key, who, features = "target", service.name, service.features
    if found.get("platform", HOST) != HOST:
        key, who, features = "platform", "another cloud", _OF_ANY_CLOUD
    for option in OPTIONS:
        feature = option.feature
        if feature is None or feature in features or not found.get(option.name):
            continue
        if merged.rank(option.name) < merged.rank(key):
            del found[option.name]
        else:
            label = merged.label(option.name)
            yield f"{label}: {who} has no {feature.value}. Leave it out."
    runtime: Runtime | None = found.get("runtime")
    if runtime is not None and service.runtime(runtime.python) is None:
        yield (
            f"{merged.label('runtime')}: {service.name} has no {runtime.name}; it has"
            f" {service.runtime_names}."
        )
    architecture = found.get("architecture")
    if architecture and architecture not in service.architectures:
        yield (
            f"{merged.label('architecture')}: {service.name} has no {architecture}; it"
            f" has {', '.join(service.architectures)}."
        )


def sources(
    flags: Mapping[str, Any], project: Project, function: str | None
) -> tuple[Source, ...]:
    """Lists where options are: the tables of all and of a function, and the flags.

    Those that beat others come later.

    Args:
        flags: See `resolution.resolve`.
        project: Whose tables they are.
        function: Its name; None stands for the project itself.
    """
    name, directory = function or project.distribution_name, project.directory
    label = f"[tool.{TABLE}] {{}}"
    own_label = f"[tool.{TABLE}.{FUNCTIONS}.{function}] {{}}"
    shared = {key: v for key, v in project.table.items() if key != FUNCTIONS}
    own = project.table.get(FUNCTIONS, {}).get(function, {}) if function else {}
    given = {key: v for key, v in flags.items() if v not in (None, False, [])}
    return (
        Source(label, directory, shared, name, (FUNCTIONS,)),
        Source(own_label, directory, own, name),
        Source("--{}", Path.cwd(), given, name),
    )


def _declared_source(declared: Declared | None, tables: Sequence[Source]) -> Source:
    """What a template says, without what is said elsewhere: nobody will ask for it.

    Variables are added up.
    """
    last = tables[-1]
    if declared is None:
        return Source("{}", last.directory, {}, last.name)
    said = {key for each in tables for key in each.values} - {"environment"}
    if any(each.values.get("layer-only") for each in tables):  # there is no function
        said.add("output")
    place = declared.place.replace("{", "{{").replace("}", "}}")
    values = {key: each for key, each in declared.values.items() if key not in said}
    return Source(f"{place}: {{}} of {last.name}", last.directory, values, last.name)


def _as_declared(settings: Settings, declared: Declared) -> Settings:
    """Adds what only a template says."""
    # A layer that is packaged with the function is one of those it has.
    layers = declared.layers - len(settings.archives[1:])
    known = {name for name, _ in settings.environment}
    return replace(
        settings,
        has_layers=layers > 0,
        is_declared=True,
        code_dir=declared.code_dir,
        unknown_variables=declared.unknown_variables - known,
    )


def _variables(merged: Merged) -> dict[str, tuple[tuple[str, str], ...]]:
    """Adds a table's variables to those of the template, and beats them."""
    found = merged.values.get("environment")
    if found is None:
        return {}
    declared = merged.sources[0].values.get("environment", {})
    return {"environment": tuple(sorted({**declared, **dict(found)}.items()))}


def _groups(merged: Merged) -> dict[str, frozenset[str]]:
    """Finds which groups are added and left out: what beats the other wins."""
    added = merged.values.get("with", frozenset())
    without = merged.values.get("without", frozenset())
    if merged.rank("with") > merged.rank("without"):
        without -= added
    elif merged.rank("with") < merged.rank("without"):
        added -= without
    return {"with_groups": added, "without_groups": without}


def _provided(merged: Merged) -> dict[str, bool | str | None]:
    """Finds whether the SDK is left out, and the version that the runtime has.

    A flag cannot name a version, and does not take back a table's.
    """
    key = "exclude-provided"
    given = [each.values.get(key) for each in merged.sources]
    versions = [each for each in given if isinstance(each, str)]
    provided = merged.values.get(key)
    if provided is True and versions:
        provided = versions[-1]
    return {
        "excludes_provided": bool(provided),
        "provided_version": provided if isinstance(provided, str) else None,
    }


def _profiles(merged: Merged) -> dict[str, Path | None]:
    """Finds what is read, which tables say, and what is written, which a flag says."""
    *tables, flags = merged.sources
    key, read, written = "profile", None, None
    if merged.problems:
        return {}
    for source in tables:
        if key in source.values:
            read = read_result(source.filled(source.values[key]), source)
    if key in flags.values:
        written = read_result(flags.filled(flags.values[key]), flags)
    return {"profile": read, "profile_output": written}


def _profile_problems(
    merged: Merged,
    profiles: Mapping[str, Path | None],
    places: Mapping[str, Path | None],
) -> Iterator[str]:
    others = {*places.values()} - {None}
    for each in {*profiles.values()} & others:
        yield (
            f"{merged.label('profile')}: {each} is where a result is written: give the"
            " profile a file of its own."
        )


def _places(merged: Merged, output: Path) -> dict[str, Path | None]:
    """Finds where all is written; a function's archive would be at `output`."""

    def for_layer(path: Path, key: str) -> Path:
        # With the flag, tables may be about a function: what that is written to, and
        # what describes it, is not replaced.
        layer_rank = merged.rank("layer-only")
        is_about_function = merged.rank(key) < layer_rank == len(merged.sources)
        if merged.rank(key) and not is_about_function:
            return path
        return path.with_name(f"{path.stem}-layer{path.suffix}")

    found = merged.values
    layer_output = found.get("layer-output")
    report, sizes = found.get("report"), found.get("sizes")
    if found.get("layer-only"):
        output = layer_output or for_layer(output, "output")
        layer_output = None
        report = report and for_layer(report, "report")
        sizes = sizes and for_layer(sizes, "sizes")
    elif not found.get("layer"):
        layer_output = None
    elif layer_output is None:
        layer_output = output.with_name(f"{output.stem}-layer.zip")
    return {
        "output": output,
        "layer_output": layer_output,
        "report": report,
        "sizes": sizes,
    }
