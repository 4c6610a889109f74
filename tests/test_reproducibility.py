"""The same input gives the same bytes, whatever the machine is like."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import zipfile

from typing import TYPE_CHECKING

import pytest

from tests.machine import mounted
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


CODE = {"dep/large.txt": "x" * 60_000} | {
    f"dep/{directory}/{name}.py": f"# {name}\n" * number
    for number, (directory, name) in enumerate(
        (directory, name)
        for directory in ("a", "a-b", "é", "Z")
        for name in ("x", "X", "x-y", "x_y", "größe", "__init__")
    )
}


PROFILE = {
    "profile.json": (
        '{"profile": 1, "distributions": {}, "event": {},'
        ' "init": {"": {"modules": ["dep.a.x", "dep.Z"]}}}'
    )
}
NESTED = "layers-size = 262094000"


def build(directory: Path, seed: int, *, links: bool) -> tuple[Path, Path]:
    """Makes the same venv and project with files written in an order of its own."""
    shuffled = list(CODE.items())
    random.Random(seed).shuffle(shuffled)
    venv = make_venv(directory / "venv")
    site_packages = site_packages_of(venv)
    if links:
        write_files(directory / "cache", {f"{n}": text for n, text in CODE.items()})
        for name, _ in shuffled:
            target = site_packages / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(directory / "cache" / name)
    else:
        write_files(site_packages, dict(shuffled))
    install(venv, "my_app", {"my_app/__init__.py": "", "my_app/tool": "#!/bin/sh\n"})
    (site_packages / "my_app/tool").chmod(0o755 if links else 0o711)
    write_files(directory, {"data/b.json": "{}", "data/a.json": "{}", **PROFILE})
    table = 'include = ["data"]\nexclude = ["x-y.py"]'
    return venv, make_project(directory, "my-app", table)


def package(venv: Path, pyproject: Path, output: Path, **environment: str) -> None:
    """Runs the command as another user of another machine would."""
    umask = int(environment.pop("umask", "022"), 8)
    cores = environment.pop("cores", "")
    prefix = ["taskset", "-c", cores] if cores and shutil.which("taskset") else []
    code = "import sys; from poetry_plugin_package_function.cli import main\n"
    arguments = [str(venv), "--project", str(pyproject), "--output", str(output)]
    subprocess.run(
        [*prefix, sys.executable, "-c", code + "sys.exit(main())", *arguments],
        check=True,
        capture_output=True,
        umask=umask,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    ["", NESTED, f'{NESTED}\nprofile = "profile.json"'],
    ids=["flat", "nested", "with a profile"],
)
def test_two_machines(tmp_path: Path, table: str) -> None:
    """umask, TZ, locale, hash seed, directory, cores, file order and links: no say.

    Members are compared before bytes, so that a difference can be read.
    """
    first = tmp_path / "first"
    second = tmp_path / "a longer directory" / "größe"
    machines = (
        (first, 1, {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "umask": "022"}),
        (
            second,
            2,
            {
                "TZ": "Pacific/Kiritimati",
                "LC_ALL": "C.UTF-8",
                "PYTHONHASHSEED": "77",
                "umask": "077",
                "cores": "0",
            },
        ),
    )
    members = []
    for directory, seed, environment in machines:
        venv, pyproject = build(directory, seed, links=seed == 2)
        with pyproject.open("a") as file:
            file.write(table)
        package(venv, pyproject, directory / "out.zip", **environment)
        with zipfile.ZipFile(directory / "out.zip") as archive:
            assert bool(table) == any("/.dep" in n for n in archive.namelist())
            members.append(
                [
                    (
                        info.filename,
                        info.date_time,
                        info.external_attr,
                        archive.read(info),
                    )
                    for info in archive.infolist()
                ]
            )

    assert members[0] == members[1]
    assert (first / "out.zip").read_bytes() == (second / "out.zip").read_bytes()


def test_the_order_of_the_file_system(tmp_path: Path) -> None:
    """What a directory lists first is another file on tmpfs, and changes nothing."""
    with mounted(tmp_path / "tmpfs", "size=8m") as memory:
        orders = []
        for directory, seed in ((memory / "a", 1), (memory / "b", 2)):
            venv, pyproject = build(directory, seed, links=False)
            orders.append(os.listdir(site_packages_of(venv) / "dep"))
            package(venv, pyproject, directory / "out.zip")

        assert orders[0] != orders[1]
        assert (memory / "a/out.zip").read_bytes() == (
            memory / "b/out.zip"
        ).read_bytes()


def test_source_date_epoch(tmp_path: Path) -> None:
    """All members have the time that it names, in UTC, wherever the machine is."""
    venv, pyproject = build(tmp_path, 1, links=False)
    epoch = {"SOURCE_DATE_EPOCH": "1700000000", "TZ": "Asia/Tokyo"}
    package(venv, pyproject, tmp_path / "out.zip", **epoch)

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        times = {info.date_time for info in archive.infolist()}
    assert {(2023, 11, 14, 22, 13, 20)} == times
