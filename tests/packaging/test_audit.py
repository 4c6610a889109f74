"""The audit finds what cannot work on a target, and nothing else."""

from __future__ import annotations

import struct

from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.audit.findings import Finding
from poetry_plugin_package_function.packaging.audit.findings import audit
from poetry_plugin_package_function.packaging.audit.findings import check
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.tree import Tree
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.services import LAMBDA
from tests.packaging.elf_files import NEEDED
from tests.packaging.elf_files import RPATH
from tests.packaging.elf_files import RUNPATH
from tests.packaging.elf_files import SHAPES
from tests.packaging.elf_files import SONAME
from tests.packaging.elf_files import Shape
from tests.packaging.elf_files import elf
from tests.packaging.native import compiled
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path


def on(runtime: str, machine: str = "x86_64") -> Target:
    found = RUNTIMES[runtime]
    return LAMBDA.target(found, machine)


TARGET: Final = on("python3.13")
TAG: Final = ".cpython-313-x86_64-linux-gnu.so"
MANYLINUX: Final = "cp313-cp313-manylinux_2_28_x86_64"
NEUTRAL: Final = "py3-none-any"
BUILT: Final = "cp313-cp313-linux_x86_64"
PE: Final = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20)
MACH_O: Final = bytes.fromhex("cffaedfe") + bytes(60)


def needing(
    *libraries: str,
    glibc: str = "GLIBC_2.17",
    machine: int = 62,
    said: Iterable[tuple[int, str]] = (),
) -> bytes:
    """Makes a library that needs others, and a version of glibc."""
    values = [(NEEDED, each) for each in ("libc.so.6", *libraries)]
    versions = {"libc.so.6": {glibc: 0}}
    return elf(said=[*values, *said], machine=machine, versions=versions)


GOOD: Final = needing()
ARM: Final = needing(machine=183)
I386: Final = elf(Shape(32, "<"), machine=3)
POINTER: Final = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 9000\n"
    % (b"a" * 64)
)
SHORT: Final = GOOD[:152] + struct.pack("<Q", 1_000_000) + GOOD[160:]  # p_filesz
MUSL: Final = elf(said=[(NEEDED, "libc.musl-x86_64.so.1")])


def tree(files: Mapping[str, bytes], tag: str = MANYLINUX, owner: str = "big") -> Tree:
    """Makes a tree of one distribution."""
    whose = canonicalize_name(owner) if owner else None
    wheel = {f"{owner}-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n"}
    contents = {**files, **{name: text.encode() for name, text in wheel.items()}}
    entries = [
        Entry(name, BytesContent(content), len(content), distribution=whose)
        for name, content in sorted(contents.items())
    ]
    return Tree(tuple(entries), (), (), ())


def found(
    files: Mapping[str, bytes], tag: str = MANYLINUX, target: Target = TARGET
) -> list[str]:
    """Tells what is found, in short."""
    return [
        f"{'warning' if each.is_warning else 'error'}: {each.file} {each.what}"
        for each in audit(tree(files, tag), target)
    ]


def severities(files: Mapping[str, bytes], tag: str = MANYLINUX) -> list[str]:
    return [each.partition(":")[0] for each in found(files, tag)]


