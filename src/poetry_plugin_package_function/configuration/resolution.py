"""Options: a flag beats a function's table, that beats the table of all, the template.

All tables are in `pyproject.toml`. The template beats the default.
"""

from __future__ import annotations

import difflib
import re

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.configuration.function_settings import FUNCTIONS
from poetry_plugin_package_function.configuration.function_settings import (
    function_settings,
)
from poetry_plugin_package_function.configuration.function_settings import sources
from poetry_plugin_package_function.configuration.values import RefusedError
from poetry_plugin_package_function.configuration.values import read_path
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.project import TABLE


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from poetry_plugin_package_function.configuration.function_settings import (
        FunctionSettings,
    )
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings
    from poetry_plugin_package_function.templates.declared import Declared
    from poetry_plugin_package_function.templates.template import Template


_FUNCTION_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

_SHOWN: Final = 5
"""How many functions are named of which the same is to be said."""

_HINT: Final = (
    "`--help` says what each option means; keys of the table have the same names."
)
_TEMPLATE_HINT: Final = (
    "Options, and keys in pyproject.toml, beat what the template says."
)


def resolve(
    flags: Mapping[str, Any],
    project: Project,
    names: Sequence[str] | None,
    *,
    default_output_dir: Path,
) -> tuple[Settings, ...]:
    """Merges flags, tables, template and defaults, for each function of a project.

    Args:
        flags: What the command line says, under the same names as in the table; an
            option that was not given is missing, None, False or empty.
        project: Whose tables they are. Relative paths in a table start at the project's
            directory, those of flags at the current one.
        names: Those of the functions, in order; all that the project has if it is
            empty. None for the project itself, unless there is a template: then tables
            of functions do not count.
        default_output_dir: Where the archive goes if nothing else is said.

    Returns:
        One for each function; one without a name for a project that has no functions.

    Raises:
        ConfigError: Lists everything that is wrong with any of them; or a template
            cannot be used.
    """
    template = _template(flags, project)
    declared: Mapping[str, Declared] = template.functions if template else {}
    functions = [*dict.fromkeys((*declared, *_tables(project, template)))]
    _raise(_not_there(names or (), functions))
    chosen: list[str | None] = [None]
    if template or (names is not None and functions):
        chosen = [*dict.fromkeys(names or functions)]
    found, by_tables = (
        {
            each: function_settings(
                given, project, default_output_dir, each, declared.get(each or "")
            )
            for each in those
        }
        for given, those in ((flags, chosen), ({}, (*chosen, *functions)))
    )
    problems = _problems(found, by_tables)
    if template:
        problems = _said_once(problems, template)
    is_about_template = template and any(
        problem.startswith(template.shown) for problem in problems
    )
    _raise(problems, _TEMPLATE_HINT if is_about_template else _HINT)
    those = [one.settings for one in (*found.values(), *by_tables.values())]
    results = frozenset(path for each in those for path in each.targets)
    profiles = frozenset(
        path
        for each in those
        for path in (each.profile, each.profile_output)
        if path is not None
    )
    return tuple(
        replace(one.settings, results=results, profiles=profiles)
        for one in found.values()
    )


def _not_there(names: Iterable[str], functions: Sequence[str]) -> Iterator[str]:
    known = (
        f"; its functions: {', '.join(functions)}"
        if functions
        else f": it has no tables [tool.{TABLE}.{FUNCTIONS}.NAME]"
    )
    for each in names:
        if each not in functions:
            yield f"The project has no function {each!r}{known}."


def _problems(
    found: Mapping[str | None, FunctionSettings],
    by_tables: Mapping[str | None, FunctionSettings],
) -> list[str]:
    """Lists once what is wrong with any function, and with all of them together.

    Args:
        found: Those that are packaged.
        by_tables: All that there are, without the flags.
    """
    problems = [
        *(problem for one in found.values() for problem in one.problems),
        *_in_all(one.shared for one in (*found.values(), *by_tables.values())),
        *_in_all(one.flags for one in found.values()),
    ]
    for name, one in found.items():
        problems += _in_all((one.own, by_tables[name].own))
    others = [each.settings for name, each in by_tables.items() if name not in found]
    chosen = [each.settings for each in found.values()]
    if None not in found:  # the project itself may be called as one of them
        problems += _shared_files((*chosen, *others), found.keys())
    problems += _replacing_profiles(chosen, others)
    return [*dict.fromkeys(problems)]


