"""An import or a call that has failed: whether the package is to blame for it."""

from __future__ import annotations

import re

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.verify.explaining.absent import way_to
from poetry_plugin_package_function.packaging.verify.explaining.calling import (
    calls_others,
)
from poetry_plugin_package_function.packaging.verify.explaining.unset import (
    wanted_variables,
)
from poetry_plugin_package_function.packaging.verify.flat_names import flat_names
from poetry_plugin_package_function.packaging.verify.handler import name_of
from poetry_plugin_package_function.packaging.verify.variables import environment
from poetry_plugin_package_function.project import SHOWN_TABLE


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.verify.archives import Origin
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


def top_of(module: str) -> str:
    """The first part of a module's name."""
    return module.partition(".")[0]


_STAND_IN: Final = frozenset(("boto3", "botocore"))
"""Of a group that is not packaged they are here, unless they could not be had."""


_ABOUT_VALUES: Final = ("", "SystemExit")
"""The kinds of errors that a variable may be the cause of; it breaks no syntax."""


class Excuse(NamedTuple):
    """What is no fault of the package's, and may be right on Lambda.

    Attributes:
        why: A sentence; "" if there is no excuse.
        variables: Those whose values would change it, ordered.
    """

    why: str = ""
    variables: Sequence[str] = ()


@dataclass(frozen=True)
class Failure:
    """An import that has failed, or a call of the handler.

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

    @property
    def _error(self) -> dict[str, Any] | None:
        """What the verifier says of the exception; None if there was none."""
        return (self.outcome.answer or {}).get("error")

    def _importing(self, error: dict[str, Any]) -> Iterator[bytes]:
        """Reads the project's files that were being imported then."""
        files = (file for link in error["chain"] for file, _ in link["frames"])
        for name in dict.fromkeys(flat_names(files, self.task.place)):
            if self.modules.is_projects(name) and name.endswith(".py"):
                yield read(self.modules.entries[name].content)

    def missing(self, provided: Iterable[str]) -> tuple[str, ...]:
        """Names the variables that nobody has set, if that is why it has failed.

        Args:
            provided: The modules that stand for those of Lambda's runtime.
        """
        error, function = self._error, self.task.function
        if (
            error is None
            or error["kind"] not in _ABOUT_VALUES
            or self._caused_by_others(provided)
        ):
            return ()
        given = environment(function, self.task.place)
        return tuple(wanted_variables(error, given, self._importing(error)))

    def excuse(self, provided: Iterable[str]) -> Excuse:
        """Says what is no fault of the package's, and may be right on Lambda.

        Args:
            provided: The modules that stand for those of Lambda's runtime.
        """
        if why := self._caused_by_others(provided):
            return Excuse(why)
        error = self._error
        if error is None:
            return Excuse()
        names = self.missing(provided) or self._made_up_in(error)
        if not names:
            return Excuse()
        first = error["text"].splitlines()[0].rstrip(".:")
        what = f"What {', '.join(names)} will be, only a deployment knows."
        if not self.outcome.is_call:
            first = f"It was not imported: {first}"
        return Excuse(f"{first}. {what}", names)

    def _made_up_in(self, error: dict[str, Any]) -> Sequence[str]:
        """Names the variables whose made-up values may have raised an exception.

        A variable's value is its name here, so one that matters is in the message, or
        in the lines of code that led there. What is raised for a value that cannot be
        read need not say which one: then those count that the modules in question have,
        where a field of settings may have it in lower case.
        """
        unknown = self.task.function.unknown_variables
        if error["kind"] == "ModuleNotFoundError":
            return sorted(unknown.intersection(map(top_of, error["absent"][:1])))
        if error["kind"] not in _ABOUT_VALUES:
            return ()
        for said in (error["text"], error["trace"]):
            if names := unknown.intersection(re.findall(r"\w+", said)):
                return sorted(names)
        if "builtins.ValueError" not in error["chain"][0]["classes"]:
            return ()
        sources = (source.decode(errors="replace") for source in self._importing(error))
        words = {*re.findall(r"\w+", "\n".join(sources).lower())}
        return sorted(each for each in unknown if each.lower() in words)

    def _caused_by_others(self, provided: Iterable[str]) -> str:
        """Explains what others have to bring, or have not answered; "" if neither."""
        return self._brought_by_others(provided) or calls_others(
            self.outcome, self.task.place, self.modules.is_projects
        )

    def _brought_by_others(self, provided: Iterable[str]) -> str:
        """Explains a missing module that others bring; "" if the package has to."""
        error, function = self._error, self.task.function
        absent = error["absent"] if error else ()
        needs = "It needs"
        if not self.outcome.is_call:
            needs = "It was not imported, as that needs"
        tops = set(map(top_of, (*self.modules.names, *provided)))
        for top in map(top_of, absent):
            if top in tops:
                continue
            if top in PROVIDED and function.has_sdk:
                return (
                    f"{needs} {top}, which Lambda's runtime"
                    f" brings and this machine does not{self._way_to_provided(top)}"
                )
            if function.has_layers:
                return (
                    f"{needs} {top}, which is not in the"
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
        if self.origin and self.origin.settings.venv is not None:
            return (
                f": install it into {self.origin.settings.venv} to have all checked,"
                " and leave it to the runtime with exclude-provided = true in"
                f" {SHOWN_TABLE}."
            )
        return (
            ": add it to a group that is not packaged, such as dev, to have all"
            " checked, or to the project's dependencies, which also pins its version."
        )