# -- one file -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("big/_a" + TAG, GOOD),
        ("big/_a.abi3.so", GOOD),
        ("big/_a.so", GOOD),
        ("big/liba.so.1.2", GOOD),
        ("big/_a.so", needing("libstdc++.so.6", "libz.so.1", "libm.so.6")),
        ("big/_a.so", needing("ld-linux-x86-64.so.2", "libpython3.13.so.1.0")),
        ("big/bin/static", elf(kind=2)),
        ("big/a.o", elf(kind=1, machine=183)),
        ("big/object", elf(kind=1, machine=183)),
        ("big/core", elf(kind=4, machine=183)),
        ("big/kernel.hsaco", elf(machine=224)),
        ("big/bpf.bin", elf(machine=247)),
        ("big/script.so", b"INPUT(libreal.so)"),
        ("big/text.exe", b"MZ is how it begins, but that is all that it has. " * 9),
        ("big/Main.class", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(80)),
        ("big/data.bin", bytes(100)),
        ("big/empty.so", b""),
        ("big/_a.cpython-312-x86_64-linux-gnu.so", b""),
        ("big/script.so", b"/* GNU ld script */ GROUP(libreal.so.1 libmore.a)"),
        ("big/code.txt", ARM),
    ],
)
def test_what_can_work(name: str, content: bytes) -> None:
    """Code for the target, and what is no code that it loads, is not spoken of."""
    assert [] == found({name: content})


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("_a" + TAG, ARM, "is 64-bit code for aarch64; the target is x86_64"),
        ("_a" + TAG, I386, "is 32-bit code for i386; the target is x86_64"),
        (
            "_a" + TAG,
            MUSL,
            (
                "is linked to musl (libc.musl-x86_64.so.1); Amazon Linux 2023 has glibc"
                " 2.34"
            ),
        ),
        (
            "_a.so",
            elf(said=[(NEEDED, "libc.so")]),
            "is linked to musl (libc.so); Amazon Linux 2023 has glibc 2.34",
        ),
        (
            "_a.cpython-312-x86_64-linux-gnu.so",
            GOOD,
            (
                "is a module for CPython 3.12 on x86_64-linux-gnu; the target is "
                f"CPython 3.13, which looks for {TAG}"
            ),
        ),
        (
            "_a.cpython-313t-x86_64-linux-gnu.so",
            GOOD,
            (
                "is a module for free-threaded CPython 3.13 on x86_64-linux-gnu; the"
                f" target is CPython 3.13, which looks for {TAG}"
            ),
        ),
        (
            "_a.cpython-313-aarch64-linux-gnu.so",
            GOOD,
            (
                "is a module for CPython 3.13 on aarch64-linux-gnu; the target is "
                f"CPython 3.13, which looks for {TAG}"
            ),
        ),
        (
            "_a.pypy311-pp73-x86_64-linux-gnu.so",
            GOOD,
            f"is a module for PyPy; the target is CPython 3.13, which looks for {TAG}",
        ),
        (
            "_a.abi3t.so",
            GOOD,
            (
                "is a module for free-threaded CPython; the target is CPython 3.13, "
                f"which looks for {TAG}"
            ),
        ),
        (
            "_a.so",
            needing(glibc="GLIBC_2.38"),
            "needs GLIBC_2.38; Amazon Linux 2023 has glibc 2.34",
        ),
        (
            "_a.so",
            needing(glibc="GLIBC_ABI_DT_RELR"),
            "needs GLIBC_ABI_DT_RELR; Amazon Linux 2023 has glibc 2.34",
        ),
        (
            "_a.so",
            needing("libGL.so.1"),
            "needs libGL.so.1, which the package lacks, and python3.13 lacks",
        ),
        (
            "_a.so",
            needing("libpython3.12.so.1.0"),
            "needs libpython3.12.so.1.0, which the package lacks, and python3.13 lacks",
        ),
        ("_a.so", MACH_O, "is code for macOS; the target has Linux"),
        (
            "_a.so",
            SHORT,
            (
                f"is a damaged ELF file: it has {len(SHORT)} bytes, and 1,000,000 are"
                " to be loaded"
            ),
        ),
        (
            "_a.so",
            GOOD[:200],
            "is a damaged ELF file: it contradicts the format",
        ),
        (
            "_a" + TAG,
            b"",
            "is a damaged module: it has 0 bytes, and no ELF header",
        ),
        (
            "_a" + TAG,
            b"\x7fE",
            "is a damaged module: it has 2 bytes, and no ELF header",
        ),
        (
            "_a.abi3.so",
            POINTER,
            f"is a damaged module: it has {len(POINTER)} bytes, and no ELF header",
        ),
        (
            "_a.abi3.so",
            b"INPUT(libreal.so)",
            "is a damaged module: it has 17 bytes, and no ELF header",
        ),
    ],
)
def test_what_cannot_work(name: str, content: bytes, expected: str) -> None:
    """Each sentence has what the file is or needs, and what the target is or has."""
    assert [f"error: big/{name} {expected}"] == found({f"big/{name}": content}, BUILT)


