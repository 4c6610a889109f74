"""Names that Lambda takes: of handlers, and of environment variables."""

from __future__ import annotations

import re

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator


_MOST_CHARACTERS: Final = 128
"""Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

_BUILT_IN_MODULES: Final = frozenset(
    """
    _abc _ast _codecs _collections _functools _imp _io _locale _operator _signal _sre
    _stat _string _suggestions _symtable _sysconfig _thread _tokenize _tracemalloc
    _typing _warnings _weakref atexit builtins errno faulthandler gc itertools marshal
    posix pwd sys time
    """.split()  # noqa: SIM905 - 51 lines otherwise
)
"""`sys.builtin_module_names` of CPython 3.10 to 3.13, built as it comes; distributors
build more into theirs, so it is not this interpreter that is asked."""

_RESERVED: Final = frozenset(
    """
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT _HANDLER _X_AMZN_TRACE_ID
    """.split()  # noqa: SIM905 - 51 lines otherwise
)
"""What a function's configuration must not set.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

_FORM: Final = "Name the handler as package.module.function."


def wrong_handler(handler: str) -> Iterator[str]:
    """Says all that Lambda's API and its runtime refuse of a handler's name."""
    if len(handler) > _MOST_CHARACTERS:
        yield f"it has {len(handler)} characters; Lambda allows {_MOST_CHARACTERS}."
    if any(each.isspace() for each in handler):
        yield f"{handler!r} has white space in it. {_FORM}"
    module, _, function = handler.rpartition(".")
    parts = [*re.split("[./]", module), function]
    if "." not in handler:
        yield f"{handler!r} has no dot between module and function. {_FORM}"
    elif "/" in function:
        yield f"what follows the last dot of {handler!r} is no function. {_FORM}"
    elif not all(parts):
        yield f"{handler!r} has nothing beside a dot or /. {_FORM}"
    elif parts[0] in _BUILT_IN_MODULES:
        yield (
            f"Lambda cannot use built-in module {parts[0]} as a handler module. Give"
            " the module another name."
        )


def wrong_variables(names: Iterable[str]) -> Iterator[str]:
    """Says all that Lambda's API refuses of names of environment variables.

    Source:
        https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
    """
    ordered = sorted(names)
    if reserved := [name for name in ordered if name in _RESERVED]:
        yield f"Lambda reserves {', '.join(reserved)}: leave out what it sets itself."
    if malformed := [
        repr(name)
        for name in ordered
        if name not in _RESERVED and not re.fullmatch("[a-zA-Z][a-zA-Z0-9_]+", name)
    ]:
        yield (
            f"Lambda does not take {', '.join(malformed)}: a name has a letter first,"
            " then one or more letters, digits or underscores."
        )
