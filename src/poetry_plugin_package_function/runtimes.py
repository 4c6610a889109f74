"""AWS Lambda's runtimes and limits, as data. All sizes are in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final


UNZIPPED_LIMIT_BYTES: Final = 262_144_000
"""What a function and all its layers must stay *below* when unzipped.

The service's message is "Unzipped size must be smaller than 262144000 bytes".
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

DIRECT_UPLOAD_LIMIT_BYTES: Final = 52_428_800
"""The largest ZIP (50 MB) that can be uploaded directly; a larger one goes through S3.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

MIB: Final = 1_048_576
"""`EphemeralStorage.Size` counts in these.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

DEFAULT_EPHEMERAL_STORAGE_BYTES: Final = 512 * MIB
"""The size of `/tmp` when `EphemeralStorage.Size` is not set."""

MAX_EPHEMERAL_STORAGE_BYTES: Final = 10_240 * MIB
"""The largest `/tmp` that can be configured."""


@dataclass(frozen=True)
class System:
    """An operating system that Lambda's runtimes stand on.

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
AMAZON_LINUX_2023: Final = System("Amazon Linux 2023", (2, 34), (3, 4, 29), (1, 3, 13))
"""Sources: https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html for glibc
and GCC (7.3 and 11); for their libstdc++
https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html#abi.versioning
"""


@dataclass(frozen=True)
class Runtime:
    """One of Lambda's Python runtimes.

    Attributes:
        name: Its identifier, such as "python3.13".
        system: What it stands on.
        deprecated_on: From this day on it gets no security patches.
    """

    name: str
    system: System
    deprecated_on: date | None = None

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
        Runtime("python3.15", AMAZON_LINUX_2023),
    )
}
"""By their identifiers; python3.15 is a preview, its system an inference.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""What Linux and wheels call each of Lambda's architectures.

Source: https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
"""


@dataclass(frozen=True)
class Target:
    """What a package is made for.

    Attributes:
        python: The minor version of Python, such as "3.13".
        machine: What `platform.machine` says there: "x86_64", "aarch64".
        system: Whose C library it is.
        runtime: Lambda's; None for another cloud's.
    """

    python: str
    machine: str
    system: System
    runtime: Runtime | None = None

    def __str__(self) -> str:
        name = self.runtime.name if self.runtime else f"Python {self.python}"
        glibc = ".".join(map(str, self.system.glibc))
        return f"{name} on {self.machine} ({self.system.name}, glibc {glibc})"
