"""Handlers: Lambda's rules for their names, and errors for those that are not there."""

from __future__ import annotations

import difflib

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.verify.variables import check_variables
from poetry_plugin_package_function.runtimes import DEFAULT_EPHEMERAL_STORAGE_BYTES


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping


MAX_LENGTH: Final = 128
"""Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

BUILT_IN_MODULES: Final = frozenset(
    [
        "_abc",
        "_ast",
        "_codecs",
        "_collections",
        "_functools",
        "_imp",
        "_io",
        "_locale",
        "_operator",
        "_signal",
        "_sre",
        "_stat",
        "_string",
        "_suggestions",
        "_symtable",
        "_sysconfig",
        "_thread",
        "_tokenize",
        "_tracemalloc",
        "_typing",
        "_warnings",
        "_weakref",
        "atexit",
        "builtins",
        "errno",
        "faulthandler",
        "gc",
        "itertools",
        "marshal",
        "posix",
        "pwd",
        "sys",
        "time",
    ]
)
"""`sys.builtin_module_names` of CPython 3.10 to 3.13, built as it comes; distributors
build more into theirs, so it is not this interpreter that is asked."""


@dataclass(frozen=True)
class Function:
    """What is known of a function in Lambda, but for its code.

    Attributes:
        handler: As Lambda has it: "my_func.handler.handler".
        python: The runtime's minor version, such as "3.13", to judge syntax by.
        variables: Its own environment variables.
        memory_bytes: Its memory, if it is known.
        ephemeral_storage_bytes: What it has in `/tmp`.
        has_layers: Whether it has layers that are not packaged with it, and may bring
            more modules.
    """

    handler: str
    python: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    ephemeral_storage_bytes: int = DEFAULT_EPHEMERAL_STORAGE_BYTES
    has_layers: bool = False


def check_handler(handler: str) -> tuple[str, ...]:
    """Holds a handler's name against the rules of Lambda's API and of its runtime.

    Returns:
        All that is wrong with it.
    """
    problems = []
    if len(handler) > MAX_LENGTH:
        problems.append(
            f"The handler's name has {len(handler)} characters; Lambda allows"
            f" {MAX_LENGTH}."
        )
    if any(each.isspace() for each in handler):
        problems.append(f"The handler's name {handler!r} has white space in it.")
    name = name_of(handler)
    *parents, _ = parts = [*name.module.split("."), name.function]
    if "." not in handler:
        problems.append(
            f"Bad handler {handler!r}: it has no dot between module and function."
        )
    elif "/" in name.function:
        problems.append(
            f"Bad handler {handler!r}: what follows the last dot is no function."
        )
    elif not all(parts):
        problems.append(f"Bad handler {handler!r}: there is nothing beside a dot or /.")
    elif parents[0] in BUILT_IN_MODULES:
        problems.append(
            f"Cannot use built-in module {parents[0]} as a handler module."
            " Give the module another name."
        )
    return tuple(problems)


def refuse_bad_settings(handler: str | None, variables: Mapping[str, str]) -> None:
    """Ends a run before its long work if Lambda would refuse the function's settings.

    Args:
        handler: Its name, if it is known.
        variables: The function's own environment variables.

    Raises:
        ConfigError: Lists everything that is wrong with them.
    """
    of_handler = check_handler(handler) if handler is not None else ()
    of_variables = check_variables(variables)
    hints = []
    if of_handler:
        hints.append("Name the handler as package.module.function: --handler.")
    if of_variables:
        hints.append("Take the variables out of `environment`, or rename them.")
    if hints:
        raise ConfigError((*of_handler, *of_variables), " ".join(hints))


class Name(NamedTuple):
    """A handler's name, taken apart as the runtime does it.

    Attributes:
        module: What is imported: each "/" is a dot.
        function: The attribute of the module that is called.
    """

    module: str
    function: str


def name_of(handler: str) -> Name:
    """Takes a handler's name apart."""
    module, _, function = handler.rpartition(".")
    return Name(module.replace("/", "."), function)


def module_error(name: Name, message: str, known: Iterable[str]) -> VerifyError:
    """Makes the error for a handler's module that is not in the archive."""
    like = difflib.get_close_matches(name.module, [*known], 3)
    return VerifyError(
        f"Unable to import module {name.module!r}: {message}.",
        f"Is it {' or '.join(f'{each}.{name.function}' for each in like)}?"
        if like
        else "Name the handler as package.module.function. Is the module in the"
        " archive (`packages`, `include`, `exclude`)?",
    )


def function_error(name: Name, known: Iterable[str]) -> VerifyError:
    """Makes the error for a function that its module does not have."""
    known = [*known]
    like = difflib.get_close_matches(name.function, known, 3) or known[:3]
    return VerifyError(
        f"Handler {name.function!r} missing on module {name.module!r}.",
        f"Is it {' or '.join(f'{name.module}.{each}' for each in like)}?"
        if like
        else f"Define the function in {name.module}, or import it there.",
    )
