"""Files with their sizes, as a package has them: no two alike, the same each time."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import FileSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.result import Report
from poetry_plugin_package_function.packaging.verify.init import Import
from poetry_plugin_package_function.packaging.verify.init import Init
from poetry_plugin_package_function.packaging.verify.verified import Verified
from poetry_plugin_package_function.report import treemap


if TYPE_CHECKING:
    from collections.abc import Sequence


_DIRECTORIES: Final = ("", "core", "core/tests", "io", "io/formats", "_libs", "util")
_SUFFIXES: Final = (".py", ".pyi", ".cpython-313-x86_64-linux-gnu.so", ".pyc")

HOSTILE_NAMES: Final = (
    "</script><script>alert(1)</script>.py",
    "<!--<script>.py",
    "<img src=x onerror=alert(1)>.py",
    "\"quoted\" & 'quoted' &amp; $title ${x}.py",
    "line\u2028separator\u2029paragraph\nnew\ttab.py",
    "not-utf8-\udcff\udc80.py",
    "lone-\ud800-high.py",
    "emoji-\U0001f468\u200d\U0001f469\u200d\U0001f467-\U0001f1f7\U0001f1f4.py",
    "rtl-\u05e9\u05dc\u05d5\u05dd-\u0645\u0631\u062d\u0628\u0627.py",
    "override-\u202eyp.exe",
    "__proto__",
    "constructor/toString/__proto__.py",
    "back\\slash.py",
    "x" * 255,
)


@dataclass(frozen=True)
class Sizes:
    """What the page shows of a report, and its files."""

    title: str
    output_bytes: int
    unzipped_bytes: int
    limit_bytes: int
    files: Sequence[FileSize]
    owners: Sequence[DistributionSize] = ()
    init: Init | None = None
    unchecked: str = ""


def as_html(sizes: Sizes) -> bytes:
    """Writes the page of a report that has these sizes."""
    report = Report(
        output_file=Path(),
        distribution_name=sizes.title,
        layout=Layout.FLAT,
        output_bytes=sizes.output_bytes,
        uncompressed_bytes=0,
        compressed_bytes=0,
        unzipped_bytes=sizes.unzipped_bytes,
        limit_bytes=sizes.limit_bytes,
        layers_size_bytes=0,
        files=len(sizes.files),
        sha256="",
        python=None,
        source_date_epoch=0,
        compressor="",
        compression_level=0,
        entry_modules=(),
        distributions=tuple(sizes.owners),
        left_out=(),
        nested=None,
        verified=Verified("my_app.f", sizes.unchecked, init=sizes.init)
        if sizes.unchecked or sizes.init
        else None,
    )
    return treemap.as_html(report, sizes.files)


def sizes_of(files: int) -> Sizes:
    """Makes as many files of up to sixty distributions, a fifth of which is nested."""
    count = max(3, min(60, files // 25))
    names = [f"library-{number}" for number in range(count)]
    made = []
    for number in range(files):
        number_of_owner = min(number % count, number // 7 % count)
        directory = _DIRECTORIES[number // count % len(_DIRECTORIES)]
        suffix = _SUFFIXES[number % 3 if number % 29 else 2]
        package = f"library_{number_of_owner}/{directory}".rstrip("/")
        size_bytes = 1 + number * 7919 % (
            40_000 if suffix != _SUFFIXES[2] else 4_000_000
        )
        made.append(
            FileSize(
                f"{package}/module_{number}{suffix}",
                names[number_of_owner],
                size_bytes,
                size_bytes // (2 + number % 4) + 1,
                nested=number_of_owner % 5 == 4,
            )
        )
    owners = [
        owner(
            name, f"{number}.1.0", ("my-app", *names[max(0, number - 2) : number + 1])
        )
        for number, name in enumerate(names)
    ]
    return Sizes(
        title="my-app",
        output_bytes=sum(file.zipped_bytes for file in made),
        unzipped_bytes=sum(file.unzipped_bytes for file in made if not file.nested),
        limit_bytes=262_144_000,
        files=made,
        owners=owners,
    )


def owner(name: str, version: str, path: tuple[str, ...] = ()) -> DistributionSize:
    """A distribution, as far as the page shows it by itself."""
    return DistributionSize(name, version, 1, 1, 1, path=path)


def hostile_sizes() -> Sizes:
    """Makes files, distributions and a project that try to be more than names."""
    files = [
        FileSize(f"{directory}{name}", whose, 1000 + number, 500, nested=False)
        for number, name in enumerate(HOSTILE_NAMES)
        for directory, whose in [("", ""), (f"{name}/", name), ("", "<b>bold</b>")]
    ]
    owners = [owner(name, name, ("my-app", name)) for name in HOSTILE_NAMES]
    title = "</title><script>alert(1)</script>\udcff"
    return Sizes(title, 1, 1, 262_144_000, files, owners)


def imports_of(sizes: Sizes, imports: int) -> Sizes:
    """Adds an INIT of so many imports, the first of which are the project's own.

    Up to seven are in one another; each takes a time of its own. Each fifth is
    Python's, all others have a module among the files.
    """
    parents: list[int] = []
    for number in range(imports):
        parents.append(-1 if number % 97 == 0 else number - 1)
        while depth_of(parents, number) > 7:
            parents[number] = parents[parents[number]]
    own_us = [100 + number * 37 % 900 for number in range(imports)]
    cumulative_us = list(own_us)
    for number in reversed(range(imports)):
        parent = parents[number]
        if parent != -1:
            cumulative_us[parent] += cumulative_us[number]
    made = []
    for number, parent in enumerate(parents):
        owner = sizes.owners[number // 97 % len(sizes.owners)].name
        is_pythons = number % 5 == 4
        package = owner.replace("-", "_")
        made.append(
            Import(
                parent,
                f"python_{number}" if is_pythons else f"{package}.module_{number}",
                "",
                None if is_pythons else owner,
                own_us[number] / 1e6,
                cumulative_us[number] / 1e6,
                memory_bytes=number * 512,
                line="" if parent != -1 else f"my_app/handler.py:{number + 1}",
            )
        )
    imports_s = sum(own_us) / 1e6
    files = frozenset(file.name for file in sizes.files[::3])
    return replace(sizes, init=Init(0.08, 0.11, imports_s, tuple(made), read=files))


def depth_of(parents: Sequence[int], number: int) -> int:
    """How many imports are going on where one begins, itself among them."""
    depth = 0
    while number != -1:
        depth, number = depth + 1, parents[number]
    return depth
