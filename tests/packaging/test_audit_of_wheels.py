"""The audit of real wheels: no false findings, and none missed."""

from __future__ import annotations

import platform
import sys
import tarfile
import zipfile

from typing import TYPE_CHECKING
from typing import Final

import pytest

from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename

from poetry_plugin_package_function.packaging.audit.findings import audit
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.tree import Tree
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.services import LAMBDA
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail
from tests.packaging.native import needs_gcc
from tests.packaging.real_wheels import Download
from tests.packaging.real_wheels import glibc
from tests.packaging.real_wheels import musl
from tests.packaging.real_wheels import real_wheels
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.audit.findings import Finding


MACHINES: Final = ("x86_64", "aarch64")


def on(runtime: str, machine: str) -> Target:
    found = RUNTIMES[runtime]
    return LAMBDA.target(found, machine)


def installed(wheels: Sequence[Path]) -> Tree:
    """Makes the tree that wheels are installed into."""
    entries = []
    for wheel in wheels:
        name, *_ = parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                is_python = info.filename.endswith((".py", ".pyi", ".h"))
                data = b"" if is_python else archive.read(info)
                content = BytesContent(data)
                entries.append(
                    Entry(info.filename, content, len(data), distribution=name)
                )
    return Tree(tuple(sorted(entries)), (), (), ())


def errors(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """Tells of which distributions what kind of error is found."""
    kinds = ("musl", "64-bit code", "CPython 3.12", "GLIBC_", "libGL.so.1", "lacks")
    return {
        (each.distribution, next(kind for kind in kinds if kind in each.what))
        for each in findings
        if not each.is_warning
    }


def names(download: Download) -> set[str]:
    return {canonicalize_name(pin.partition("==")[0]) for pin in download.pins}


@pytest.mark.parametrize("machine", MACHINES)
def test_wheels_for_glibc(machine: str) -> None:
    """On their own platform nothing is found; on others, every library's error is."""
    download = glibc(machine)
    tree = installed(real_wheels(download))
    (other,) = {*MACHINES} - {machine}
    abi3 = {"cryptography", "opencv-python-headless"}

    assert () == audit(tree, on("python3.13", machine))
    assert {(name, "64-bit code") for name in names(download)} == errors(
        audit(tree, on("python3.13", other))
    )
    assert {(name, "CPython 3.12") for name in names(download) - abi3} == errors(
        audit(tree, on("python3.12", machine))
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_wheels_for_musl(machine: str) -> None:
    """Every one of them is found, by its libc or, without any, by its name."""
    download = musl(machine)

    findings = audit(installed(real_wheels(download)), on("python3.13", machine))

    assert names(download) == {each.distribution for each in findings}
    assert {(name, "musl") for name in names(download)} == errors(findings)


@pytest.mark.parametrize("machine", MACHINES)
def test_wheels_for_a_newer_glibc(machine: str) -> None:
    """What is built for Amazon Linux 2023 does not work on Amazon Linux 2."""
    tree = installed(real_wheels(glibc(machine, "cryptography==44.0.3")))

    assert {("cryptography", "GLIBC_")} == errors(
        audit(tree, on("python3.11", machine))
    )


def test_wheels_that_need_a_screen() -> None:
    """OpenCV cannot be imported without; of Numba, a part that is not needed is."""
    download = glibc("x86_64", "numba==0.61.2", "opencv-python==4.11.0.86")

    findings = audit(installed(real_wheels(download)), on("python3.13", "x86_64"))

    assert {("opencv-python", "libGL.so.1"), ("opencv-python", "lacks")} == errors(
        findings
    )
    assert {
        ("numba/np/ufunc/omppool.cpython-313-x86_64-linux-gnu.so", True),
        ("numba/np/ufunc/tbbpool.cpython-313-x86_64-linux-gnu.so", True),
    } == {
        (each.file, each.is_warning)
        for each in findings
        if each.distribution == "numba"
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_drivers_for_three_systems(machine: str) -> None:
    """A wheel for all systems chooses among what it has."""
    download = Download((f"musllinux_1_2_{machine}",), ("debugpy==1.8.14",))

    findings = audit(installed(real_wheels(download)), on("python3.13", machine))

    assert set() == errors(findings)
    for system in ("macOS", "Windows"):
        assert any(f"is code for {system};" in each.what for each in findings)


SDIST: Final = {
    "pyproject.toml": """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "backend.py": '''\
"""Builds as setuptools does on a machine that has a library of its own."""
import subprocess
import sysconfig
import zipfile

NAME = "fast" + sysconfig.get_config_var("EXT_SUFFIX")
TAG = "cp{0}-cp{0}-{1}".format(
    sysconfig.get_config_var("py_version_nodot"),
    sysconfig.get_platform().replace("-", "_").replace(".", "_"),
)
METADATA = "Metadata-Version: 2.1\\nName: fast\\nVersion: 1.0\\n"
DISTRIBUTION = {
    "fast-1.0.dist-info/METADATA": METADATA,
    "fast-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\\nTag: {TAG}\\n",
    "fast-1.0.dist-info/RECORD": f"{NAME},,\\nfast-1.0.dist-info/WHEEL,,\\n",
}


def build_wheel(directory, config_settings=None, metadata_directory=None):
    gcc = ["gcc", "-shared", "-fPIC", "-Wl,--no-as-needed"]
    soname = "-Wl,-soname,libofthismachine.so.1"
    subprocess.run([*gcc, soname, "-x", "c", "/dev/null", "-o", "liba.so"], check=True)
    subprocess.run([*gcc, "fast.c", "./liba.so", "-o", NAME], check=True)
    wheel = f"fast-1.0-{TAG}.whl"
    with zipfile.ZipFile(f"{directory}/{wheel}", "w") as archive:
        archive.write(NAME)
        for name, text in DISTRIBUTION.items():
            archive.writestr(name, text)
    return wheel
''',
    "fast.c": "int answer(void) { return 42; }\n",
}


@needs_gcc
@pytest.mark.skipif(
    platform.machine() not in MACHINES, reason="Lambda has no such machines"
)
def test_a_sdist_with_an_extension(tmp_path: Path) -> None:
    """What is built on the way needs what this machine has, and Lambda has not."""
    sources = write_files(tmp_path / "fast-1.0", SDIST)
    with tarfile.open(tmp_path / "fast-1.0.tar.gz", "w:gz") as archive:
        archive.add(sources, "fast-1.0")
    site_packages = tmp_path / "site-packages"
    done = run_apart(
        [
            *(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--target", str(site_packages)),
            str(tmp_path / "fast-1.0.tar.gz"),
        ]
    )
    assert done.returncode == 0, tail(done.stdout)
    tree = tree_of(site_packages, name=None)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    runtime = RUNTIMES["python3.13"]
    target = Target(python, platform.machine(), runtime.system, runtime, LAMBDA)

    found = [each.what for each in audit(tree, target) if not each.is_warning]

    missing = "libofthismachine.so.1, which the package lacks, and python3.13 lacks"
    assert [f"needs {missing}"] == [what for what in found if "GLIBC" not in what]
