"""A previous report: a file that any version may have written, or anybody."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_MOST_S: Final = 1e6


class Known(NamedTuple):
    """What is compared of a distribution; see `packaging.plan.DistributionSize`."""

    version: str
    digest: str
    wheel: str | None
    contents: Mapping[str, str] | None


class PreviousInit(NamedTuple):
    """What is compared of INIT; see `packaging.verify.init.Init`.

    Attributes:
        init_s: All of it.
        start_s: What the interpreter and the client took; never 0.
        own_s: What distributions took by themselves of which modules were imported; ""
            for files of none, None for what is not in the archive.
    """

    init_s: float
    start_s: float
    own_s: Mapping[str | None, float]


class PreviousReport(NamedTuple):
    """What is compared of a previous report.

    Attributes:
        sha256: Of the archive.
        distributions: What is known of them, by name.
        layer_sha256: Of the layer's archive, if there was one.
        aws_services: Those that it shipped only; None for all that botocore had.
        init: Of INIT, if it was measured.
    """

    sha256: str
    distributions: Mapping[str, Known]
    layer_sha256: str | None = None
    aws_services: tuple[str, ...] | None = None
    init: PreviousInit | None = None


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
            _init(document.get("verified")),
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


def _init(verified: dict[str, Any] | None) -> PreviousInit | None:
    init = verified and verified.get("init")  # older versions have written none
    if not verified or not init:
        return None
    own_s: dict[str | None, float] = {
        _text(each["name"] or ""): _seconds(each["own_s"])
        for each in init["distributions"]
        if each["modules"]
    }
    if init["outside"]["modules"]:
        own_s[None] = _seconds(init["outside"]["own_s"])
    start_s = _seconds(init["start_s"])
    if start_s <= 0:
        raise ValueError
    return PreviousInit(_seconds(verified["init_s"]), start_s, own_s)


def _seconds(value: object) -> float:
    """Lets a number pass that can be a time.

    Raises:
        TypeError: It is no number.
        ValueError: It is more than a time can be.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    if not -_MOST_S < value < _MOST_S:  # nor is NaN between them
        raise ValueError
    return float(value)


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
