"""Functions of the Serverless Framework."""

from __future__ import annotations

import os
import re

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.templates.declared import Declared
from poetry_plugin_package_function.templates.declared import count
from poetry_plugin_package_function.templates.declared import is_of_python
from poetry_plugin_package_function.templates.declared import literals
from poetry_plugin_package_function.templates.reading import mapping
from poetry_plugin_package_function.templates.reading import read


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.templates.reading import Document


_VARIABLE: Final = re.compile(r"\$\{([^${}]*)\}")
"""One that has no other in it."""

_MOST_VARIABLES: Final = 100
"""More than people write in one text; those that make new ones end here."""

_TIMEOUT_S: Final = "6"
"""The Framework's own default, which is not Lambda's.

Source: https://www.serverless.com/framework/docs/providers/aws/guide/functions
"""


def is_serverless(data: object) -> bool:
    """Whether a document is a `serverless.yml` for AWS."""
    provider = mapping(data).get("provider")
    name = mapping(provider).get("name") if isinstance(provider, dict) else provider
    return name == "aws" and "functions" in mapping(data)


def declared_in(document: Document, project_dir: Path) -> dict[str, Declared | str]:
    """Finds all functions, by their names in the file.

    Args:
        document: The `serverless.yml`.
        project_dir: Where the paths of messages start.

    Returns:
        Each function, or what it is instead of one of ours.
    """
    variables = _Variables(document, project_dir)
    provider = mapping(variables.resolved(mapping(document.data).get("provider")))
    found: dict[str, Declared | str] = {}
    for name, written in _functions(document, variables):
        function = mapping(variables.resolved(written))
        found[name] = _other(function, provider) or _declared(
            function,
            provider,
            document.path.parent,
            document.place("functions", name),
        )
    return found


def _functions(
    document: Document, variables: _Variables
) -> Iterator[tuple[str, object]]:
    """Lists what is written of each; it may be in several files, and in a list."""
    functions = variables.resolved(mapping(document.data).get("functions"))
    for part in functions if isinstance(functions, list) else [functions]:
        yield from mapping(variables.resolved(part)).items()


def _other(function: Mapping[str, Any], provider: Mapping[str, Any]) -> str:
    runtime = function.get("runtime", provider.get("runtime"))
    if "image" in function:
        return "an image"
    # The Framework's own default is Node.js.
    if runtime is None or not is_of_python(literals({"": runtime}).get("")):
        return str(runtime or "without a runtime")
    return ""


def _declared(
    function: Mapping[str, Any],
    provider: Mapping[str, Any],
    directory: Path,
    place: str,
) -> Declared:
    both = {**provider, **function}
    own = mapping(function.get("environment"))
    variables = {**mapping(provider.get("environment")), **own}
    known = literals(variables)
    artifact = mapping(function.get("package")).get("artifact")
    values = {
        "handler": function.get("handler"),
        "runtime": both.get("runtime"),
        "architecture": both.get("architecture"),
        "memory-size": both.get("memorySize"),
        "timeout": both.get("timeout", _TIMEOUT_S),
        "ephemeral-storage": both.get("ephemeralStorageSize"),
        "output": os.path.join(directory, artifact)
        if isinstance(artifact, str)
        else None,
    }
    # The directory of a function, for serverless-python-requirements.
    module = function.get("module")
    return Declared(
        {**literals(values), **({"environment": known} if known else {})},
        Path(os.path.normpath(directory / (module if isinstance(module, str) else ""))),
        count(both.get("layers")),
        frozenset(filter(str.isidentifier, variables)) - known.keys(),
        place,
    )


@dataclass(frozen=True)
class _Variables:
    """What `${…}` stands for, where the file or one beside it says so.

    What comes from the command line is its default, "dev" for the stage. All else is
    known only at deployment: variables of the shell, outputs of stacks, parameters,
    secrets.

    Attributes:
        document: The `serverless.yml`.
        project_dir: Where the paths of messages start.
        known: What has been looked up, and what is being looked up as None.

    Source:
        https://www.serverless.com/framework/docs/guides/variables
    """

    document: Document
    project_dir: Path
    known: dict[str, Any] = field(default_factory=dict)

    def resolved(self, value: object) -> Any:
        """Resolves a value and all in it; what cannot be is None."""
        if isinstance(value, dict):
            return {key: self.resolved(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if not isinstance(value, str) or "${" not in value:
            return value
        return self._text(value)

    def _text(self, text: str) -> Any:
        """Puts the innermost variables in first, as one may be a part of another."""
        for _ in range(_MOST_VARIABLES):
            match = _VARIABLE.search(text)
            if match is None:
                break
            found = self._variable(match[1].strip())
            if match[0] == text:
                return found
            if not isinstance(found, str):
                return None
            text = text[: match.start()] + found + text[match.end() :]
        return text if "${" not in text else None

    def _variable(self, text: str) -> Any:
        """Finds what a variable is, once; what is a part of itself is None there."""
        if text not in self.known:
            self.known[text] = None
            self.known[text] = self._first_known(re.split(r"\s*,\s*", text))
        return self.known[text]

    def _first_known(self, alternatives: Iterable[str]) -> Any:
        for alternative in alternatives:
            kind, _, rest = alternative.partition(":")
            found: Any = None
            if literal := re.fullmatch(r"(['\"])(.*)\1", alternative):
                found = literal[2]
            elif re.fullmatch(r"true|false|\d+", alternative):
                found = alternative
            elif alternative in ("sls:stage", "self:provider.stage"):
                found = self._at(self.document.data, "provider.stage") or "dev"
            elif kind == "self":
                found = self._at(self.document.data, rest)
            elif file := re.fullmatch(r"file\(([^()]*)\)(?::(.*))?", alternative):
                found = self._at(self._file(file[1]), file[2] or "")
            elif kind != "opt":
                return None  # its default counts only if it is not there
            if found is not None:
                return found
        return None

    def _at(self, data: object, address: str) -> Any:
        """Finds what is at an address such as custom.names.0.

        What is on the way there may be a variable, too.
        """
        for key in address.split(".") if address else ():
            if isinstance(data, str):
                data = self.resolved(data)
            if isinstance(data, list) and key.isdecimal() and int(key) < len(data):
                data = data[int(key)]
            else:
                data = mapping(data).get(key)
        return self.resolved(data)

    def _file(self, name: str) -> object:
        path = Path(os.path.normpath(self.document.path.parent / name.strip()))
        if path.suffix not in (".yml", ".yaml", ".json"):
            return None
        try:
            return read(path, self.project_dir).data
        except ConfigError:
            return None
