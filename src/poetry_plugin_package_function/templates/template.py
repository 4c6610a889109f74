"""One template, of whatever kind: which functions it has."""

from __future__ import annotations

import os
import re

from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.templates import cloudformation
from poetry_plugin_package_function.templates import serverless
from poetry_plugin_package_function.templates.declared import Declared
from poetry_plugin_package_function.templates.reading import read


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


_USUAL: Final = (
    *("template.yaml", "template.yml", "serverless.yml", "serverless.yaml"),
    "cdk.out/*.template.json",
)
"""Where templates are, seen from the project's directory."""

_NAME: Final = re.compile("[A-Za-z0-9_-]+")
_MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class Template:
    """What a template says of the functions that are ours.

    Attributes:
        shown: What it is called in messages.
        functions: Those of Python whose code is a ZIP, by their names.
    """

    shown: str
    functions: Mapping[str, Declared]


def read_template(path: Path, project_dir: Path) -> Template:
    """Reads a template.

    Args:
        path: The template's.
        project_dir: Where the project is.

    Raises:
        ConfigError: It cannot be read, is none, or has no function of ours.
    """
    document = read(path, project_dir)
    if cloudformation.is_cloudformation(document.data):
        found = cloudformation.declared_in(document, project_dir)
    elif serverless.is_serverless(document.data):
        found = serverless.declared_in(document, project_dir)
    else:
        problem = (
            f"{document.shown} is no template that is known: it has neither"
            " `Resources`, as CloudFormation and AWS SAM have, nor `functions` of"
            " `provider` aws, as serverless.yml has."
        )
        raise ConfigError([problem])
    ours = {name: each for name, each in found.items() if isinstance(each, Declared)}
    if not ours:
        others = {name: str(each) for name, each in found.items()}
        raise ConfigError([_none_of_ours(document.shown, others)])
    if wrong := [name for name in ours if not _NAME.fullmatch(name)]:
        raise ConfigError(
            [
                f"{document.shown}: {name!r} cannot be a function's name: it has more"
                " than letters, digits, - and _."
                for name in wrong
            ]
        )
    own = _of_the_project(ours, Path(os.path.realpath(project_dir)))
    return Template(document.shown, _each_with_its_archive(own))


def find_template(project_dir: Path) -> Template | None:
    """Looks for a template where they usually are.

    Returns:
        The first that has functions of ours; None if no file there is one.
    """
    for path in _usual(project_dir):
        try:
            return read_template(path, project_dir)
        except ConfigError:
            continue
    return None


def _usual(project_dir: Path) -> Iterator[Path]:
    for pattern in _USUAL:
        yield from sorted(project_dir.glob(pattern))


def _none_of_ours(shown: str, others: Mapping[str, str]) -> str:
    text = f"{shown} has no function of Python whose code is a ZIP"
    if not others:
        return f"{text}, nor any other."
    names = [f"{name} ({what})" for name, what in others.items()]
    return f"{text}; it has {listed(names, _MOST_SHOWN)}."


def _of_the_project(
    functions: Mapping[str, Declared], project_dir: Path
) -> Mapping[str, Declared]:
    """Leaves those to other projects of a repository whose code is in these.

    That a function is another's is known only where there is one of this project's.
    """
    places = {name: each.code_dir for name, each in functions.items() if each.code_dir}
    own = {name for name, at in places.items() if at.is_relative_to(project_dir)}
    above = {name for name, at in places.items() if project_dir.is_relative_to(at)}
    if not own:
        return functions
    others = places.keys() - own - above
    return {name: each for name, each in functions.items() if name not in others}


def _each_with_its_archive(functions: Mapping[str, Declared]) -> dict[str, Declared]:
    """Leaves out archives that several functions have: each of ours has its own."""
    shared = Counter(each.values.get("output") for each in functions.values())
    return {
        name: replace(
            each,
            values={
                key: value
                for key, value in each.values.items()
                if key != "output" or shared[value] == 1
            },
        )
        for name, each in functions.items()
    }
