"""An import that has failed: whether the package is to blame for it."""

from __future__ import annotations

import re

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.verify.explaining.absent import way_to
from poetry_plugin_package_function.packaging.verify.explaining.calling import (
    calls_others,
)
from poetry_plugin_package_function.packaging.verify.explaining.unset import line_for
from poetry_plugin_package_function.packaging.verify.flat_names import flat_names
from poetry_plugin_package_function.packaging.verify.handler import name_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.verify.archives import Origin
    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.handler import Name
    from poetry_plugin_package_function.packaging.verify.importing import Outcome
    from poetry_plugin_package_function.packaging.verify.importing import Task
    from poetry_plugin_package_function.packaging.verify.parsing import Modules


PROVIDED: Final = frozenset(
    (
        *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"),
        *("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"),
    )
)
"""Modules that Lambda's Python runtimes bring: AWS's SDK and their own client.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html and the
requirements of awslambdaric.
"""


def _caused_by_unknown(answer: dict[str, Any] | None, function: Function) -> str:
    """Explains what a made-up value may have raised; "" if it has another cause.

    A variable's value is its name here, so one that matters is in the message, or in
    the lines of code that led there. No variable brings a module that is missing.
    """
    error = answer["error"] if answer and "error" in answer else None
    if error is None or error["kind"]:
        return ""
    words = {*re.findall(r"\w+", error["text"]), *re.findall(r"\w+", error["trace"])}
    names = sorted(words.intersection(function.unknown_variables))
    if not names:
        return ""
    return (
        f"It was not imported: {error['text'].splitlines()[0]}. What"
        f" {', '.join(names)} will be, only a deployment knows."
        f" {line_for(names, function.variables)}"
    )


def top_of(module: str) -> str:
    """The first part of a module's name."""
    return module.partition(".")[0]


_STAND_IN: Final = frozenset(("boto3", "botocore"))
"""Of a group that is not packaged they are here, unless they could not be had."""


@dataclass(frozen=True)
class Failure:
    """An import that has failed.

    Attributes:
        modules: All that are in the archive.
        outcome: How the attempt ended.
        task: What the attempt was.
        origin: What the archive has been made of; None if that is not known.
    """

    modules: Modules
    outcome: Outcome
    task: Task
    origin: Origin | None = None

    @property
    def name(self) -> Name:
        """The handler's."""
        return name_of(self.task.function.handler)

    @property
    def shipped(self) -> frozenset[NormalizedName]:
        """The distributions that are in the archive."""
        owners = {each.distribution for each in self.modules.entries.values()}
        return frozenset(each for each in owners if each is not None)

    def importing(self) -> Iterator[bytes]:
        """Reads the project's files that were being imported then."""
        answer = self.outcome.answer or {}
        chain = answer.get("error", {}).get("chain", ())
        files = (file for link in chain for file, _ in link["frames"])
        for name in dict.fromkeys(flat_names(files, self.task.place)):
            if self.modules.is_projects(name) and name.endswith(".py"):
                yield read(self.modules.entries[name].content)

    def reason_to_parse(self, provided: Iterable[str]) -> str:
        """Says what is no fault of the package's, and may be right on Lambda.

        Args:
            provided: The modules that stand for those of Lambda's runtime.
        """
        answer, function = self.outcome.answer, self.task.function
        return (
            self._brought_by_others(provided)
            or calls_others(self.outcome, self.task.place, self.modules.is_projects)
            or _caused_by_unknown(answer, function)
        )

    def _brought_by_others(self, provided: Iterable[str]) -> str:
        """Explains a missing module that others bring; "" if the package has to."""
        answer, function = self.outcome.answer, self.task.function
        absent = answer["error"]["absent"] if answer and "error" in answer else ()
        tops = set(map(top_of, (*self.modules.names, *provided)))
        for top in map(top_of, absent):
            if top in tops:
                continue
            if top in PROVIDED and function.has_sdk:
                return (
                    f"It was not imported, as that needs {top}, which Lambda's runtime"
                    f" brings and this machine does not{self._way_to_provided(top)}"
                )
            if function.has_layers:
                return (
                    f"It was not imported, as that needs {top}, which is not in the"
                    " archive; a layer has to bring it."
                )
        return ""

    def _way_to_provided(self, top: str) -> str:
        """Says how to have it here."""
        if (
            self.origin
            and top not in _STAND_IN
            and (way := way_to(top, self.origin, self.shipped))
        ):
            return f". {way}"
        return (
            ": add it to a group that is not packaged, such as dev, to have all"
            " checked, or to the project's dependencies, which also pins its version."
        )
