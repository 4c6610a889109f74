"""Values of options and of keys: each is read in one way, and refused with a reason."""

from __future__ import annotations

import os
import re

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import MEMORY_SIZES_MB
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import UNZIPPED_LIMIT_BYTES
from poetry_plugin_package_function.runtimes import parse_platform


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.runtimes import Runtime


_UNITS: Final = {"": 1, "kb": 1000, "mb": 1000**2, "kib": 1024, "mib": 1024**2}


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
class Source:
    """Where settings come from: options, or a table.

    Attributes:
        label: What a key of it is called, where "{}" stands for the key.
        directory: Where its paths start.
        values: What it says.
        name: What "{name}" stands for in its paths; None if there is no name.
        problems: What is found to be wrong, of this source and others.
    """

    label: str
    directory: Path
    values: Mapping[str, Any]
    name: str | None
    problems: list[str]

    def refuse(self, key: str, what: str) -> None:
        """Adds to what is wrong."""
        self.problems.append(f"{self.label.format(key)}: {what}")


def read_boolean(source: Source, key: str) -> bool | None:
    """Reads true or false."""
    found = source.values[key]
    if isinstance(found, bool):
        return found
    source.refuse(key, f"expected true or false, got {found!r}.")
    return None


def read_text(source: Source, key: str) -> str | None:
    """Reads a string with something in it."""
    found = source.values[key]
    if isinstance(found, str) and found.strip():
        return found
    source.refuse(key, f"expected a string, got {found!r}.")
    return None


def read_path(source: Source, key: str) -> Path | None:
    """Reads a path; "{name}" in it is the name of what is packaged."""
    text = read_text(source, key)
    if text is None:
        return None
    if "{name}" in text:
        if source.name is None:
            source.refuse(key, "the project has no name to put for {name}.")
            return None
        text = text.replace("{name}", source.name)
    try:
        path = Path(os.path.realpath(source.directory / Path(text).expanduser()))
    except (ValueError, RuntimeError) as error:  # a NUL; a user who does not exist
        source.refuse(key, f"{text!r} is not a path: {error}.")
        return None
    return path


def read_result(source: Source, key: str) -> Path | None:
    """Reads the path of a file that is written: none that could be a source."""
    path = read_path(source, key)
    if path is not None and (
        path.suffix == ".py" or path.name in ("pyproject.toml", "poetry.lock")
    ):
        source.refuse(key, f"{path} would be overwritten: it is no result of ours.")
        return None
    return path


def read_strings(source: Source, key: str) -> list[str] | None:
    """Reads a list of strings."""
    found = source.values[key]
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return found
    source.refuse(key, f"expected a list of strings, got {found!r}.")
    return None


def read_names(source: Source, key: str) -> frozenset[str] | None:
    """Reads names of groups, extras or distributions."""
    found = read_strings(source, key)
    if found is None:
        return None
    # Poetry takes `--with a,b` for groups and `--extras "a b"` for extras.
    return frozenset(name for text in found for name in re.split(r"[,\s]+", text)) - {
        ""
    }


def read_patterns(source: Source, key: str) -> tuple[str, ...] | None:
    """Reads gitignore patterns."""
    found = read_strings(source, key)
    if found is None:
        return None
    from pathspec import GitIgnoreSpec

    for pattern in found:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            source.refuse(key, f"{pattern!r} is not a gitignore pattern.")
    return tuple(found)


def read_inclusions(source: Source, key: str) -> tuple[Inclusion, ...] | None:
    """Reads what `include` has."""
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


def read_runtime(source: Source, key: str) -> Runtime | None:
    """Reads the name of a runtime of Lambda's."""
    text = read_text(source, key)
    if text is None or text in RUNTIMES:
        return RUNTIMES.get(text or "")
    source.refuse(
        key,
        f"Lambda has no {text!r}; it has {', '.join(RUNTIMES)}. For a runtime of your"
        " own give its `platform`, such as manylinux_2_34_x86_64.",
    )
    return None


def read_architecture(source: Source, key: str) -> str | None:
    """Reads the name that Lambda has for a kind of machine."""
    text = read_text(source, key)
    if text is None or text in ARCHITECTURES:
        return text
    others = {machine: name for name, machine in ARCHITECTURES.items()}
    meant = f" Lambda calls it {others[text]!r}." if text in others else ""
    source.refuse(
        key, f"expected one of {', '.join(ARCHITECTURES)}, got {text!r}.{meant}"
    )
    return None


def read_platform(source: Source, key: str) -> str | None:
    """Reads a platform tag."""
    text = read_text(source, key)
    if text is None or parse_platform(text):
        return text
    source.refuse(
        key,
        "expected a tag of Linux with glibc, such as manylinux_2_28_x86_64 or"
        f" manylinux2014_aarch64, got {text!r}.",
    )
    return None


def read_variables(source: Source, key: str) -> tuple[tuple[str, str], ...] | None:
    """Reads environment variables, ordered by name."""
    found = source.values[key]
    if isinstance(found, dict) and all(isinstance(v, str) for v in found.values()):
        return tuple(sorted(found.items()))
    source.refuse(key, f"expected a table of strings, got {found!r}.")
    return None


def read_provided(source: Source, key: str) -> bool | str | None:
    """Reads whether the SDK is left out, or the version that the runtime has."""
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


def read_memory(source: Source, key: str) -> int | None:
    """Reads the memory of a function, in MB."""
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


def read_size(source: Source, key: str) -> int | None:
    """Reads a size in bytes, below Lambda's limit."""
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
