"""Small functions, packaged and unpacked, and processes that import them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
import zlib

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.packaging.archive.compression import deflate_one
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.services import LAMBDA
from tests.lambda_runtime import unpack
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.result import Report


LIMIT_BYTES: Final = 100_000
"""With this much left of Lambda's limit, padding makes a flat result too large."""

PADDING: Final = {"padding/__init__.py": "", "padding/text.txt": "padding " * 25_000}

PYTHON: Final = os.path.realpath(sys.executable)
"""The interpreter without this virtual environment."""

_AS_LAMBDA: Final = """\
import json, os, site, sys
root = os.environ["LAMBDA_TASK_ROOT"]
sys.path.insert(0, root)
site.addsitedir(root)
def show(value):
    print(json.dumps(value))
"""


@dataclass(frozen=True)
class Function:
    """An unpacked function.

    Attributes:
        task_root: Where it is.
        tmp_dir: Its `/tmp`.
        report: What packaging has said of it.
    """

    task_root: Path
    tmp_dir: Path
    report: Report

    def extracted(self, name: str, *, tests: bool = False, extension: str = "") -> Path:
        """Where the loader has to extract a distribution to."""
        assert self.report.nested is not None
        digest = self.report.nested.sha256[:32]
        (number,) = (
            number
            for number, unit in enumerate(self.report.nested.units)
            if name in unit.names and (tests, extension) == (unit.tests, unit.extension)
        )
        return self.tmp_dir / f"package-function-{digest}-{number}"

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] = {},
        cwd: Path | None = None,
        isolated: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Starts a Python that turns warnings into errors and writes no bytecode."""
        return subprocess.run(
            [PYTHON, "-I" if isolated else "-Es", "-BWerror", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=cwd or self.task_root,
            env={
                "LAMBDA_TASK_ROOT": str(self.task_root),
                "LANG": "C.UTF-8",
                "TMPDIR": str(self.tmp_dir),
                **env,
            },
            check=False,
        )

    def ask(self, code: str, *, lambda_like: bool = True, **options: Any) -> Any:
        """Runs code in a process with `sys.path` as in Lambda; what it `show`s."""
        before = _AS_LAMBDA if lambda_like else "import json, os, sys\n"
        done = self.run("-c", before + code, **options)
        assert done.returncode == 0, done.stderr
        assert "" == done.stderr, done.stderr
        return json.loads(done.stdout)


@dataclass(frozen=True)
class Source:
    """A project and what it depends on, as they are installed.

    Attributes:
        files: The project's modules in site-packages.
        name: The project's.
        dependencies: Files by the name of their distribution.
        metadata: Further lines of METADATA, by the same names.
        marks: The project's further files in `.dist-info`.
        table: Our table in `pyproject.toml`.
        beside: Files beside `pyproject.toml`.
        python: The minor version of the venv.
    """

    files: Mapping[str, str | bytes]
    name: str = "my-app"
    dependencies: Mapping[str, Mapping[str, str | bytes]] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str | bytes] = field(default_factory=dict)
    table: str = ""
    beside: Mapping[str, str | bytes] = field(default_factory=dict)
    python: str = f"3.{sys.version_info.minor}"

    def package(
        self,
        directory: Path,
        *,
        nested: bool = True,
        limit_bytes: int = LIMIT_BYTES,
        executable: tuple[str, ...] = (),
        nest: Iterable[str] | None = None,
    ) -> Report:
        """Makes the venv and the project, and packages them.

        If the result is nested, all dependencies are; or those that `nest` names.
        """
        venv = make_venv(directory / "venv", python=self.python)
        if self.files:
            name = self.name.replace("-", "_")
            install(venv, name, self.files, marks=self.marks)
        for name, files in {"padding": PADDING, **self.dependencies}.items():
            install(venv, name, files, metadata=self.metadata.get(name, ""))
        for path in executable:
            (site_packages_of(venv) / path).chmod(0o755)
        table = self.table
        if nest is None:
            nest = ("padding", *self.dependencies)
        if nested and nest:
            table += f"\nnest = {[*nest]}"
        pyproject = make_project(directory / "project", self.name, table)
        for path, content in self.beside.items():
            target = pyproject.parent / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(
                content.encode() if isinstance(content, str) else content
            )
        flags: dict[str, Any] = {}
        if nested:
            flags["layers-size"] = LAMBDA.unzipped_limit_bytes - limit_bytes
        return package_venv(venv, pyproject, directory / "function.zip", **flags)

    def unpacked(
        self,
        directory: Path,
        *,
        nested: bool = True,
        limit_bytes: int = LIMIT_BYTES,
        nest: Iterable[str] | None = None,
    ) -> Function:
        """Packages and unpacks it; see `package`."""
        directory = directory.resolve()
        directory.mkdir(exist_ok=True)
        report = self.package(
            directory, nested=nested, limit_bytes=limit_bytes, nest=nest
        )
        assert nested is (report.nested is not None)
        unpack(report.output_file, directory / "task", read_only=False)
        (directory / "tmp").mkdir()
        return Function(directory / "task", directory / "tmp", report)


# -- the loader without a function --------------------------------------------------


def write_home(
    home: Path,
    contents: Mapping[str, bytes],
    modules: Iterable[str] = (),
    *,
    at_init: bool = False,
) -> str:
    """Writes a nested ZIP of one unit and its settings; returns what is extracted.

    Names that end in ".sh" are executable.
    """
    (home / loader.SETTINGS).parent.mkdir(parents=True, exist_ok=True)
    with (home / loader.ARCHIVE).open("wb") as stream:
        archive = Archive(stream, dos_time(EARLIEST_EPOCH_S))
        for name in sorted(contents):
            content = contents[name]
            archive.add(
                deflate_one(
                    Entry(
                        name,
                        BytesContent(content),
                        len(content),
                        name.endswith(".sh"),
                    )
                )
            )
        archive.close()
    return write_settings(home, modules, at_init=at_init)


def write_settings(
    home: Path, modules: Iterable[str] = (), *, at_init: bool = False
) -> str:
    """Writes the settings that go with the nested ZIP; see `write_home`."""
    content = (home / loader.ARCHIVE).read_bytes()
    (home / loader.SETTINGS).parent.mkdir(exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    unit = {
        "distributions": [],
        "modules": [*modules],
        "tests": False,
        "at_init": at_init,
        "needs": [],
        "files": [],
        "part_of": None,
        "links": [],
        "directory": directory_of(content),
    }
    (home / loader.SETTINGS).write_text(
        json.dumps({"sha256": digest, "tmp_bytes": 0, "units": [unit]})
    )
    return f"package-function-{digest[:32]}-0"


def directory_of(content: bytes) -> tuple[int, int, int, str]:
    """A ZIP's central directory: offset, length, number of members, and CRC-32."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = len(archive.infolist())
        start = archive.start_dir
    end = content.rindex(b"PK\5\6")
    zip64 = content.rfind(b"PK\6\6", start)
    directory = content[start : end if zip64 == -1 else zip64]
    return start, len(directory), members, f"{zlib.crc32(directory):08x}"


