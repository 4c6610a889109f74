"""A previous report: a file that any version may have written, or anybody."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Known(NamedTuple):
    """What is compared of a distribution; see `packaging.plan.DistributionSize`."""

    version: str
    digest: str
    wheel: str | None
    contents: Mapping[str, str] | None


class PreviousReport(NamedTuple):
    """What is compared of a previous report.

    Attributes:
        sha256: Of the archive.
        distributions: What is known of them, by name.
        layer_sha256: Of the layer's archive, if there was one.
        aws_services: Those that it shipped only; None for all that botocore had.
    """

    sha256: str
    distributions: Mapping[str, Known]
    layer_sha256: str | None = None
    aws_services: tuple[str, ...] | None = None


def read_report(path: Path) -> PreviousReport:
    """Reads of a report what is compared.

    Raises:
        ConfigError: It cannot be read, or is no such report.
    """
    try:
        data = path.read_bytes()
        # Paths of files are in a report as they are, whatever their bytes.
        text = data.decode(json.detect_encoding(data), "surrogateescape")
        document = json.loads(text)
        if isinstance(document, list):
            raise ConfigError(
                [f"compare: {path} has the reports of several functions."],
                "Name a file that has one; --report 'dist/{name}.json' writes such.",
            )
        layer = document.get("layer")  # older versions have written none
        return PreviousReport(
            _text(document["sha256"]),
            {
                _text(each["name"] or ""): _known(each)
                for each in document["distributions"]
            },
            None if layer is None else _text(layer["sha256"]),
            _aws_services(document.get("aws_services")),
        )
    except OSError as error:
        problem = f"compare: {path} cannot be read: {error.strerror}."
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        problem = f"compare: {path} is no report, or one without digests."
    raise ConfigError([problem], "Write one with --report, and name it.")


def _known(distribution: dict[str, Any]) -> Known:
    wheel = distribution.get("wheel")
    contents = distribution.get("contents")  # older versions have written none
    if not isinstance(contents, dict | None):
        raise TypeError
    return Known(
        _text(distribution["version"]),
        _text(distribution["digest"]),
        None if wheel is None else _text(wheel),
        contents and {_text(name): _text(each) for name, each in contents.items()},
    )


def _aws_services(document: dict[str, Any] | None) -> tuple[str, ...] | None:
    if document is None or document["why_not"] is not None:
        return None
    return tuple(map(_text, document["names"]))


def _text(value: object) -> str:
    """Lets text pass that can be written again.

    Raises:
        TypeError: It is no text.
        UnicodeEncodeError: It has half of a character.
    """
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