def test_the_highest_versions() -> None:
    """Of each kind the highest version counts, by its numbers."""
    versions = {
        "libc.so.6": {"GLIBC_2.4": 0, "GLIBC_2.38": 0, "GLIBC_PRIVATE": 0},
        "libstdc++.so.6": {"GLIBCXX_3.4.9": 0, "GLIBCXX_3.4.99": 0, "CXXABI_1.3.99": 0},
    }
    content = elf(said=[(NEEDED, each) for each in versions], versions=versions)

    limits = TARGET.system
    glibcxx = ".".join(map(str, limits.glibcxx))
    cxxabi = ".".join(map(str, limits.cxxabi))
    assert [
        f"error: a.so needs CXXABI_1.3.99; {limits.name} has CXXABI_{cxxabi}",
        f"error: a.so needs GLIBCXX_3.4.99; {limits.name} has GLIBCXX_{glibcxx}",
        f"error: a.so needs GLIBC_2.38; {limits.name} has glibc 2.34",
    ] == found({"a.so": content})


def test_versions_of_libraries_in_the_tree() -> None:
    """What a library finds beside itself is not the system's."""
    versions = {"libstdc++.so.6": {"GLIBCXX_3.4.99": 0}}
    said = [(NEEDED, "libstdc++.so.6"), (RUNPATH, "$ORIGIN/lib")]
    content = elf(said=said, versions=versions)

    assert [] == found({"big/a.so": content, "big/lib/libstdc++.so.6": GOOD})
    assert 1 == len(found({"big/a.so": content}))


def test_versions_of_libraries_that_are_found_by_what_loads_them() -> None:
    """DT_RPATH of a module is for the libraries of its libraries, too.

    LD_LIBRARY_PATH is not enough: the system's directories stand first in it.
    """
    versions = {"libstdc++.so.6": {"GLIBCXX_3.4.99": 0}}
    files = {
        "big/a.so": elf(said=[(NEEDED, "libb.so"), (RPATH, "$ORIGIN/../big.libs")]),
        "big.libs/libb.so": elf(said=[(NEEDED, "libstdc++.so.6")], versions=versions),
    }

    assert [] == found({**files, "big.libs/libstdc++.so.6": GOOD})
    assert 1 == len(found({**files, "libstdc++.so.6": GOOD}))
    assert 1 == len(found({**files, "lib/libstdc++.so.6": GOOD}))


def test_targets() -> None:
    """It is measured by the target's system, machine and Python."""
    files = {"_a.cpython-311-aarch64-linux-gnu.so": needing(glibc="GLIBC_2.28")}
    arm = {name: needing(glibc="GLIBC_2.28", machine=183) for name in files}
    platform = parse_platform("manylinux_2_28_aarch64")
    assert platform is not None

    assert ["error"] == severities(files)
    assert [
        f"error: {next(iter(arm))} needs GLIBC_2.28; Amazon Linux 2 has glibc 2.26"
    ] == found(arm, target=on("python3.11", "aarch64"))
    assert [] == found(arm, target=Target("3.11", platform[1], platform[0]))


def test_other_clouds() -> None:
    """Only Lambda's libraries are known; others may be anywhere else."""
    platform = parse_platform("manylinux_2_28_x86_64")
    assert platform is not None

    assert [
        (
            "warning: a.so needs libGL.so.1, which the package lacks, and "
            "manylinux_2_28 may lack"
        )
    ] == found(
        {"a.so": needing("libGL.so.1", "libc.so.6", "libz.so.1")},
        BUILT,
        Target("3.13", platform[1], platform[0]),
    )


