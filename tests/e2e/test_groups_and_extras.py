"""Which dependencies are shipped: groups, extras, and the same in the table."""

from __future__ import annotations

import re
import zipfile

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import distributions_in
from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


MAIN = {"my_app", "six"}
PYPROJECT = pep621(
    dependencies=(
        "six (==1.16.0) ; extra != 'new'",
        "six (==1.17.0) ; extra == 'new'",
    ),
    project="\n[project.optional-dependencies]\n"
    'a = ["idna (==3.10)"]\n'
    'b_c = ["sniffio (==1.3.1)"]\n'
    "new = []\n\n"
    "[dependency-groups]\n"
    'dev = ["iniconfig (==2.1.0)"]\n',
    more="""\
[tool.poetry.group.Net_Tools.dependencies]
pluggy = "1.6.0"

[tool.poetry.group.docs]
optional = true

[tool.poetry.group.docs.dependencies]
toml = "0.10.2"
""",
)
GROUPS = {"iniconfig", "pluggy", "toml"}
TABLE = "[tool.poetry-plugin-package-function]"


@pytest.fixture(scope="session")
def locked(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with groups and extras."""
    directory = tmp_path_factory.mktemp("groups")
    write_files(directory, {"pyproject.toml": PYPROJECT, "my_app.py": ""})
    return poetry.lock(directory)


def with_table(locked: Path, directory: Path, table: str) -> Path:
    """A copy of the project with settings in its table, which the lock ignores."""
    return write_files(
        directory,
        {
            "pyproject.toml": f"{PYPROJECT}\n{TABLE}\n{table}\n",
            "poetry.lock": (locked / "poetry.lock").read_bytes(),
            "my_app.py": "",
        },
    )


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ("", set()),
        ("--with dev", {"iniconfig"}),
        ("--with dev --with net-tools", {"iniconfig", "pluggy"}),
        ("--with dev,Net_Tools,docs", GROUPS),
        ("--with dev --without dev", set()),
        ("--all-groups", GROUPS),
        ("--extras a", {"idna"}),
        ("-E a -E b-c", {"idna", "sniffio"}),
        ("-E|a b-c", {"idna", "sniffio"}),
        ("-E a,B_C --with docs", {"idna", "sniffio", "toml"}),
        ("--all-extras", {"idna", "sniffio"}),
    ],
)
def test_options_add_to_the_main_group(
    options: str, more: set[str], poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """`main` alone by default; the options are those of every Poetry command."""
    separator = "|" if "|" in options else " "
    given = [each for each in options.split(separator) if each]
    archive = tmp_path / "f.zip"
    poetry.package(locked, *given, "--output", str(archive)).well()
    assert MAIN | more == distributions_in(archive)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--only", "dev"), {"iniconfig", "my_app"}),
        (("--only", "main,docs"), {*MAIN, "toml"}),
        (("--without", "main", "--with", "dev"), {"iniconfig", "my_app"}),
    ],
)
def test_options_that_leave_the_main_group_out(
    options: tuple[str, ...],
    expected: set[str],
    poetry: Poetry,
    locked: Path,
    tmp_path: Path,
) -> None:
    """The project's own code is there all the same."""
    archive = tmp_path / "f.zip"
    poetry.package(locked, *options, "--output", str(archive)).well()
    assert expected == distributions_in(archive)


@pytest.mark.parametrize(
    ("options", "version"),
    [((), "1.16.0"), (("-E", "new"), "1.17.0"), (("--all-extras",), "1.17.0")],
)
def test_an_extra_that_switches_a_dependency(
    options: tuple[str, ...],
    version: str,
    poetry: Poetry,
    locked: Path,
    tmp_path: Path,
) -> None:
    """The one that the extra asks for is installed, and no other one before it."""
    archive = tmp_path / "f.zip"
    done = poetry.package(locked, *options, "--output", str(archive)).well()
    with zipfile.ZipFile(archive) as source:
        infos = [name for name in source.namelist() if name.endswith("METADATA")]
        assert f"six-{version}.dist-info/METADATA" in infos
        assert 1 == sum(name.startswith("six-") for name in infos)
        assert f'__version__ = "{version}"' in source.read("six.py").decode()
    assert f"Installing six ({version})" in done.stdout
    assert "Updating" not in done.stdout


def test_extras_are_named_and_counted(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """They are installed in one pass with the rest, and nothing goes to stderr."""
    done = poetry.package(
        locked, "-E", "a", "-E", "b_c", "--output", str(tmp_path / "f.zip")
    ).well()
    lines = done.stdout.splitlines()
    (building,) = (line for line in lines if "• Building" in line)
    assert building.endswith("(groups: main, extras: a, b-c)")
    assert "" == done.stderr
    counts = re.findall(r"- +(\d+)/(\d+) Installing", done.stdout)
    assert [(str(n + 1), str(len(counts))) for n in range(len(counts))] == counts
    assert len(counts) > 2


def test_unknown_names_are_listed_at_once(poetry: Poetry, locked: Path) -> None:
    """Each of them, with what there is; exit status 2."""
    said = poetry.package(
        locked, "--with", "dve,docs", "--without", "nett", "-E", "x", "-E", "a"
    ).failed(2)
    lines = said.splitlines()
    groups = "dev, docs, main, net-tools"
    for name in ("dve", "nett"):
        assert f"The project has no group {name!r}; its groups: {groups}." in lines
    assert "The project has no extra 'x'; its extras: a, b-c, new." in lines
    assert "'docs'" not in said


@pytest.mark.parametrize(
    "options",
    [
        "--only dev --with docs",
        "--only dev --without docs",
        "--all-groups --only dev",
        "--all-groups --with dev",
        "--extras a --all-extras",
        "--output f.zip --output-dir out",
        "--venv . --with dev",
        "--venv . --extras a",
        "--venv . --python 3.11",
    ],
)
def test_options_that_exclude_each_other(
    options: str, poetry: Poetry, locked: Path
) -> None:
    """Both are named, nothing is made."""
    given = options.split()
    said = poetry.package(locked, *given).failed(2)
    for option in given:
        assert not option.startswith("--") or option in said
    assert not (locked / "dist").exists()


def test_the_table_has_the_same_keys(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """Groups, extras and places, relative to the project."""
    project = with_table(
        locked,
        tmp_path,
        'with = ["dev"]\nextras = ["a", "b-c"]\noutput = "made/f.zip"\n'
        'report = "made/report.json"\nexclude = ["iniconfig/py.typed"]',
    )
    poetry.package(project).well()
    archive = project / "made" / "f.zip"
    assert MAIN | {"iniconfig", "idna", "sniffio"} == distributions_in(archive)
    assert ["f.zip", "report.json"] == sorted(
        path.name for path in archive.parent.iterdir()
    )


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        ('with = ["dev"]', ("--with", "docs"), {*MAIN, "toml"}),
        ("all-groups = true", ("--only", "docs"), {"my_app", "toml"}),
        ("all-extras = true", ("-E", "a"), {*MAIN, "idna"}),
        ('only = ["dev"]', ("--with", "docs"), {*MAIN, "toml"}),
    ],
)
def test_a_flag_beats_the_table(
    table: str,
    options: tuple[str, ...],
    expected: set[str],
    poetry: Poetry,
    locked: Path,
    tmp_path: Path,
) -> None:
    """Also where the table's key is another one, which the flag excludes."""
    project = with_table(locked, tmp_path, table)
    poetry.package(project, *options).well()
    assert expected == distributions_in(project / "dist" / "my_app.zip")


def test_all_that_is_wrong_in_the_table_is_one_error(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """Unknown keys, with a guess at what was meant, and bad values; exit status 2."""
    project = with_table(
        locked,
        tmp_path,
        'exlude = ["x"]\nwith = "dev"\nall-groups = 1\nlayers-size = "many"\n'
        'include = ["../outside"]\npython = 3',
    )
    said = poetry.package(project).failed(2)
    assert "exlude: unknown key. Did you mean `exclude`?" in said
    for key in ("with", "all-groups", "layers-size", "include", "python"):
        assert re.search(rf"^{re.escape(TABLE)} {key}: ", said, re.MULTILINE), key
