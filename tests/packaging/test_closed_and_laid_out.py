"""Whoever reads files reads those in closed wheels, too: the same input, one answer.

A reader that passed over what is no file on the disk would say that all is well. Each
test has the same wheels unopened and laid out, and something in them that has to be
found.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import PackageFunctionError
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
from tests.packaging.native import needs_gcc
from tests.packaging.test_oracle import Made
from tests.packaging.test_oracle import wheel_of
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import install_wheel
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = {"my_app/__init__.py": b"import json\n"}
Files = dict[str, bytes]


def made(name: str, files: Mapping[str, bytes], requires: str = "") -> Made:
    lines = "".join(f"Requires-Dist: {each}\n" for each in requires.split())
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}"
    parts = [Part(each, content) for each, content in files.items()]
    parts.append(Part(f"{name}-1.0.dist-info/METADATA", text.encode()))
    return wheel_of(name, parts, ["right"])


def venvs(directory: Path, *wheels: Made) -> tuple[Path, Path]:
    """The same wheels unopened, and laid out."""
    closed, laid_out = (
        make_venv(directory / name, python=PYTHON) for name in ("closed", "laid-out")
    )
    for venv in (closed, laid_out):
        (venv / "bin").mkdir()
        (venv / "bin" / "python").symlink_to(sys.executable)
    for wheel in wheels:
        path = directory / wheel.name
        path.write_bytes(wheel.data)
        put(closed, path, None)
        install_wheel(path, laid_out)
    return closed, laid_out


def both(directory: Path, *wheels: Made, table: str = "", **flags: Any) -> Report:
    """Packages both, which has to end in the same way; the report of the closed ones.

    Raises:
        PackageFunctionError: What packaging both has ended in.
    """
    reports, errors = [], []
    pyproject = make_project(directory / "project", table=table)
    for venv in venvs(directory, *wheels):
        output = directory / f"{venv.name}.zip"
        try:
            reports.append(package_venv(venv, pyproject, output, **flags))
        except PackageFunctionError as error:
            errors.append(error)
    if errors:
        assert [] == reports
        of_closed, of_laid_out = errors
        assert type(of_closed) is type(of_laid_out)
        assert of_closed.lines == of_laid_out.lines
        raise of_closed
    one, other = ((directory / f"{name}.zip") for name in ("closed", "laid-out"))
    with zipfile.ZipFile(one) as closed, zipfile.ZipFile(other) as laid_out:
        assert closed.namelist() == laid_out.namelist()
    assert one.read_bytes() == other.read_bytes()
    closed_report, laid_out_report = reports
    for field in (
        *(
            "findings",
            "overlaps",
            "shadows",
            "superseded",
            "provided",
            "entry_modules",
            "stripped",
        ),
        *("bytecode", "distributions", "left_out"),
    ):
        assert getattr(closed_report, field) == getattr(laid_out_report, field), field
    return closed_report


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library that needs one of its own kind, with debugging information."""
    directory = tmp_path_factory.mktemp("library")
    (directory / "a.c").write_text("int answer(void) { return 42; }\n")
    gcc = ["gcc", "-g", "-shared", "-fPIC", "-Wl,--no-as-needed"]
    missing = ["-Wl,-soname,libmissing.so.7", "-x", "c", "/dev/null"]
    for command in (
        [*gcc, *missing, "-o", "libmissing.so"],
        [*gcc, "a.c", "./libmissing.so", "-o", "liba.so"],
    ):
        subprocess.run(command, cwd=directory, check=True)
    return (directory / "liba.so").read_bytes()


ARM = (
    b"\x7fELF\2\1\1"
    + bytes(9)
    + (3).to_bytes(2, "little")
    + (183).to_bytes(2, "little")
)
"""What a library for AArch64 begins with."""


def test_the_audit(tmp_path: Path) -> None:
    """Code for another machine is found; a wheel for all of them may choose."""
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("native", {"native/a.so": ARM + bytes(200)}),
        runtime=f"python{PYTHON}",
    )
    assert ["native/a.so"] == [each.file for each in report.findings]


@needs_gcc
def test_what_the_audit_finds_missing(tmp_path: Path, library: bytes) -> None:
    """A library that another one needs, and nobody has."""
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("native", {"native/liba.so": library}),
        runtime=f"python{PYTHON}",
    )
    assert any("libmissing.so.7" in each.what for each in report.findings)


@needs_gcc
def test_an_error_of_the_audit(tmp_path: Path, library: bytes) -> None:
    """It names the file: a wheel for one machine has no others to choose from."""
    tagged = (
        b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n"
    )
    parts = [
        Part("native/liba.so", library),
        Part("native-1.0.dist-info/WHEEL", tagged),
    ]
    wheel = wheel_of("native", parts, ["right"])
    with pytest.raises(IncompatibleTargetError) as raised:
        both(tmp_path, made("my_app", PROJECT), wheel, runtime=f"python{PYTHON}")
    assert "native/liba.so" in "\n".join(map(str, raised.value.lines))


