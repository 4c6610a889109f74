"""Which dependencies are shipped: groups, extras, and the same in the table.

One case for each kind; all that can be asked for is in tests/bundling.
"""

from __future__ import annotations

import re
import zipfile

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import distributions_in
from tests.e2e.projects import names_in
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


def test_options_add_to_the_main_group(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """All is installed in one pass, named and counted; nothing goes to stderr."""
    archive = tmp_path / "f.zip"
    options = ("--with", "dev,Net_Tools", "-E", "a,B_C", "--output", str(archive))
    done = poetry.package(locked, *options).well()

    added = {"iniconfig", "pluggy", "idna", "sniffio"}
    assert MAIN | added == distributions_in(archive)
    assert "six-1.16.0.dist-info/METADATA" in names_in(archive)
    (building,) = (line for line in done.stdout.splitlines() if "• Building" in line)
    assert building.endswith("(groups: dev, main, net-tools, extras: a, b-c)")
    assert "" == done.stderr
    counts = re.findall(r"- +(\d+)/(\d+) Installing", done.stdout)
    assert [(str(n), "5") for n in range(1, 6)] == counts


def test_groups_without_the_main_group(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """The project's own code is there all the same."""
    archive = tmp_path / "f.zip"
    poetry.package(locked, "--only", "docs", "--output", str(archive)).well()
    assert {"my_app", "toml"} == distributions_in(archive)


def test_an_extra_that_switches_a_dependency(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """The one that the extra asks for is installed, and no other one before it."""
    archive = tmp_path / "f.zip"
    done = poetry.package(locked, "-E", "new", "--output", str(archive)).well()
    with zipfile.ZipFile(archive) as source:
        infos = [name for name in source.namelist() if name.endswith("METADATA")]
        assert "six-1.17.0.dist-info/METADATA" in infos
        assert 1 == sum(name.startswith("six-") for name in infos)
        assert '__version__ = "1.17.0"' in source.read("six.py").decode()
    assert "Installing six (1.17.0)" in done.stdout
    assert "Updating" not in done.stdout


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


def test_the_table_has_the_same_keys(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """Groups, extras and places, relative to the project; a flag beats it."""
    project = with_table(
        locked,
        tmp_path,
        'only = ["dev"]\nextras = ["a", "b-c"]\noutput = "made/f.zip"\n'
        'report = "made/report.json"\nexclude = ["toml/tz.py"]',
    )
    poetry.package(project, "--with", "docs").well()
    archive = project / "made" / "f.zip"
    assert MAIN | {"toml", "idna", "sniffio"} == distributions_in(archive)
    assert "toml/tz.py" not in names_in(archive)
    assert ["f.zip", "report.json"] == sorted(
        path.name for path in archive.parent.iterdir()
    )


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
