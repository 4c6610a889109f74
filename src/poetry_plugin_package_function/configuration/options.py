"""The options: what each is called, read by, and at odds with.

This table is all that there is to a new option but for what it does: the command
lines, their help, the keys of pyproject.toml, the checks and docs/reference.md are made
of it; its field in `Settings` and its section in docs/configuration.md are its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag
from enum import auto
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.configuration.events import read_event
from poetry_plugin_package_function.configuration.events import read_timeout
from poetry_plugin_package_function.configuration.inclusions import read_inclusions
from poetry_plugin_package_function.configuration.values import read_architecture
from poetry_plugin_package_function.configuration.values import read_aws_services
from poetry_plugin_package_function.configuration.values import read_boolean
from poetry_plugin_package_function.configuration.values import read_budget
from poetry_plugin_package_function.configuration.values import read_ephemeral_storage
from poetry_plugin_package_function.configuration.values import read_handler
from poetry_plugin_package_function.configuration.values import read_memory
from poetry_plugin_package_function.configuration.values import read_multiple
from poetry_plugin_package_function.configuration.values import read_names
from poetry_plugin_package_function.configuration.values import read_path
from poetry_plugin_package_function.configuration.values import read_patterns
from poetry_plugin_package_function.configuration.values import read_platform
from poetry_plugin_package_function.configuration.values import read_provided
from poetry_plugin_package_function.configuration.values import read_result
from poetry_plugin_package_function.configuration.values import read_runtime
from poetry_plugin_package_function.configuration.values import read_service
from poetry_plugin_package_function.configuration.values import read_size
from poetry_plugin_package_function.configuration.values import read_text
from poetry_plugin_package_function.configuration.values import read_variables
from poetry_plugin_package_function.services import Feature


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_plugin_package_function.configuration.values import Source


class Place(Flag):
    """Where an option can be given: on a command line, or in tables."""

    POETRY = auto()
    STANDALONE = auto()
    TABLE = auto()

    BUILDING = POETRY | TABLE
    EVERYWHERE = POETRY | STANDALONE | TABLE


@dataclass(frozen=True)
class Option:
    """An option of the command lines, a key of the tables, or both.

    Attributes:
        name: What it is called, without dashes in front.
        read: Reads its value, see values.py.
        help: A sentence without its end.
        metavar: What its value is called in help; "" for a switch.
        default: What help shows as what holds without it.
        short: The letter that stands for it on Poetry's command line.
        field: Of `Settings`, where that is not its name; None if it has none.
        places: Where it can be given.
        excludes: Those that make no sense beside it.
        needs: It has no effect without one of these.
        feature: What a service has to have for it to make sense.
    """

    name: str
    read: Callable[[object, Source], Any]
    help: str
    metavar: str = ""
    default: str = ""
    short: str | None = None
    field: str | None = ""
    places: Place = Place.EVERYWHERE
    excludes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    feature: Feature | None = None

    @property
    def is_list(self) -> bool:
        """Whether it can be given several times."""
        return self.read in (read_aws_services, read_names)

    @property
    def is_named(self) -> bool:
        """Whether "{name}" in its value stands for the name of what is packaged.

        The values of a function's variables are for its own code to read.
        """
        return self.read is not read_variables

    def described(self, default: str | None = None) -> str:
        """Makes the sentence that help shows.

        Args:
            default: What holds without it, where a command line has its own.
        """
        shown = self.default if default is None else default
        return f"{self.help}{f' (default: {shown})' if shown else ''}."


_GROUPS: Final = ("with", "without", "only", "all-groups", "extras", "all-extras")
_NESTING: Final = ("nest", "keep-flat", "eager")
_HANDLER: Final = (
    *("handler", "memory-size", "ephemeral-storage", "environment"),
    *("max-init", "event", "timeout"),
)

# A table: two or three lines an option are easier to read than ten.
# fmt: off
OPTIONS: Final = (
    Option("without", read_names, "The dependency groups to ignore", "GROUPS",
           field="without_groups", places=Place.BUILDING),
    Option("with", read_names, "The dependency groups to add", "GROUPS",
           field="with_groups", places=Place.BUILDING),
    Option("only", read_names, "The only dependency groups to include", "GROUPS",
           field="only_groups", places=Place.BUILDING, excludes=("with", "without")),
    Option("all-groups", read_boolean, "Include all dependency groups",
           places=Place.BUILDING, excludes=("with", "without", "only")),
    Option("extras", read_names, "Extra sets of dependencies to add", "EXTRAS",
           short="E", places=Place.BUILDING),
    Option("all-extras", read_boolean, "Add all extra dependencies",
           places=Place.BUILDING, excludes=("extras",)),
    Option("python", read_text,
           "The function's Python, which builds, compiles and imports: version, command"
           " or path", "PYTHON"),
    Option("venv", read_path, "Package this environment or directory; build none",
           "DIRECTORY", places=Place.BUILDING, excludes=_GROUPS),
    Option("compile", read_boolean, "Add bytecode, for a faster cold start",
           field="compiles"),
    Option("eager", read_boolean,
           "Extract all that is nested when the function starts",
           feature=Feature.NESTING),
    Option("nest", read_names, "Distributions to nest before all others",
           places=Place.TABLE, feature=Feature.NESTING),
    Option("keep-flat", read_names, "Distributions that are never nested",
           places=Place.TABLE, feature=Feature.NESTING),
    Option("target", read_service,
           "What it is for: lambda, or agentcore (Amazon Bedrock AgentCore)", "SERVICE",
           "lambda", field="service"),
    Option("runtime", read_runtime,
           "The runtime, such as python3.13 (default: that of the Python that Poetry"
           " chooses)", "RUNTIME"),
    Option("architecture", read_architecture,
           "The function's architecture: x86_64 or arm64", "ARCHITECTURE", "x86_64"),
    Option("platform", read_platform,
           "Another cloud's platform tag, such as manylinux_2_28_x86_64; or host: what"
           " this machine builds, as it is", "TAG",
           excludes=("target", "runtime", "architecture")),
    Option("no-audit", read_boolean, "Do not check native libraries for the target"),
    Option("strip", read_boolean, "Strip native libraries", field="strips"),
    Option("exclude-provided", read_provided, "Leave the AWS SDK to the runtime",
           field="excludes_provided", feature=Feature.SDK),
    Option("aws-services", read_aws_services,
           "The services of AWS whose data in botocore is shipped", "SERVICES", "all"),
    Option("template", read_path,
           "Package the functions of this template: AWS SAM, CloudFormation,"
           " serverless.yml", "FILE", field=None),
    Option("handler", read_handler,
           "Import this handler out of the archive, as Lambda will", "HANDLER"),
    Option("memory-size", read_memory,
           "The function's memory in MB, to judge the handler by", "MB",
           field="memory_size_mb", needs=("handler",), feature=Feature.MEMORY),
    Option("ephemeral-storage", read_ephemeral_storage,
           "The size of the function's /tmp in MB, to judge by", "MB", "512",
           field="ephemeral_storage_mb", feature=Feature.STORAGE),
    Option("environment", read_variables,
           "The function's environment variables, for the import of the handler",
           places=Place.TABLE, needs=("handler",)),
    Option("event", read_event,
           "Call the handler once with this file's JSON (--event=-: standard input)",
           "FILE", needs=("handler",), feature=Feature.EVENTS),
    Option("timeout", read_timeout,
           "What the function may take for an event, in seconds", "SECONDS", "3",
           field="timeout_s", needs=("event",), feature=Feature.EVENTS),
    Option("profile", read_result,
           "Write what the handler's import needs; the key of that name reads it",
           "FILE", field=None),
    Option("exclude", read_patterns,
           "Patterns of files to leave out, in the language of .gitignore",
           places=Place.TABLE),
    Option("include", read_inclusions,
           "Files of the project to copy into the archive: paths, patterns, tables",
           places=Place.TABLE),
    Option("output", read_result, "The file to write", "FILE",
           excludes=("output-dir",)),
    Option("output-dir", read_path, "Where to write NAME.zip", "DIRECTORY", "dist",
           field=None),
    Option("layer", read_boolean, "Write the dependencies into a layer of their own",
           field=None, excludes=("layer-only", *_NESTING), feature=Feature.LAYERS),
    Option("layer-only", read_boolean, "Write nothing but that layer",
           excludes=(*_NESTING, "include", *_HANDLER), feature=Feature.LAYERS),
    Option("layer-output", read_result, "The layer's file", "FILE", "NAME-layer.zip",
           needs=("layer", "layer-only"), feature=Feature.LAYERS),
    Option("report", read_result, "A file to write a JSON report to", "FILE"),
    Option("format", read_text, "How to print the result: text, json or markdown",
           "FORMAT", "text", field=None, places=Place.POETRY | Place.STANDALONE),
    Option("compare", read_path, "A previous report, to show what has changed since",
           "FILE"),
    Option("sizes", read_result, "An HTML file to show what takes how much", "FILE"),
    Option("layers-size", read_size,
           "What the function's other layers have unzipped (bytes, or as 40MB)", "SIZE",
           field="layers_size_bytes", feature=Feature.LAYERS),
    Option("max-size", read_budget,
           "What all files may have unzipped; more is an error", "SIZE",
           field="max_size_bytes"),
    Option("max-zipped-size", read_budget,
           "What a ZIP may have; more is an error", "SIZE",
           field="max_zipped_size_bytes"),
    Option("max-init", read_multiple,
           "How many times INIT of an empty handler the handler's may take; more is an"
           " error", "TIMES", needs=("handler",)),
    Option("strict", read_boolean, "Take a warning for an error: write nothing then"),
    Option("dry-run", read_boolean, "Do all of it, but write no file",
           places=Place.POETRY | Place.STANDALONE),
)
# fmt: on
"""In the order of help."""

ONLY_KEYS: Final = tuple(each for each in OPTIONS if each.places is Place.TABLE)
"""What no command line has."""

KEYS: Final = tuple(each.name for each in OPTIONS if Place.TABLE in each.places)

REMOVED: Final = {
    "reuse": "not needed: a run takes wheels out of Poetry's cache unopened, and is as"
    " fast as one with a kept environment was. Remove this line."
}
"""Keys that there were, with the reason why they have gone."""


def options_of(place: Place) -> tuple[Option, ...]:
    """Finds the options that can be given at a place."""
    return tuple(each for each in OPTIONS if place in each.places)