@needs_gcc
def test_what_is_linked_stays_together(tmp_path: Path, library: bytes) -> None:
    """What is nested together is found by what libraries need."""
    other = library.replace(b"libmissing.so.7", b"libneeded_so.7\0")
    assert other != library
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("one", {"one/__init__.py": b"", "one/liba.so": other}),
        made("two", {"two/__init__.py": b"", "two/data": bytes(400_000)}),
        **{"layers-size": str(262_144_000 - 300_000)},
    )
    assert report.nested is not None


@pytest.mark.skipif(shutil.which("strip") is None, reason="there is no strip")
@needs_gcc
def test_strip(tmp_path: Path, library: bytes) -> None:
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("native", {"native/liba.so": library}),
        strip=True,
    )
    assert report.stripped is not None
    assert 1 == report.stripped.files
    assert report.stripped.saved_bytes > 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="its bytecode is not the same")
def test_bytecode(tmp_path: Path) -> None:
    """Each module is compiled, and what does not compile is named."""
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("dep", {"dep/__init__.py": b"a = 1\n", "dep/bad.py": b"1 +\n"}),
        compile=True,
    )
    assert report.bytecode is not None
    assert (2, ("dep/bad.py",)) == (report.bytecode.files, report.bytecode.skipped)


def test_the_sdk(tmp_path: Path) -> None:
    """It is left out by what metadata says, with all that only it needs."""
    report = both(
        tmp_path,
        made("my_app", PROJECT, "boto3 dep"),
        made("boto3", {"boto3/__init__.py": b""}, "botocore"),
        made("botocore", {"botocore/__init__.py": b""}, "urllib3"),
        made("urllib3", {"urllib3/__init__.py": b""}),
        made("dep", {"dep.py": b""}),
        table='runtime = "python3.11"\nexclude-provided = true',
    )
    assert {"boto3", "botocore", "urllib3"} == report.provided.names
    assert {"my-app", "dep"} == {each.name for each in report.distributions}


def test_the_sdk_that_somebody_else_needs(tmp_path: Path) -> None:
    report = both(
        tmp_path,
        made("my_app", PROJECT, "boto3 requests"),
        made("boto3", {"boto3/__init__.py": b""}, "urllib3"),
        made("urllib3", {"urllib3/__init__.py": b""}),
        made("requests", {"requests.py": b""}, "urllib3"),
        table='runtime = "python3.11"\nexclude-provided = true',
    )
    assert "requests requires urllib3" in report.provided.why_not


def test_a_layer_that_would_tear_a_package_apart(tmp_path: Path) -> None:
    with pytest.raises(PackageFunctionError, match="tear apart"):
        both(
            tmp_path,
            made("my_app", {"acme/fn.py": b""}),
            made("dep", {"acme/__init__.py": b"a = 1\n"}),
            layer=True,
        )


def test_a_layer_of_a_package_that_looks_for_its_parts(tmp_path: Path) -> None:
    """Its `__init__` says so."""
    extends = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    report = both(
        tmp_path,
        made("my_app", {"acme/fn.py": b""}),
        made("dep", {"acme/__init__.py": extends}),
        layer=True,
    )
    assert report.own_layer is not None


def test_path_files(tmp_path: Path) -> None:
    """A path that will not exist on Lambda is found in a `.pth` file."""
    with pytest.raises(PackageFunctionError, match=r"dev\.pth points at /home/me"):
        both(tmp_path, made("my_app", PROJECT), made("dep", {"dev.pth": b"/home/me\n"}))


def test_a_path_file_that_is_not_shipped(tmp_path: Path) -> None:
    """What it says does not matter: another distribution has the one of its name."""
    both(
        tmp_path,
        made("my_app", PROJECT),
        made("one", {"dev.pth": b"/home/me\n"}),
        made("two", {"dev.pth": b"import json\n"}),
    )


def test_overlaps(tmp_path: Path) -> None:
    """Of two distributions with one path, each with its own content, the last is."""
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("one", {"shared/__init__.py": b"a = 1\n"}),
        made("two", {"shared/__init__.py": b"b = 2\n"}),
    )
    (overlap,) = report.overlaps
    assert (("one 1.0", "two 1.0"), "two 1.0", ("shared/__init__.py",)) == overlap


def test_modules_that_python_has(tmp_path: Path) -> None:
    report = both(
        tmp_path,
        made("my_app", PROJECT),
        made("enum34", {"enum/__init__.py": b"", "enum/LICENSE": b""}),
    )
    assert () == report.shadows
    assert (Shadow("enum34", ("enum/",)),) == report.superseded
