"""Environment variables that the import of a handler has looked for in vain."""

from __future__ import annotations

import ast
import re

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.lambda_names import wrong_variables
from poetry_plugin_package_function.packaging.python_source import parsed
from poetry_plugin_package_function.project import SHOWN_TABLE


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping


_ABOUT_VARIABLES: Final = re.compile(r"(?i)\benv(?:ironment)?[ _-]?var|^.?config '")
_NAME: Final = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
"""What is about them in words: of environs, decouple, Starlette, django-environ, and of
projects. None of them says the name in another way."""

_READS: Final = re.compile(rb"\b(?:environ|getenv)\b")


def wanted_variables(
    error: Mapping[str, Any], given: Iterable[str], sources: Iterable[bytes]
) -> list[str]:
    """Names the variables that are missing, without those that Lambda reserves.

    Args:
        error: What the verifier has described.
        given: The variables that there are.
        sources: Those of the project's files that were being imported: what they read
            next is missing as well.
    """
    sources = tuple(sources)
    names = dict.fromkeys(error["variables"])
    if not names:
        for link in error["chain"]:
            message = link["text"].partition(": ")[2]
            found = {*_NAME.findall(message)}
            if len(found) == 1 and (
                _ABOUT_VARIABLES.search(message) or _look_for(sources, *found)
            ):
                names |= dict.fromkeys(found)
    if names:
        for source in sources:
            names |= dict.fromkeys(_read_at_import(source))
    return [
        each
        for each in names
        if each not in {*given} and not [*wrong_variables([each])]
    ]


def _look_for(sources: Iterable[bytes], name: str) -> bool:
    """Whether sources read variables, and have one's name as a text.

    So a function of the project's own that raises what it likes is understood.
    """
    text = b"\n".join(sources)
    literal = rb"[\"']%s[\"']" % name.encode()
    return bool(_READS.search(text) and re.search(literal, text))


def line_for(names: Iterable[str], given: Mapping[str, str]) -> str:
    """Says what to write into pyproject.toml."""
    values = ", ".join(f'{each} = "…"' for each in names)
    if given:
        return f"Add {values} to `environment` in {SHOWN_TABLE}."
    return (
        f"Give the function its variables: environment = {{ {values} }} in"
        f" {SHOWN_TABLE}."
        " They are for this import only, so any value of the right form will do."
    )


def _read_at_import(source: bytes) -> Iterator[str]:
    """Names what a module reads while it is imported, and cannot do without."""
    tree = parsed(source)
    pending: list[ast.AST] = [tree] if tree else []
    found = []
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.Try():
                continue
            case ast.If() | ast.IfExp() | ast.While() | ast.BoolOp():
                continue
            case ast.With() | ast.AsyncWith():  # of contextlib.suppress, perhaps
                continue
            case ast.Subscript(
                value=ast.Attribute(attr="environ") | ast.Name(id="environ"),
                slice=ast.Constant(value=str(name)),
                ctx=ast.Load(),
            ):
                found.append((node.lineno, node.col_offset, name))
        pending += ast.iter_child_nodes(node)
    yield from (name for _, _, name in sorted(found))
