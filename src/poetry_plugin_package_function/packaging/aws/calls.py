"""What a source asks the AWS SDK for: `boto3.client("s3")` and its like."""

from __future__ import annotations

import ast
import re

from collections import Counter
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.python_source import parsed


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet


_METHODS: Final = frozenset(
    (
        *("client", "create_client", "resource"),
        *("get_available_regions", "get_paginator_model", "get_service_data"),
        *("get_service_model", "get_waiter_model"),
    )
)
"""What takes a service's name as `service_name`, the first argument: of boto3, of its
sessions, and of those of botocore, aioboto3 and aiobotocore. Of a service that is not
there `get_available_regions` lists none, without an error.

Sources: boto3/session.py, botocore/session.py
"""

_MAY_ASK: Final = re.compile(rf"\b(?:{'|'.join(sorted(_METHODS))})\b".encode())
_SDK: Final = frozenset({"aioboto3", "aiobotocore", "boto3", "botocore"})
_OWN: Final = frozenset({"cls", "self"})


class Asking(NamedTuple):
    """Code that asks for a service by its name.

    Attributes:
        service: The name, as it is in the source.
        file: The source's name in the archive.
        line: Where it begins there, from 1 on.
        distribution: Whose source it is; "" if it is the project's.
    """

    service: str
    file: str
    line: int
    distribution: str = ""

    @property
    def place(self) -> str:
        """Says where it is."""
        return f"{self.file}:{self.line}"


class Asked(NamedTuple):
    """What a source asks for.

    Attributes:
        lines: The names of services, each with the lines where it is asked for.
        is_all: Whether it can ask for no others: no name is put together, and what
            takes names is handed to nobody.
    """

    lines: Mapping[str, tuple[int, ...]]
    is_all: bool = True


def asked(source: bytes) -> Asked:
    """Finds which services a source asks for, wherever in it; nothing is run.

    A name is a literal, a choice of literals, or a variable that is set once, to one.
    Whose method it is that is called `client` cannot be known: only what is the name of
    a service counts for something.
    """
    if not _MAY_ASK.search(source):
        return Asked({})
    tree = parsed(source)
    if tree is None:
        return Asked({}, is_all=False)
    nodes = [*ast.walk(tree)]
    functions = {*_imported(nodes)}
    constants = _constants(nodes)
    found: dict[str, list[int]] = {}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    is_all = not _is_handed_on(nodes, functions)
    for call in calls:
        if not _is_asking(call.func, functions) or not (call.args or call.keywords):
            continue
        names = _texts(_service_name(call), constants)
        is_all = is_all and bool(names)
        for name in names:
            found.setdefault(name, []).append(call.lineno)
    lines = {name: tuple(sorted(found[name])) for name in sorted(found)}
    return Asked(lines, is_all)


def _imported(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Lists the names of `from boto3 import client`."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module in _SDK:
            for alias in node.names:
                if alias.name in _METHODS:
                    yield alias.asname or alias.name


def _constants(nodes: Sequence[ast.AST]) -> Mapping[str, ast.expr]:
    """Finds variables that are set in one place, which is an assignment."""
    values: dict[str, ast.expr] = {}
    times: Counter[str] = Counter()
    for node in nodes:
        match node:
            case ast.Assign([ast.Name(name)], value):
                values[name] = value
            case ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                values[name] = value
        match node:
            case ast.Name(name, ast.Store()) | ast.arg(name):
                times[name] += 1
            case ast.alias(name, asname):
                times[asname or name] += 1
    return {name: value for name, value in values.items() if times[name] == 1}


def _is_asking(function: ast.expr, functions: AbstractSet[str]) -> bool:
    match function:
        case ast.Attribute(_, name):
            return name in _METHODS
        case ast.Name(name):
            return name in functions
    return False


def _service_name(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next(
        (each.value for each in call.keywords if each.arg == "service_name"), None
    )


def _texts(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> list[str]:
    """Lists what a value may be; [] if that is not known."""
    match node:
        case ast.Constant(str(text)):
            return [text]
        case ast.IfExp(_, one, other):
            found = _texts(one, constants), _texts(other, constants)
            return [*found[0], *found[1]] if all(found) else []
        case ast.Name(name) if name in constants:
            others = {each: constants[each] for each in constants.keys() - {name}}
            return _texts(constants[name], others)
    return []


def _is_handed_on(nodes: Sequence[ast.AST], functions: AbstractSet[str]) -> bool:
    """Whether what takes names is not called at once: somebody else may call it.

    `self.client` is what has been made, and `it.client.put` a method of that.
    """
    used = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    used |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        match node:
            case ast.Attribute(ast.Name(base), name, ast.Load()) if base in _OWN:
                continue
            case ast.Attribute(_, name, ast.Load()):
                found = name in _METHODS
            case ast.Name(name, ast.Load()):
                found = name in functions
            case ast.Call(ast.Name("getattr"), [_, ast.Constant(str(name)), *_]):
                if name in _METHODS:
                    return True
                continue
            case ast.Call(ast.Name("getattr")):
                return True
            case _:
                continue
        if found and id(node) not in used:
            return True
    return False
