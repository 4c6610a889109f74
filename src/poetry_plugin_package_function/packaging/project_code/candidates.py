"""What could be the handler, where none is named: functions that look like one."""

from __future__ import annotations

import ast

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.python_source import parsed
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.sources.entry import Entry


_USUAL: Final = ("lambda_handler", "handler")
"""Source: https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""

_LARGEST_BYTES: Final = 1_000_000
_PARAMETERS: Final = 2


def candidates(entries: Iterable[Entry], project_name: str | None) -> tuple[str, ...]:
    """Names functions of the project's own modules that Lambda could call.

    Those with the usual names come first, then those that are least deep.

    Args:
        entries: All that is shipped.
        project_name: The project's own distribution.
    """
    found = {
        (function not in _USUAL, len(parts), f"{'.'.join(parts)}.{function}")
        for entry in entries
        if entry.included or entry.distribution in (None, project_name)
        if entry.name.endswith(".py") and entry.size_bytes <= _LARGEST_BYTES
        if (parts := module_parts(entry.name))
        for function in functions_in(read(entry.content))
    }
    return tuple(name for _, _, name in sorted(found))


def functions_in(source: bytes) -> list[str]:
    """Names what a module defines that looks like a handler, the usual names first."""
    found = _functions(source) if b"handler" in source or b"event" in source else ()
    return sorted(found, key=lambda each: each not in _USUAL)


def _functions(source: bytes) -> Iterator[str]:
    tree = parsed(source)
    for statement in tree.body if tree else ():
        match statement:
            case ast.FunctionDef(name=name, args=ast.arguments(args=parameters)):
                takes_event = (
                    len(parameters) == _PARAMETERS and parameters[0].arg == "event"
                )
                if name in _USUAL or (takes_event and not name.startswith("_")):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _USUAL:
                yield name  # handler = Mangum(app)
