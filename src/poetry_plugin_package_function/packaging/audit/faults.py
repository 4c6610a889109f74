"""What a file of machine code has that keeps it from being loaded on a target."""

from __future__ import annotations

import re

from collections import Counter
from enum import Enum
from enum import auto
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.machine_code import Format
from poetry_plugin_package_function.packaging.elf.values import EXECUTABLE
from poetry_plugin_package_function.packaging.elf.values import SHARED
from poetry_plugin_package_function.runtimes import ARCHITECTURES


if TYPE_CHECKING:
    from collections.abc import Container
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.elf.values import Elf
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.runtimes import Target


class Reason(Enum):
    """Why a file cannot be loaded."""

    SYSTEM = auto()
    MACHINE = auto()
    LIBC = auto()
    PYTHON = auto()
    DAMAGE = auto()


class Fault(NamedTuple):
    """What is wrong with a file: a sentence whose subject is the file."""

    reason: Reason
    what: str


_MACHINES: Final = {
    (3, 32): "i386",
    (8, 32): "mips",
    (8, 64): "mips64",
    (20, 32): "ppc",
    (21, 64): "ppc64",
    (22, 32): "s390",
    (22, 64): "s390x",
    (40, 32): "arm",
    (62, 32): "x32",
    (62, 64): "x86_64",
    (183, 32): "aarch64_ilp32",
    (183, 64): "aarch64",
    (243, 32): "riscv32",
    (243, 64): "riscv64",
    (258, 64): "loongarch64",
}
"""What Linux runs on, by e_machine and class. Code for anything else is data there, as
that for graphics cards and for the kernel's BPF."""

_MUSL: Final = re.compile(r"libc\.musl-.+\.so\.1|libc\.so")
"""What musl is called by those linked to it: by its package, or by its own soname."""

_MODULE_TAG: Final = re.compile(
    r"\.(?:cpython-(?P<major>\d)(?P<minor>\d+)(?P<flags>[a-z]*)(?:-(?P<platform>[^.]+))?"
    r"|(?P<other>pypy|graalpy)[^.]*|(?P<stable>abi3t?))\.so$"
)
"""Source: importlib.machinery.EXTENSION_SUFFIXES of CPython (PEP 3149), PyPy, GraalPy;
PEP 803 for abi3t."""

_ABI3T_SINCE: Final = (3, 15)

_VERSION: Final = re.compile(r"(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)*)")
_NAMED_VERSIONS: Final = {"GLIBC_ABI_DT_RELR": ("GLIBC", (2, 36))}
"""Source: NEWS of glibc 2.36."""


def is_host_code(elf: Elf) -> bool:
    """Whether a Linux system may load it: an executable or a shared library."""
    return elf.kind in (EXECUTABLE, SHARED) and (elf.machine, elf.bits) in _MACHINES


def machine_of(code: Iterable[MachineCode]) -> str:
    """Finds what machine a tree is for: the one that most of its code is for.

    Returns:
        "x86_64" or "aarch64"; "" if no code is for either.
    """
    machines = (
        _MACHINES[each.elf.machine, each.elf.bits]
        for each in code
        if each.elf is not None and is_host_code(each.elf)
    )
    counts = Counter(each for each in machines if each in ARCHITECTURES.values())
    return max(sorted(counts, reverse=True), key=lambda each: counts[each], default="")


def is_tagged_module(name: str) -> bool:
    """Whether a file's name has the tag of some Python: it is a module for sure."""
    return _MODULE_TAG.search(name) is not None


def has_tag_of(name: str, target: Target) -> bool:
    """Whether a file's name has the tag of the target's Python, version and machine."""
    return name.endswith(_tag_of(target))


def _tag_of(target: Target) -> str:
    version = target.python.replace(".", "")
    return f".cpython-{version}-{target.machine}-linux-gnu.so"