def test_abi3t() -> None:
    """From Python 3.15 on it is for both kinds of interpreter."""
    assert [] == found({"_a.abi3t.so": GOOD}, target=on("python3.15"))


# -- what may be there all the same --------------------------------------------------


@pytest.mark.parametrize(
    "content", [ARM, I386, MUSL, PE, MACH_O, GOOD[:70], needing("libGL.so.1")]
)
@pytest.mark.parametrize(
    ("name", "tag"), [("big/drivers/a.so", NEUTRAL), ("big/tests/a.so", BUILT)]
)
def test_what_may_be_unused(content: bytes, name: str, tag: str) -> None:
    """Wheels for all systems choose among their files; tests are not run."""
    assert ["warning"] == severities({name: content}, tag)


@pytest.mark.parametrize(
    "content",
    [ARM, I386, MUSL, b"", needing(glibc="GLIBC_2.38"), needing("libGL.so.1")],
)
def test_what_has_the_tag_of_the_target(content: bytes) -> None:
    """Its Python takes it: a wheel for all systems has nothing else to choose."""
    other = {"big/b" + TAG: GOOD}

    assert ["error"] == severities({"big/a" + TAG: content, **other}, NEUTRAL)
    assert ["warning"] == severities({"big/tests/a" + TAG: content, **other}, NEUTRAL)


@pytest.mark.parametrize(
    "files",
    [
        {"a" + TAG: ARM, "a.py": b"import b"},
        {"a" + TAG: ARM, "a.abi3.so": GOOD},
        {"a" + TAG: needing(glibc="GLIBC_2.38"), "a.so": GOOD},
        {"a.cpython-312-x86_64-linux-gnu.so": ARM},
        {"a.cpython-313-aarch64-linux-gnu.so": ARM},
        {"a.abi3.so": ARM},
    ],
)
def test_what_a_neutral_wheel_can_do_without(files: Mapping[str, bytes]) -> None:
    """It has something else to choose, or the file is for another system."""
    assert ["warning"] == severities(files, NEUTRAL)


@pytest.mark.parametrize("tag", [f"{MANYLINUX}\nTag: {NEUTRAL}", "py2.py3-none-any"])
def test_neutral_tags(tag: str) -> None:
    """A wheel may have several tags, or sets of them."""
    assert ["warning"] == severities({"a.so": ARM}, tag)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.cpython-312-x86_64-linux-gnu.so": GOOD, "a" + TAG: GOOD}, "warning"),
        ({"a.cpython-313-aarch64-linux-gnu.so": ARM, "a" + TAG: GOOD}, "warning"),
        ({"a.cpython-313-darwin.so": MACH_O, "a.abi3.so": GOOD}, "warning"),
        ({"a.cp313-win_amd64.pyd": PE, "a.so": GOOD}, "warning"),
        ({"a.cpython-312-x86_64-linux-gnu.so": GOOD, "a.py": b"import b"}, "warning"),
        ({"a.cpython-312-x86_64-linux-gnu.so": GOOD, "a/__init__.py": b""}, "warning"),
        ({"a" + TAG: ARM, "a.py": b"import b"}, "error"),
        ({"a.cpython-312-x86_64-linux-gnu.so": GOOD, "b" + TAG: GOOD}, "error"),
        ({"a" + TAG: ARM, "b" + TAG: GOOD}, "error"),
        ({"attach_arm.so": ARM, "b" + TAG: GOOD}, "warning"),
        ({"bin/tool-arm": ARM, "bin/tool": GOOD}, "warning"),
        ({"bin/tool-musl": MUSL, "bin/tool": GOOD}, "warning"),
        ({"bin/tool-musl": MUSL, "bin/tool": elf(kind=2)}, "error"),
        ({"a" + TAG: MUSL, "b" + TAG: GOOD}, "error"),
        ({"a.cpython-313-x86_64-linux-musl.so": MUSL, "b" + TAG: GOOD}, "warning"),
        ({"bin/tool.exe": PE}, "warning"),
        ({"a.cpython-313-darwin.so": MACH_O}, "warning"),
        ({"a.so": MACH_O}, "error"),
        ({"data/damaged": GOOD[:100]}, "warning"),
    ],
)
def test_what_has_another(files: Mapping[str, bytes], expected: str) -> None:
    """A file beside one that works does no harm, if that is loaded in its place."""
    assert [expected] == severities(files)


