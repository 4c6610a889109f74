"""Values of options and of keys: each is read in one way, and refused with a reason."""

from __future__ import annotations

import os
import re

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.lambda_names import wrong_handler
from poetry_plugin_package_function.lambda_names import wrong_variables
from poetry_plugin_package_function.locks.finding import LOCK_FILES
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import HOST
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.services import EPHEMERAL_STORAGE_MIB
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import MEMORY_SIZES_MB
from poetry_plugin_package_function.services import SERVICES


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.services import Service


_UNITS: Final = {"": 1, "kb": 1024, "mb": 1024**2, "kib": 1024, "mib": 1024**2}
"""MB as Lambda's documents and our own console have it: what is shown can be given."""


_WRITTEN_BY_OTHERS: Final = LOCK_FILES | {"pyproject.toml"}

_ALL: Final = "all"
"""What takes back that only some of AWS's services are shipped."""


class RefusedError(Exception):
    """A value cannot be what it is given for; the arguments say why."""


@dataclass(frozen=True)
class Source:
    """Where settings come from: flags, or a table.

    Attributes:
        label: What a key of it is called, where "{}" stands for the key.
        directory: Where its paths start.
        values: What it says.
        name: What "{name}" stands for in its texts; None if there is no name.
        tables: Names of tables that it can have, which are no options.
    """

    label: str
    directory: Path
    values: Mapping[str, Any]
    name: str | None
    tables: tuple[str, ...] = ()

    def filled(self, value: object) -> object:
        """Puts the name of what is packaged for each "{name}" in a value.

        Raises:
            RefusedError: There is no name.
        """
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if not isinstance(value, str) or "{name}" not in value:
            return value
        if self.name is None:
            raise RefusedError("the project has no name to put for {name}.")
        return value.replace("{name}", self.name)


def read_boolean(value: object, _: Source) -> bool:
    """Reads true or false."""
    if isinstance(value, bool):
        return value
    raise RefusedError(f"expected true or false, got {value!r}.")


def read_text(value: object, _: Source) -> str:
    """Reads a string with something in it."""
    if isinstance(value, str) and value.strip():
        return value
    raise RefusedError(f"expected a string, got {value!r}.")


def read_path(value: object, source: Source) -> Path:
    """Reads a path, and follows links."""
    path = read_path_as_given(value, source)
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # a NUL
        raise RefusedError(f"{value!r} is not a path: {error}.") from None


def read_path_as_given(value: object, source: Source) -> Path:
    """Reads a path, and leaves links to the system: a pipe has no other name."""
    text = read_text(value, source)
    try:
        return source.directory / Path(text).expanduser()
    except RuntimeError as error:  # a user who does not exist
        raise RefusedError(f"{text!r} is not a path: {error}.") from None


def read_result(value: object, source: Source) -> Path:
    """Reads the path of a file that is written: none that could be a source."""
    path = read_path(value, source)
    if path.suffix == ".py" or path.name in _WRITTEN_BY_OTHERS:
        raise RefusedError(f"{path} would be overwritten: it is no result of ours.")
    return path


def _strings(value: object) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise RefusedError(f"expected a list of strings, got {value!r}.")


def read_names(value: object, _: Source) -> frozenset[str]:
    """Reads names of groups, extras or distributions."""
    # Poetry takes `--with a,b` for groups and `--extras "a b"` for extras.
    names = (re.split(r"[,\s]+", text) for text in _strings(value))
    return frozenset(chain.from_iterable(names)) - {""}


def read_aws_services(value: object, source: Source) -> frozenset[str]:
    """Reads names of AWS's services; none stand for all of them."""
    names = read_names(value, source)
    if not names or (len(names) > 1 and _ALL in names):
        raise RefusedError(
            f'expected names of services, such as "s3", or "{_ALL}" alone, got'
            f" {value!r}."
        )
    return names - {_ALL}


def read_patterns(value: object, _: Source) -> tuple[str, ...]:
    """Reads gitignore patterns."""
    from pathspec import GitIgnoreSpec

    problems = []
    for pattern in _strings(value):
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            problems.append(f"{pattern!r} is not a gitignore pattern.")
    if problems:
        raise RefusedError(*problems)
    return tuple(_strings(value))


def read_service(value: object, source: Source) -> Service:
    """Reads the name of a service that takes archives."""
    text = read_text(value, source)
    if text in SERVICES:
        return SERVICES[text]
    raise RefusedError(
        f"expected one of {', '.join(SERVICES)}, got {text!r}. For another cloud, give"
        " its `platform`, such as manylinux_2_28_x86_64."
    )


