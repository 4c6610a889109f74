"""Runtimes, systems and platforms, as data."""

from __future__ import annotations

import re

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from poetry_plugin_package_function.services import Service


@dataclass(frozen=True)
class System:
    """An operating system that Lambda's runtimes are built on.

    Attributes:
        name: What AWS calls it.
        glibc: The version of its C library.
        glibcxx: The newest symbol version of its libstdc++.
        cxxabi: The newest version of the C++ ABI in it.
    """

    name: str
    glibc: tuple[int, ...]
    glibcxx: tuple[int, ...]
    cxxabi: tuple[int, ...]


AMAZON_LINUX_2: Final = System("Amazon Linux 2", (2, 26), (3, 4, 24), (1, 3, 11))
AMAZON_LINUX_2023: Final = System("Amazon Linux 2023", (2, 34), (3, 4, 33), (1, 3, 15))
"""Sources: https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html for glibc;
Amazon Linux 2 has the libstdc++ of GCC 7.3, Amazon Linux 2023 that of GCC 14.2 since
https://github.com/docker-library/official-images/pull/18759; what these have says
https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html#abi.versioning
"""


@dataclass(frozen=True)
class Runtime:
    """One of Lambda's Python runtimes.

    Attributes:
        name: Its identifier, such as "python3.13".
        system: What it is built on.
        deprecated_on: From this day on it gets no security patches.
        is_preview: Whether AWS does not recommend it for production yet.
    """

    name: str
    system: System
    deprecated_on: date | None = None
    is_preview: bool = False

    @property
    def python(self) -> str:
        """Its minor version of Python, such as "3.13"."""
        return self.name.removeprefix("python")


RUNTIMES: Final = {
    runtime.name: runtime
    for runtime in (
        Runtime("python3.10", AMAZON_LINUX_2, date(2026, 10, 31)),
        Runtime("python3.11", AMAZON_LINUX_2, date(2027, 6, 30)),
        Runtime("python3.12", AMAZON_LINUX_2023, date(2028, 10, 31)),
        Runtime("python3.13", AMAZON_LINUX_2023, date(2029, 6, 30)),
        Runtime("python3.14", AMAZON_LINUX_2023, date(2029, 6, 30)),
        Runtime("python3.15", AMAZON_LINUX_2023, is_preview=True),
    )
}
"""By their identifiers; python3.15 is a preview, its system an inference.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""What Linux and wheels call each of Lambda's architectures.

Source: https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
"""


HOST: Final = "host"
"""The platform that is this machine's own: what is built here, as it is."""

_LEGACY_PLATFORMS: Final = {
    "manylinux1": (2, 5),
    "manylinux2010": (2, 12),
    "manylinux2014": (2, 17),
}
"""Source: PEP 600, "Legacy manylinux tags"."""

_SYMBOLS: Final = (
    ((2, 5), (3, 4, 8), (1, 3, 1)),
    ((2, 12), (3, 4, 13), (1, 3, 3)),
    ((2, 17), (3, 4, 19), (1, 3, 7)),
    ((2, 24), (3, 4, 22), (1, 3, 10)),
    ((2, 26), (3, 4, 24), (1, 3, 11)),
    ((2, 31), (3, 4, 28), (1, 3, 12)),
    ((2, 34), (3, 4, 29), (1, 3, 13)),
    ((2, 35), (3, 4, 30), (1, 3, 13)),
    ((2, 39), (3, 4, 33), (1, 3, 15)),
)
"""What distributions of some glibc have at least in their libstdc++.

Source: the policies of auditwheel, which are what manylinux tags promise,
https://github.com/pypa/auditwheel/blob/main/src/auditwheel/policy/manylinux-policy.json
"""


def parse_platform(tag: str) -> tuple[System, str] | None:
    """Reads a platform tag of Linux with glibc: its system and its machine.

    Returns:
        None if it is another kind of tag, or no machine of Lambda's kinds.

    Source:
        PEP 600.
    """
    names = "|".join(_LEGACY_PLATFORMS)
    match = re.fullmatch(rf"({names}|manylinux_2_(\d{{1,3}}))_(x86_64|aarch64)", tag)
    if match is None:
        return None
    name, minor, machine = match.groups()
    glibc = (2, int(minor)) if minor else _LEGACY_PLATFORMS[name]
    known = [each for each in _SYMBOLS if each[0] <= glibc] or [_SYMBOLS[0]]
    _, glibcxx, cxxabi = known[-1]
    return System(name, glibc, glibcxx, cxxabi), machine


def platform_tags(system: System, machine: str) -> list[str]:
    """Lists the platform tags of wheels that work there, the newest first.

    Those before PEP 600 stand behind the ones that they mean, and `linux_*`, which is
    what is built on such a machine, at the end.

    Sources: PEP 600; PEP 513, 571 and 599 for the oldest glibc of each machine.
    """
    oldest = 5 if machine == "x86_64" else 17
    names = {glibc: name for name, glibc in _LEGACY_PLATFORMS.items()}
    tags = []
    for minor in range(system.glibc[1], oldest - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if (2, minor) in names:
            tags.append(f"{names[2, minor]}_{machine}")
    return [*tags, f"linux_{machine}"]


@dataclass(frozen=True)
class Target:
    """What a package is made for.

    Attributes:
        python: The minor version of Python, such as "3.13".
        machine: What `platform.machine` says there: "x86_64", "aarch64"; "" if nothing
            in the package depends on it.
        system: Whose C library it is.
        runtime: The service's; None for another cloud's.
        service: Whose runtime it is; None for another cloud, of whose limits nothing
            is known.
    """

    python: str
    machine: str
    system: System
    runtime: Runtime | None = None
    service: Service | None = None

    def __str__(self) -> str:
        name = self.runtime.name if self.runtime else f"Python {self.python}"
        glibc = ".".join(map(str, self.system.glibc))
        on = f" on {self.machine}" if self.machine else ""
        return f"{name}{on} ({self.system.name}, glibc {glibc})"

    @property
    def architecture(self) -> str:
        """What services call its machine; "" if nothing depends on it."""
        names = {machine: name for name, machine in ARCHITECTURES.items()}
        return names.get(self.machine, "")
