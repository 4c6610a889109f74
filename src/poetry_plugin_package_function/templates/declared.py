"""A function, as a template declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Declared:
    """A function, as a template declares it.

    Attributes:
        values: What is literal of it, under the names of our keys, each as text.
        code_dir: The directory that has its code.
        layers: How many layers it has.
        unknown_variables: The names of variables that it has, and whose values are
            known only when it is deployed.
        place: Where the template has it, for messages: "template.yaml, line 12".
    """

    values: Mapping[str, Any]
    code_dir: Path | None = None
    layers: int = 0
    unknown_variables: frozenset[str] = frozenset()
    place: str = ""


def is_of_python(runtime: str | None) -> bool:
    """Whether a runtime is one of Python's, or may be: who does not say it may."""
    return runtime is None or runtime.startswith("python")


def literals(values: Mapping[str, object]) -> dict[str, str]:
    """Takes what is text, and leaves out what is known only at deployment."""
    return {key: each for key, each in values.items() if isinstance(each, str)}


def count(layers: object) -> int:
    """Counts layers; a list that is known only at deployment is taken for one."""
    if isinstance(layers, list):
        return len(layers)
    return 0 if layers is None else 1