def read_runtime(value: object, source: Source) -> Runtime:
    """Reads the name of a runtime of Lambda's."""
    shown = "3.10" if value == 3.1 else f"{value}"  # a number of TOML keeps no zero
    if (meant := f"python{shown}") in RUNTIMES:
        raise RefusedError(f"Lambda has no {shown!r}. Did you mean {meant}?")
    text = read_text(value, source)
    if text in RUNTIMES:
        return RUNTIMES[text]
    if re.fullmatch(r"python(2\.7|3\.[6-9])", text):
        raise RefusedError(
            f"Lambda has {text!r} no longer; it has {', '.join(RUNTIMES)}. Choose one"
            " of these: --runtime."
        )
    raise RefusedError(
        f"Lambda has no {text!r}; it has {', '.join(RUNTIMES)}. For a runtime of your"
        " own give its `platform`, such as manylinux_2_34_x86_64."
    )


def read_architecture(value: object, source: Source) -> str:
    """Reads the name that Lambda has for a kind of machine."""
    text = read_text(value, source)
    if text in ARCHITECTURES:
        return text
    others = {machine: name for name, machine in ARCHITECTURES.items()}
    meant = f" Lambda calls it {others[text]!r}." if text in others else ""
    raise RefusedError(
        f"expected one of {', '.join(ARCHITECTURES)}, got {text!r}.{meant}"
    )


def read_platform(value: object, source: Source) -> str:
    """Reads a platform tag, or that it is this machine's own."""
    text = read_text(value, source)
    if text == HOST or parse_platform(text):
        return text
    raise RefusedError(
        "expected a tag of Linux with glibc, such as manylinux_2_28_x86_64 or"
        f" manylinux2014_aarch64, or {HOST} for this machine, got {text!r}."
    )


def read_handler(value: object, source: Source) -> str:
    """Reads the name of a handler that Lambda takes."""
    text = read_text(value, source)
    if problems := [*wrong_handler(text)]:
        raise RefusedError(*problems)
    return text


def read_variables(value: object, _: Source) -> tuple[tuple[str, str], ...]:
    """Reads environment variables that Lambda takes, ordered by name."""
    if not isinstance(value, dict) or not all(
        isinstance(each, str) for each in value.values()
    ):
        raise RefusedError(f"expected a table of strings, got {value!r}.")
    if problems := [*wrong_variables(value)]:
        raise RefusedError(*problems)
    return tuple(sorted(value.items()))


def read_provided(value: object, _: Source) -> bool | str:
    """Reads whether the SDK is left out, or the version that the runtime has."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)+", value):
        return value
    raise RefusedError(
        "expected true, false or the version of the runtime's boto3, such as"
        f' "1.40.4", got {value!r}.'
    )


def read_memory(value: object, _: Source) -> int:
    """Reads the memory of a function, in MB."""
    return _megabytes(value, MEMORY_SIZES_MB)


def read_ephemeral_storage(value: object, _: Source) -> int:
    """Reads the size of a function's `/tmp`, in MB."""
    return _megabytes(value, EPHEMERAL_STORAGE_MIB)


def _megabytes(value: object, allowed: range) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) in allowed:
        return int(text)
    raise RefusedError(
        f"expected megabytes from {allowed[0]:,} to {allowed[-1]:,}, got {value!r}."
    )


def read_size(value: object, _: Source) -> int:
    """Reads a size in bytes, below Lambda's limit."""
    size_bytes = _size_bytes(value)
    limit_bytes = LAMBDA.unzipped_limit_bytes
    if size_bytes >= limit_bytes:
        raise RefusedError(
            f"{limit(size_bytes)} leave nothing of the {limit(limit_bytes)} that"
            " function and layers share."
        )
    return size_bytes


def read_budget(value: object, _: Source) -> int:
    """Reads what something may have at most, in bytes."""
    size_bytes = _size_bytes(value)
    if not size_bytes:
        raise RefusedError(f"expected more than 0 bytes, got {value!r}.")
    return size_bytes


def read_multiple(value: object, _: Source) -> float:
    """Reads how many times as long something may take."""
    text = str(value).strip()
    if re.fullmatch(r"\d{1,6}(?:\.\d{1,6})?", text) and float(text) >= 1:
        return float(text)
    raise RefusedError(
        f"expected how many times as long as an empty handler's, such as 20, got"
        f" {value!r}."
    )


def _size_bytes(value: object) -> int:
    text = str(value).strip()
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z]*)", text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise RefusedError(f"expected bytes, or a size as 40MB, got {value!r}.")
    return round(float(match[1]) * unit)