def fault_of(entry: Entry, code: MachineCode | None, target: Target) -> Fault | None:
    """Finds what keeps a file from being loaded; the first reason is enough.

    Args:
        entry: The file: any but ELF files that are no `is_host_code`.
        code: What it says; None if it is no machine code, and only called so.
        target: What it is to work on.
    """
    name, size_bytes = entry.name, entry.size_bytes
    if code is None:
        # A name without a tag may be that of a linker script: it is text.
        if not is_tagged_module(name) or not is_looked_for(name, target):
            return None
        return Fault(
            Reason.DAMAGE,
            f"is a damaged module: it has {size_bytes:,} bytes, and no ELF header",
        )
    if code.format is not Format.ELF:
        return Fault(Reason.SYSTEM, f"is code for {code.format}; the target has Linux")
    elf = code.elf
    if elf is None:
        return Fault(Reason.DAMAGE, "is a damaged ELF file: it contradicts the format")
    machine = _MACHINES[elf.machine, elf.bits]
    if machine != target.machine:
        what = f"is {elf.bits}-bit code for {machine}; the target is {target.machine}"
        return Fault(Reason.MACHINE, what)
    if elf.loaded_bytes > size_bytes:
        return Fault(
            Reason.DAMAGE,
            f"is a damaged ELF file: it has {size_bytes:,} bytes, and"
            f" {elf.loaded_bytes:,} are to be loaded",
        )
    needed = elf.linkage.needed if elf.linkage else ()
    musl = [each for each in needed if _MUSL.fullmatch(each)]
    if musl:
        glibc = ".".join(map(str, target.system.glibc))
        return Fault(
            Reason.LIBC,
            f"is linked to musl ({musl[0]}); {target.system.name} has glibc {glibc}",
        )
    return _fault_of_name(name, target)


def is_looked_for(name: str, target: Target) -> bool:
    """Whether the target's Python takes a file of this name for an extension module."""
    return name.endswith(".so") and _fault_of_name(name, target) is None


def _fault_of_name(name: str, target: Target) -> Fault | None:
    match = _MODULE_TAG.search(name)
    version = tuple(map(int, target.python.split(".")))
    stable = "abi3t" if version >= _ABI3T_SINCE else "abi3"
    if match is None or match["stable"] in ("abi3", stable):
        return None
    own = _tag_of(target)
    if match[0] == own:
        return None
    return Fault(
        Reason.PYTHON,
        f"is a module for {_python_of(match)}; the target is CPython {target.python},"
        f" which looks for {own}",
    )


def _python_of(match: re.Match[str]) -> str:
    if match["other"]:
        return {"pypy": "PyPy", "graalpy": "GraalPy"}[match["other"]]
    if match["stable"]:
        return "free-threaded CPython"
    kind = "free-threaded " if "t" in match["flags"] else ""
    platform = f" on {match['platform']}" if match["platform"] else ""
    return f"{kind}CPython {match['major']}.{match['minor']}{platform}"


def too_new(elf: Elf, own: Container[str], target: Target) -> Iterator[str]:
    """Finds the versions that are needed, and that the target's libraries lack.

    Args:
        elf: What needs them.
        own: The names of libraries that it finds in the tree: they have what it needs.
        target: What it is to work on.

    Yields:
        For each kind of version what is wrong with the highest one.
    """
    system = target.system
    offered = {
        "GLIBC": (system.glibc, "glibc "),
        "GLIBCXX": (system.glibcxx, "GLIBCXX_"),
        "CXXABI": (system.cxxabi, "CXXABI_"),
    }
    highest: dict[str, tuple[tuple[int, ...], str]] = {}
    for library, name in elf.versions:
        match = _VERSION.fullmatch(name)
        if library in own or not (match or name in _NAMED_VERSIONS):
            continue
        if match:
            kind, version = match[1], tuple(map(int, match[2].split(".")))
        else:
            kind, version = _NAMED_VERSIONS[name]
        highest[kind] = max(highest.get(kind, ((), "")), (version, name))
    for kind, (version, name) in highest.items():
        limit, prefix = offered[kind]
        if version > limit:
            has = f"{prefix}{'.'.join(map(str, limit))}"
            yield f"needs {name}; {system.name} has {has}"