def _said_once(problems: Iterable[str], template: Template) -> list[str]:
    """Puts together what is wrong in the same way with several of its functions."""
    label = rf"{re.escape(template.shown)}, (line \d+): ([\w-]+) of ([\w-]+): (.+)"
    found: dict[tuple[str, ...], list[tuple[str, str, str]]] = defaultdict(list)
    for problem in problems:
        match = re.fullmatch(label, problem, re.DOTALL)
        line, key, name, reason = match.groups() if match else ("", "", "", problem)
        found[key, reason].append((problem, name, line))
    said = []
    for (key, reason), those in found.items():
        if len(those) == 1:
            said.append(those[0][0])
            continue
        who = listed([f"{name} ({line})" for _, name, line in those], _SHOWN)
        said.append(f"{template.shown}: {key} of {who}: {reason}")
    return said


def _in_all(many: Iterable[Iterable[str]]) -> list[str]:
    """Finds what is in each of several lists, in the order of the first."""
    first, *others = map(list, many)
    return [each for each in first if all(each in other for other in others)]


def _raise(problems: Iterable[str], hint: str = _HINT) -> None:
    found = [*problems]
    if found:
        raise ConfigError(found, hint)


def _template(flags: Mapping[str, Any], project: Project) -> Template | None:
    """Reads the template that is named, if one is.

    Raises:
        ConfigError: It cannot be read, or has no functions of ours.
    """
    for source in reversed(sources(flags, project, None)):
        if "template" not in source.values:
            continue
        from poetry_plugin_package_function.templates.template import read_template

        try:
            path = read_path(source.filled(source.values["template"]), source)
        except RefusedError as error:
            label = source.label.format("template")
            raise ConfigError([f"{label}: {each}" for each in error.args]) from None
        return read_template(path, project.directory)
    return None


def _tables(
    project: Project, template: Template | None
) -> Mapping[str, Mapping[str, Any]]:
    """Reads the tables of a project's functions.

    Raises:
        ConfigError: They are none, Lambda has no such names, or the template has none.
    """
    table = project.table.get(FUNCTIONS, {})
    label = f"[tool.{TABLE}.{FUNCTIONS}]"
    if not isinstance(table, dict):
        _raise([f"{label}: expected a table for each function, got {table!r}."])
    problems = []
    for name, function in table.items():
        if not isinstance(function, dict):
            problems.append(f"{label} {name}: expected a table, got {function!r}.")
        elif "template" in function:
            problems.append(
                f"{label[:-1]}.{name}] template: it is for all functions: move it into"
                f" [tool.{TABLE}]."
            )
        elif template and not {"handler", "layer-only"} & {*project.table, *function}:
            problems += _not_declared(f"{label[:-1]}.{name}]", name, template)
        if template and name in template.functions:
            continue
        if not _FUNCTION_NAME.fullmatch(name):
            problems.append(
                f"{label} {name!r}: a name has letters, digits, - and _, and at most 64"
                " of them."
            )
    _raise(problems)
    return table  # type: ignore[no-any-return]


def _not_declared(label: str, name: str, template: Template) -> Iterator[str]:
    """Finds a table that is for a function of the template, and has another name."""
    if name not in template.functions:
        near = difflib.get_close_matches(name, template.functions, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        yield (
            f"{label}: {template.shown} has no function {name!r}, and it has no"
            f" `handler` of its own.{meant}"
        )


def _replacing_profiles(
    chosen: Sequence[Settings], others: Iterable[Settings]
) -> Iterator[str]:
    """Finds profiles that would lose what others need, or replace their results.

    Args:
        chosen: The functions that this run packages.
        others: Those of the project that it does not.
    """
    written = {each.profile_output for each in chosen}
    users: dict[Path, list[str]] = defaultdict(list)
    writers: dict[Path, list[str]] = defaultdict(list)
    for each in others:
        if each.handler and each.profile and each.profile in written:
            users[each.profile].append(str(each.function))
    for each in (*chosen, *others):
        # A function's own is among its own problems.
        for path in ({*each.targets} & written) - {each.profile_output}:
            writers[path].append(str(each.function))
    for path, names in sorted(users.items()):
        yield (
            f"--profile: {path} is the profile of {', '.join(names)}, too, and would"
            " lose what is needed there: package all of them in one run, or give each"
            " a file of its own; {name} in a path stands for the name."
        )
    for path, names in sorted(writers.items()):
        yield (
            f"--profile: {path} is where a result of {', '.join(names)} is written:"
            " give the profile a file of its own."
        )


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
