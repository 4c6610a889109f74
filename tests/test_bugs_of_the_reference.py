"""Each bug of package-python-function 1.0.0 that we know of is a test of ours.

Those that show in a running function are in tests/nested, too.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.errors import SourceDateEpochError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.plan import Layout
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


LIMIT = 262_144_000
ROOM = 200_000


def nested(venv: Path, pyproject: Path, output: Path, room: int = ROOM) -> Report:
    report = package_venv(venv, pyproject, output, layers_size=LIMIT - room)
    assert report.layout is Layout.NESTED
    return report


def unzip(archive: Path, directory: Path) -> Path:
    directory.mkdir()
    subprocess.run(["unzip", "-q", archive, "-d", directory], check=True)
    return directory


def imported(task_root: Path, tmp: Path, code: str, *, front: str = "") -> str:
    """Runs code with the task root on sys.path, as Lambda has it."""
    tmp.mkdir(exist_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-c"),
            "import sys; sys.path[:0] = [p for p in sys.argv[1:] if p]\n" + code,
            *(front, str(task_root)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"TMPDIR": str(tmp)},
        cwd=task_root,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("project", "distribution", "files", "module"),
    [
        ("my-app", "my_app", {"other/__init__.py": ""}, "other"),
        ("My-App", "my_app", {"my_app/__init__.py": ""}, "my_app"),
        ("acme.fn", "acme_fn", {"acme/fn/__init__.py": ""}, "acme.fn"),
    ],
)
def test_1_package_and_project_have_different_names(
    tmp_path: Path, project: str, distribution: str, files: dict[str, str], module: str
) -> None:
    """A nested result imports, whatever the package is called."""
    venv = make_venv(tmp_path / "venv", {"data.bin": bytes(ROOM)})
    install(venv, distribution, files)
    nested(venv, make_project(tmp_path, project), tmp_path / "a.zip")

    root = unzip(tmp_path / "a.zip", tmp_path / "task")

    file = imported(root, tmp_path / "t", f"import {module} as m; print(m.__file__)")
    assert file == str(root / next(iter(files)))


def test_2_something_stands_before_the_task_root(tmp_path: Path) -> None:
    """The loader keeps what a wrapper has put first on sys.path."""
    venv = make_venv(tmp_path / "venv", {"data.bin": bytes(ROOM)})
    install(venv, "my_app", {"my_app.py": "import wrapper"})
    nested(venv, make_project(tmp_path), tmp_path / "a.zip")
    root = unzip(tmp_path / "a.zip", tmp_path / "task")
    front = tmp_path / "front"
    front.mkdir()
    (front / "wrapper.py").write_text("")

    code = "import my_app; print(sys.path[0], sys.path[2])"
    shown = imported(root, tmp_path / "t", code, front=str(front))

    assert f"{front} {root}" == shown


def test_3_executable_bits(tmp_path: Path) -> None:
    """They survive in the ZIP and the extraction."""
    venv = make_venv(tmp_path / "venv", {"tool": "#!/bin/sh\n", "d.bin": bytes(ROOM)})
    install(venv, "my_app", {"my_app.py": ""})
    (site_packages_of(venv) / "tool").chmod(0o700)
    nested(venv, make_project(tmp_path), tmp_path / "a.zip")
    root = unzip(tmp_path / "a.zip", tmp_path / "task")

    code = (
        "import my_app, os; print(*[any("
        "os.access(os.path.join(p, n), os.X_OK) for p in sys.path)"
        " for n in ('tool', 'd.bin')])"
    )
    assert "True False" == imported(root, tmp_path / "t", code)


def test_4_all_of_the_outer_zip_counts(tmp_path: Path) -> None:
    """Inner ZIP, loader and stubs together stay below the limit, to the byte."""
    venv = make_venv(tmp_path / "venv", {"random.bin": os.urandom(ROOM)})
    install(venv, "my_app", {"my_app.py": "", "large.txt": "x" * ROOM})
    pyproject = make_project(tmp_path)
    report = nested(venv, pyproject, tmp_path / "a.zip", ROOM * 3 // 2)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        sizes = sum(info.file_size for info in archive.infolist())
    assert sizes == report.unzipped_bytes
    assert report.compressed_bytes < report.unzipped_bytes

    nested(venv, pyproject, tmp_path / "a.zip", report.unzipped_bytes + 1)
    with pytest.raises(PackageTooLargeError):
        nested(venv, pyproject, tmp_path / "a.zip", report.unzipped_bytes)


def test_5_mode_of_a_flat_result(tmp_path: Path) -> None:
    """It is that of any new file, 0644 as a rule, not that of a temporary file."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    before = os.umask(0o022)
    try:
        package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")
    finally:
        os.umask(before)

    assert 0o644 == stat.S_IMODE((tmp_path / "a.zip").stat().st_mode)


def test_5_a_failure_is_told_by_the_exit_status_alone(tmp_path: Path) -> None:
    """The old ZIP stays, on purpose, and is never half-written; see the docs."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "a.zip").write_text("old")
    (site_packages_of(venv) / "gone").symlink_to("nowhere")

    with pytest.raises(SourceError):
        package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")

    assert "old" == (tmp_path / "a.zip").read_text()


@pytest.mark.parametrize("target", ["nowhere", "."])
def test_6_links(tmp_path: Path, target: str) -> None:
    """Dangling and looping links are errors that name the link."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (site_packages_of(venv) / "link").symlink_to(target)

    with pytest.raises(SourceError, match="link is a symbolic link to"):
        package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")


@pytest.mark.parametrize("text", ["4354819200", "1e20", ""])
def test_7_source_date_epoch(text: str) -> None:
    """Whatever a ZIP cannot hold is refused before any work."""
    with pytest.raises(SourceDateEpochError):
        archive_time({"SOURCE_DATE_EPOCH": text})