_LOAD_LOADER: Final = """\
import os, sys
from importlib.util import module_from_spec, spec_from_file_location
path, home, os.environ["TMPDIR"] = sys.argv[1:4]
spec = spec_from_file_location("loader", path)
loader = module_from_spec(spec)
spec.loader.exec_module(loader)
extraction = loader.beside("extraction")
"""


def extracting(
    home: Path,
    tmp_dir: Path,
    *,
    before: str = "",
    stdin: int = subprocess.DEVNULL,
    arguments: tuple[str, ...] = (),
) -> subprocess.Popen[str]:
    """Starts a process that extracts and prints where to; `before` may meddle."""
    code = (
        f"{_LOAD_LOADER}{before}\n"
        "print(loader.Finder(home, home).extract(0), flush=True)\n"
    )
    return subprocess.Popen(
        [
            *(PYTHON, "-ISBWerror", "-c", code),
            *(loader.__file__, str(home), str(tmp_dir), *arguments),
        ],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={},
    )


def ended(process: subprocess.Popen[str]) -> str:
    """Waits for a process that has to succeed; returns what it wrote."""
    output, errors = process.communicate()
    assert errors == ""
    assert process.returncode == 0
    return output.strip()


def contents_of(directory: Path) -> dict[str, bytes]:
    """All files below a directory by their names."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in files_below(directory)
    }


def files_below(directory: Path) -> Iterator[Path]:
    """All files below a directory."""
    for parent, _, names in os.walk(directory):
        for name in names:
            yield Path(parent, name)
