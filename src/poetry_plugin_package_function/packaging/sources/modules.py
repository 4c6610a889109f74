"""Which files Python imports, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterable


MODULE_SUFFIXES: Final = (".py", ".pyc", ".so", ".pyd")
"""What Python imports. Source: importlib.machinery.all_suffixes()."""


def module_parts(name: str) -> list[str]:
    """Splits the name of a file that can be imported; [] for any other file.

    A name need not be an identifier: Lambda imports "my-func" and "functions/get-user"
    by their names.
    """
    *parents, file = name.split("/")
    if not file.endswith(MODULE_SUFFIXES):
        return []
    stem, _, suffix = file.rpartition(".")
    if suffix in ("so", "pyd"):  # a tag is in between: fast.cpython-313-x86_64.so
        stem = stem.partition(".")[0]
    parts = parents if stem == "__init__" else [*parents, stem]
    if parts == ["__main__"] or any("." in part or not part for part in parts):
        return []
    return parts


def known_modules(names: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Finds the modules, as parts of their names, among names of files."""
    return frozenset(tuple(parts) for name in names if (parts := module_parts(name)))


def handler_parts(handler: str) -> list[str]:
    """Splits the name of a handler's module: each "/" is a dot, as for the runtime."""
    return handler.rpartition(".")[0].replace("/", ".").split(".")


def module_path(name: str) -> str:
    """The path that a module's file, or its bytecode, is imported by.

    "a/b.cpython-313-x86_64-linux-gnu.so" and "a/__pycache__/b.cpython-313.pyc" are
    both "a/b".
    """
    directory, slash, file = name.rpartition("/")
    if directory.rpartition("/")[2] == "__pycache__":
        directory, slash, _ = directory.rpartition("/")
    return f"{directory}{slash}{file.partition('.')[0]}"


def module_name(name: str) -> str:
    """What a file, or the module whose bytecode it is, is imported as; "" if it is not.

    "a/__pycache__/b.cpython-313.pyc" is the module "a.b", "a/__init__.py" is "a".
    """
    return ".".join(module_parts(source_of(name)))


def source_of(name: str) -> str:
    """The file that bytecode has been compiled of; of any other file its own name."""
    return f"{module_path(name)}.py" if "__pycache__/" in name else name