def of_the_project(files: Mapping[str, bytes], module: str) -> list[Finding]:
    """Tells what is found in the project's own distribution, and in another one."""
    own = tree({module: b"", **files}, NEUTRAL, owner="my_app")
    others = tree({"big/drivers/a.so": ARM}, NEUTRAL)
    entries = tuple(sorted((*own.entries, *others.entries)))
    path = module.partition(".")[0].removesuffix("/__init__")
    modules = (EntryModule(path, is_package=module.endswith("__init__.py")),)

    found = audit(Tree(entries, (), (), modules), TARGET)

    assert [True] == [each.is_warning for each in found if each.distribution == "big"]
    return [each for each in found if each.distribution != "big"]


@pytest.mark.parametrize("module", ["my_app/__init__.py", "my_app.py", "my_app.pyc"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("my_app/_fast.so", ARM),
        ("my_app/_fast.so", MACH_O),
        ("my_app/_fast.so", needing("libGL.so.1")),
        ("my_app/_fast.so", needing(glibc="GLIBC_2.38")),
        ("my_app/_fast.abi3.so", POINTER),
        ("my_app/tests/tool.exe", PE),
        ("my_app.libs/liba.so.1", ARM),
    ],
)
def test_files_of_the_project(module: str, name: str, content: bytes) -> None:
    """They are there to be used, though a wheel without a build script is neutral."""
    files = {name: content, "my_app/_works.so": GOOD}

    (finding,) = of_the_project(files, module)

    assert ("my-app", name, False) == (
        finding.distribution,
        finding.file,
        finding.is_warning,
    )
    assert "of my-app" not in finding.hint


def test_what_is_not_loaded_of_the_project() -> None:
    """What an older Python has been built for may lie about."""
    files = {"my_app/a.cpython-312-x86_64-linux-gnu.so": GOOD, "my_app/a" + TAG: GOOD}

    (finding,) = of_the_project(files, "my_app/__init__.py")

    assert finding.is_warning


def test_files_that_are_included() -> None:
    """They are the project's own, wherever they are put."""
    entries = [Entry("tests/a.so", BytesContent(ARM), len(ARM), included=True)]

    (finding,) = audit(Tree(tuple(entries), (), (), ()), TARGET)

    assert not finding.is_warning


def test_files_of_nobody() -> None:
    """What no distribution brings has no tags: nothing is excused."""
    entries = [
        Entry("bin/a.exe", BytesContent(PE), len(PE)),
        Entry("bin/a", BytesContent(GOOD), len(GOOD)),
    ]

    (finding,) = audit(Tree(tuple(entries), (), (), ()), TARGET)

    assert finding == Finding(
        "",
        "bin/a.exe",
        "is code for Windows; the target has Linux",
        f"Replace it by a build for {TARGET}, or leave it out with `exclude`.",
        is_warning=False,
    )


# -- libraries that are needed -------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["big.libs/libx.so.1", "other/libx.so.1", "lib/libx.so.1", "libx.so.1"]
)
def test_libraries_of_the_tree(name: str) -> None:
    """They may be anywhere: packages load them before those that need them."""
    assert [] == found({"a.so": needing("libx.so.1"), name: GOOD}, BUILT)