def test_8_modules_without_source(tmp_path: Path) -> None:
    """They are shipped."""
    venv = make_venv(tmp_path / "venv", {"closed.pyc": b"\0"})
    package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert ["closed.pyc"] == archive.namelist()


def test_9_metadata_lists_files(tmp_path: Path) -> None:
    """`files()` and `packages_distributions()` know every shipped distribution."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "Some_Dist", {"other_name/__init__.py": ""})
    package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")
    root = unzip(tmp_path / "a.zip", tmp_path / "task")

    code = (
        "from importlib import metadata as m\n"
        "print(m.packages_distributions()['other_name'], len(m.files('some-dist')))"
    )
    assert "['Some_Dist'] 4" == imported(root, tmp_path / "t", code)


def test_10_several_pythons(tmp_path: Path) -> None:
    """None of them is taken at random."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (venv / "lib/python3.12/site-packages").mkdir(parents=True)

    with pytest.raises(SourceError, match=r"2 Pythons: 3\.11, 3\.12"):
        package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")


def test_10_windows(tmp_path: Path) -> None:
    """`Lib/site-packages` is found."""
    (tmp_path / "venv/Lib/site-packages").mkdir(parents=True)
    (tmp_path / "venv/Lib/site-packages/a.py").write_text("")

    report = package_venv(tmp_path / "venv", make_project(tmp_path), tmp_path / "a.zip")
    assert 1 == report.files


def test_11_versions_do_not_meet(tmp_path: Path) -> None:
    """A new version does not run what an old one has extracted."""
    shown = []
    for version in ("1", "2"):
        venv = make_venv(tmp_path / f"venv{version}", {"data.bin": bytes(ROOM)})
        install(venv, "my_app", {"my_app.py": f"print({version})"})
        nested(venv, make_project(tmp_path), tmp_path / f"{version}.zip")
        root = unzip(tmp_path / f"{version}.zip", tmp_path / f"task{version}")
        shown.append(imported(root, tmp_path / "t", "import my_app"))

    assert ["1", "2"] == shown


def test_12_what_a_machine_leaves(tmp_path: Path) -> None:
    """Seeds, installers' marks and caches of two machines give the same bytes."""
    digests: list[str] = []
    for machine in ("one", "two"):
        venv = make_venv(
            tmp_path / machine,
            {
                "_virtualenv.py": machine,
                "_virtualenv.pth": "import _virtualenv",
                f"pip-{machine}.virtualenv": "",
                f"m/__pycache__/{machine}.pyc": b"\0",
            },
        )
        install(venv, "pip", {"pip.py": machine}, version=str(len(digests)))
        marks = {
            "INSTALLER": f"Poetry {machine}",
            "uv_cache.json": f'{{"ctime": "{machine}"}}',
            "direct_url.json": f'{{"url": "file:///{machine}"}}',
        }
        install(venv, "dep", {"m/a.py": "same"}, marks=marks)
        output = tmp_path / f"{machine}.zip"
        seeds = frozenset({"pip"})
        report = package_venv(venv, make_project(tmp_path), output, seeds=seeds)
        digests.append(report.sha256)

    assert digests[0] == digests[1]


def test_12_paths_of_the_machine(tmp_path: Path) -> None:
    """A `.pth` with an absolute path is an error: it can work nowhere else."""
    venv = make_venv(tmp_path / "venv", {"a.py": "", "src.pth": "/home/me/src\n"})

    with pytest.raises(SourceError, match=r"src\.pth points at /home/me/src"):
        package_venv(venv, make_project(tmp_path), tmp_path / "a.zip")


def test_13_the_hosts_zlib_has_no_say(tmp_path: Path) -> None:
    """The archive is written without importing zlib: another build changes nothing."""
    venv = make_venv(tmp_path / "venv", {"a.py": "x = 1\n" * 1000})
    pyproject = make_project(tmp_path)
    code = (
        "import sys\n"
        "from poetry_plugin_package_function import cli\n"
        "import zlib\n"
        "def no(*a, **k): raise SystemExit('zlib was used')\n"
        "zlib.compress = zlib.compressobj = zlib.crc32 = no\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    arguments = [str(venv), "--project", str(pyproject), "--output"]

    subprocess.run(
        [sys.executable, "-c", code, *arguments, str(tmp_path / "without.zip")],
        check=True,
        capture_output=True,
    )
    package_venv(venv, pyproject, tmp_path / "with.zip")

    expected = (tmp_path / "with.zip").read_bytes()
    assert expected == (tmp_path / "without.zip").read_bytes()


def test_14_nothing_is_left_in_the_users_module(tmp_path: Path) -> None:
    """The names of a nested module are those of the flat one."""
    venv = make_venv(tmp_path / "venv", {"data.bin": bytes(ROOM)})
    install(venv, "my_app", {"my_app/__init__.py": "x = 1"})
    pyproject = make_project(tmp_path)
    package_venv(venv, pyproject, tmp_path / "flat.zip")
    nested(venv, pyproject, tmp_path / "nested.zip")

    code = "import my_app; print(sorted(vars(my_app)))"
    flat, in_nested = (
        imported(unzip(tmp_path / f"{n}.zip", tmp_path / n), tmp_path / "t", code)
        for n in ("flat", "nested")
    )

    assert flat == in_nested


def test_14_expected_errors_are_no_tracebacks(tmp_path: Path, cli: str) -> None:
    """A user reads one line and what to do."""
    done = subprocess.run(
        [cli, tmp_path / "gone", "--project", make_project(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert done.stderr.startswith("Error: The virtual environment ")
    assert "Traceback" not in done.stderr
