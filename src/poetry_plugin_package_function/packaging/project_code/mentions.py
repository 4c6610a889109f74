"""What a source says that it needs: modules that it imports, files that it names."""

from __future__ import annotations

import ast

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple
from typing import TypeGuard

from poetry_plugin_package_function.packaging.python_source import imported_by
from poetry_plugin_package_function.packaging.python_source import is_for_type_checkers
from poetry_plugin_package_function.packaging.python_source import parsed


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence


_MOST_CHARACTERS: Final = 200

_OPEN_DIRECTORIES: Final = frozenset(
    """
    FileSystemLoader Jinja2Templates Path PurePath StaticFiles glob iterdir join
    joinpath listdir scandir walk
    """.split()  # noqa: SIM905 - one line otherwise for each
)
"""Functions and classes that are given directories."""

_OF_DIRECTORIES: Final = frozenset(
    ("directory", "folder", "searchpath", "static_folder", "template_folder")
)
"""Arguments that are directories."""

_OPEN_MODULES: Final = frozenset(
    """
    PackageLoader __import__ contents files find_spec get_data import_module is_resource
    open_binary open_text read_binary read_text resource_filename resource_listdir
    resource_stream resource_string
    """.split()  # noqa: SIM905 - as above
)
"""Functions and classes that are given the name of a module first."""


class Mentions(NamedTuple):
    """What a source needs, in the order in which it says so.

    Attributes:
        modules: Parts of the names of modules that are imported, or of what may be one.
        texts: Parts of texts that may be a module's name: `files("data")`, and whatever
            has a dot, as Django's settings have.
        files: Relative paths of what may be a file.
        directories: The same of what may be a directory.
    """

    modules: tuple[tuple[str, ...], ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


def mentions(source: bytes, package: Sequence[str]) -> Mentions:
    """Finds what a source needs, wherever in it: in functions, `try` and `if`, too.

    Args:
        source: The source. What this Python does not parse needs nothing.
        package: The parts of the name of the package that the module is in.
    """
    tree = parsed(source)
    if tree is None:
        return Mentions()
    nodes = [*_nodes(tree)]
    beginnings = {id(node.left) for node in nodes if _is_path(node)}
    modules = dict.fromkeys(
        module for node in nodes for module in imported_by(node, package)
    )
    texts = dict.fromkeys(filter(None, map(_text, nodes)))
    directories = dict.fromkeys(
        path
        for node in nodes
        if id(node) not in beginnings
        for path in _directories(node)
        if _may_be_path(path)
    )
    files = dict.fromkeys(
        (
            *(each for each in directories if "." in each),
            *(each for each in texts if "." in each and _may_be_path(each)),
        )
    )
    opened = {text for node in nodes for text in _opened_modules(node)}
    names = (tuple(each.split(".")) for each in texts if "." in each or each in opened)
    return Mentions(
        tuple(modules),
        tuple(each for each in names if all(map(str.isidentifier, each))),
        tuple(files),
        tuple(directories),
    )


def _nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Lists all but what only type checkers see, in the order of the source."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        children: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, ast.If) and is_for_type_checkers(node.test):
            children = node.orelse
        pending += reversed([*children])


def _directories(node: ast.AST) -> Iterator[str]:
    """Finds paths that code puts together: `parent / "a" / "b"`, `join(here, "a")`."""
    if _is_path(node):
        yield _joined(_operands(node))
    elif isinstance(node, ast.Call):
        name = _called(node)
        if name in _OPEN_DIRECTORIES:
            yield _joined(node.args)
        yield from (text.replace(".", "/") for text in _opened_modules(node))
        for keyword in node.keywords:
            if keyword.arg in _OF_DIRECTORIES:
                yield _text(keyword.value)


def _opened_modules(node: ast.AST) -> Iterator[str]:
    """Finds the module whose resources are opened, or that is imported by its name."""
    if isinstance(node, ast.Call) and node.args and _called(node) in _OPEN_MODULES:
        yield _text(node.args[0])


def _called(node: ast.Call) -> str:
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else _id(called)


def _is_path(node: ast.AST) -> TypeGuard[ast.BinOp]:
    """Whether a node may be `parent / "name"`, which is a division, too."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def _operands(node: ast.expr) -> list[ast.expr]:
    if _is_path(node):
        return [*_operands(node.left), node.right]
    if isinstance(node, ast.Call) and _id(node.func) in ("Path", "PurePath"):
        return [*node.args]
    return [node]


def _joined(nodes: Sequence[ast.expr]) -> str:
    """Joins the first texts of a path that follow one another."""
    found: list[str] = []
    for node in nodes:
        text = _text(node)
        if text:
            found.append(text)
        elif found:
            break
    return "/".join(found)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _id(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _may_be_path(text: str) -> bool:
    parts = text.removeprefix("./").split("/")
    return (
        0 < len(text) <= _MOST_CHARACTERS
        and text.isprintable()
        and "\\" not in text
        and text[1:2] != ":"  # a drive of Windows
        and all(part and part not in (".", "..") for part in parts)
    )