def test_sonames_of_the_tree() -> None:
    """A library can be loaded by a name that its file does not have."""
    library = elf(said=[(SONAME, "libx.so.1")])

    assert [] == found({"a.so": needing("libx.so.1"), "x/libx-1.so": library}, BUILT)


def test_libraries_that_do_not_work() -> None:
    """A library for another machine is none."""
    files = {"a.so": needing("libx.so.1"), "libx.so.1": ARM}

    assert ["error", "warning"] == severities(files, BUILT)


@pytest.mark.parametrize(
    ("library", "tag", "expected"),
    [
        ("libGL.so.1", MANYLINUX, "error"),
        ("libX11.so.6", MANYLINUX, "error"),
        ("libxcb-shm.so.0", BUILT, "error"),
        ("libmine.so.1", BUILT, "error"),
        ("libmine.so.1", MANYLINUX, "warning"),
        ("libcuda.so.1", MANYLINUX, "warning"),
        ("libexpat.so.1", BUILT, "warning"),
        ("libssl.so.3", BUILT, "warning"),
        ("libsqlite3.so.0", BUILT, "warning"),
        ("$ORIGIN/libmine.so", BUILT, "error"),
    ],
)
def test_libraries_that_are_not_there(library: str, tag: str, expected: str) -> None:
    """What is known to be missing is an error, and what nobody can have meant.

    Who builds a wheel for all leaves out on purpose what is not in it; what is built
    here needs what this machine has.
    """
    assert [expected] == severities({"a.so": needing(library)}, tag)


def test_parts_that_lack_a_library() -> None:
    """Of a wheel for all, some modules may be meant for machines with a screen."""
    files = {
        "big/draw.so": needing(
            "libcairo-1a.so", said=[(RUNPATH, "$ORIGIN/../big.libs")]
        ),
        "big.libs/libcairo-1a.so": needing("libX11.so.6"),
    }
    others = {"big/liba.so": GOOD, "big.libs/libb.so": GOOD}

    assert ["error"] == severities({**files, **others})
    assert ["warning"] == severities({**files, "big/more.so": GOOD})
    assert ["error"] == severities({**files, "big/more.so": GOOD}, BUILT)


# -- what is told --------------------------------------------------------------------


def test_all_errors_at_once() -> None:
    """They are grouped by distribution, alike ones are counted, warnings are not in."""
    first = tree({f"a/{each}.so": ARM for each in "xyz"}, owner="a")
    second = tree({"b.so": needing("libGL.so.1", glibc="GLIBC_2.38")}, BUILT, owner="b")
    third = tree({"c.so": ARM}, NEUTRAL, owner="c")
    entries = (*first.entries, *second.entries, *third.entries)

    findings = audit(Tree(entries, (), (), ()), TARGET)
    with pytest.raises(IncompatibleTargetError) as raised:
        check(findings)

    assert (
        """\
The package has code that cannot work on its target.
a:
  a/x.so is 64-bit code for aarch64; the target is x86_64 (and 2 more)
  -> Install a version of a with a wheel for CPython 3.13 and manylinux_2_34_x86_64 \
(or an older glibc), or build it on such a system.
b:
  b.so needs GLIBC_2.38; Amazon Linux 2023 has glibc 2.34
  b.so needs libGL.so.1, which the package lacks, and python3.13 lacks
  -> Install a version of b with a wheel for CPython 3.13 and manylinux_2_34_x86_64 \
(or an older glibc), or build it on such a system.
  -> Put the library into `lib` in the package (`include`) or in a layer, or take a \
build of b that does without it: headless ones do without graphics."""
        == raised.value.reason
    )
    assert "--no-audit" in raised.value.hint
    assert sum(each.is_warning for each in findings) == 1


def test_warnings_refuse_nothing() -> None:
    """They are left to the report."""
    findings = audit(tree({"a.so": ARM}, NEUTRAL), TARGET)

    check(findings)

    assert [True] == [each.is_warning for each in findings]


def test_a_damaged_file_is_installed_again() -> None:
    """Another version would not fix it."""
    (finding,) = audit(tree({"a.so": GOOD[:80]}), TARGET)

    assert "Install big again." == finding.hint


# -- sources -------------------------------------------------------------------------


def test_sources(tmp_path: Path) -> None:
    """Files on the disk are read as well as content that is at hand."""
    path = tmp_path / "a.so"
    path.write_bytes(ARM)
    entries = [
        Entry("a.so", FileContent(str(path)), len(ARM)),
        Entry("b.so", BytesContent(ARM), len(ARM)),
    ]

    findings = audit(Tree(tuple(entries), (), (), ()), TARGET)

    assert ["a.so", "b.so"] == [each.file for each in findings]


@pytest.mark.parametrize("name", ["a.so", "tool"])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    """It is an error: nothing is passed that has not been looked at."""
    entry = Entry(name, FileContent(str(tmp_path / "gone")), 100)

    with pytest.raises(SourceError, match="gone cannot be read: No such file"):
        audit(Tree((entry,), (), (), ()), TARGET)


# -- damaged files -------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_truncations(shape: Shape) -> None:
    """Every one of them is found, and is an error."""
    content = elf(shape, [(NEEDED, "libc.so.6")], versions={"libc.so.6": {"A_1": 0}})

    files = {f"{end:04}.so": content[:end] for end in range(4, len(content))}

    assert ["error"] * len(files) == severities(files)


@given(
    st.sampled_from(SHAPES),
    st.dictionaries(st.integers(0, 500), st.integers(0, 255), max_size=8),
    st.integers(0, 600),
    st.sampled_from(["a.so", "a" + TAG, "a.abi3.so", "tool", "a.exe"]),
)
def test_fuzzed_headers(
    shape: Shape, changes: dict[int, int], end: int, name: str
) -> None:
    """Whatever a file has, there is a finding or none."""
    content = bytearray(
        elf(
            shape,
            [(NEEDED, "libx.so"), (RUNPATH, "$ORIGIN")],
            versions={"libx.so": {"GLIBC_9.9": 0}},
        )
    )
    for offset, value in changes.items():
        if 4 <= offset < len(content):
            content[offset] = value

    for finding in audit(tree({name: bytes(content[:end])}), TARGET):
        assert finding.file == name
        assert finding.what
        assert finding.hint


@given(st.sampled_from([PE[:64], MACH_O[:4], b"\xca\xfe\xba\xbe"]), st.binary())
def test_fuzzed_files_of_other_systems(head: bytes, rest: bytes) -> None:
    """They may end anywhere, too."""
    found({"a.dll": head + rest})


# -- real files ----------------------------------------------------------------------


@needs_gcc
def test_an_extension_that_has_been_built_here(tmp_path: Path) -> None:
    """What an sdist has been built into needs what this machine has."""
    mine = linked(tmp_path / "libmine.so", "-Wl,-soname,libmine.so.7")
    linked(tmp_path / ("fast" + TAG), mine)
    content = (tmp_path / ("fast" + TAG)).read_bytes()

    if content[18] == 62:  # e_machine
        assert [
            (
                f"error: fast{TAG} needs libmine.so.7, which the package lacks, and"
                " python3.13 lacks"
            )
        ] == found({f"fast{TAG}": content}, BUILT)
    else:
        assert ["error"] == severities({f"fast{TAG}": content}, BUILT)


@needs_gcc
@pytest.mark.parametrize("flags", [["-c"], ["-static", "-nostdlib", "-no-pie"]])
def test_objects_and_static_programs(tmp_path: Path, flags: list[str]) -> None:
    """They need nothing, or nobody loads them."""
    content = compiled(tmp_path / "a", *flags).read_bytes()
    machine = {62: "x86_64", 183: "aarch64"}.get(content[18], "x86_64")

    assert [] == found({"bin/a": content}, BUILT, on("python3.13", machine))
