"""What a lock says of who requires what, whoever has written it."""

from __future__ import annotations

import subprocess

from typing import TYPE_CHECKING
from typing import Final

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.locks.finding import find_lock
from poetry_plugin_package_function.project import read_project
from tests.e2e.running import BIN
from tests.e2e.running import clean_environment
from tests.e2e.running import run
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName


REQUIRES: Final = {
    "web": "Requires-Dist: text\nProvides-Extra: fast\nProvides-Extra: slow\n"
    "Requires-Dist: speed; extra == 'fast'\nRequires-Dist: other; extra == 'slow'\n",
    "text": "",
    "speed": "Requires-Dist: setuptools\n",
    "setuptools": "",
    "other": "",
    "redis": "Requires-Dist: pip\n",
    "pip": "",
    "lint": "Requires-Dist: wheel\n",
    "wheel": "",
}
PYPROJECT: Final = """\
[project]
name = "my-app"
version = "1"
requires-python = ">=3.11"
dependencies = ["web[fast]"]
[project.optional-dependencies]
cache = ["redis"]
[dependency-groups]
dev = ["lint"]
[tool.uv]
no-index = true
find-links = ["wheels"]
"""
MAIN: Final = {"web", "text", "speed", "setuptools", "redis", "pip"}


def uv(directory: Path, *arguments: str) -> None:
    done = subprocess.run(
        [BIN / "uv", *arguments, "--offline", "--no-cache", "--python", BIN / "python"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr


def locked(directory: Path, pyproject: str = PYPROJECT) -> Path:
    """A project that uv has locked, out of wheels beside it; the directory."""
    for name, metadata in REQUIRES.items():
        make_wheel(directory / "wheels", name, {f"{name}.py": ""}, metadata=metadata)
    write_files(directory, {"pyproject.toml": pyproject})
    uv(directory, "lock")
    return directory


def names(*listed: str) -> frozenset[NormalizedName]:
    return frozenset(map(canonicalize_name, listed))


def requires(directory: Path) -> dict[str, frozenset[NormalizedName]]:
    found = find_lock(directory)
    assert found is not None
    return {str(name): each for name, each in found.lock.requires.items()}


@pytest.mark.parametrize("more", ["", "package = false\n"])
def test_uvs_own_lock(tmp_path: Path, more: str) -> None:
    """Extras that somebody asks for count, others do not; groups are no need."""
    directory = locked(tmp_path, PYPROJECT + more)

    found = find_lock(directory)

    assert found is not None
    assert "uv.lock" == found.file_name
    assert names(*MAIN) == found.lock.main
    assert found.lock.main == read_project(directory / "pyproject.toml").needed()
    assert {
        "my-app": names("web"),
        "web": names("text", "speed"),
        "text": names(),
        "speed": names("setuptools"),
        "setuptools": names(),
        "redis": names("pip"),
        "pip": names(),
        "lint": names("wheel"),
        "wheel": names(),
    } == requires(directory)


@pytest.mark.parametrize("extras", ["", ', extras = ["fast"]'])
def test_poetrys_own_lock(tmp_path: Path, extras: str) -> None:
    """Extras that the project asks for count, others do not; a group is no need."""
    lines = [
        f'{name} = {{ path = "{path}"{extras if name == "web" else ""} }}\n'
        for name, metadata in REQUIRES.items()
        for path in [make_wheel(tmp_path / "wheels", name, {}, metadata=metadata)]
    ]
    main = 'package-mode = false\n[tool.poetry.dependencies]\npython = "^3.11"\n'
    groups = f"{lines[0]}[tool.poetry.group.dev.dependencies]\n{''.join(lines[1:])}"
    write_files(tmp_path, {"pyproject.toml": f"[tool.poetry]\n{main}{groups}"})
    (tmp_path / "tmp").mkdir()
    env = {**clean_environment(tmp_path), "POETRY_VIRTUALENVS_CREATE": "false"}
    run([str(BIN / "poetry"), "lock"], tmp_path, env, tmp_path / "tmp").well()

    found = find_lock(tmp_path)

    assert found is not None
    assert "poetry.lock" == found.file_name
    fast = ("speed", "setuptools") if extras else ()
    assert names("web", "text", *fast) == found.lock.main
    needed = requires(tmp_path)
    assert names("text", *fast[:1]) == needed["web"]
    assert (names("setuptools"), names("pip")) == (needed["speed"], needed["redis"])


def test_the_lock_of_a_workspace(tmp_path: Path) -> None:
    """A member needs what it needs; a root that is no project, what any member does.

    Path dependencies of a group are no members. The lock comes before one of the
    member's own that is made of another.
    """
    workspace = (
        '[dependency-groups]\ndev = ["aid", "tool"]\n[tool.uv.workspace]\n'
        'members = ["one", "two"]\nexclude = ["aid", "tool"]\n[tool.uv.sources]\n'
        'aid = { path = "aid" }\ntool = { path = "tool", editable = true }\n[tool.uv]\n'
    )
    for name, needed in (
        ("one", "redis"),
        ("two", "text"),
        ("aid", "lint"),
        ("tool", "lint"),
    ):
        member = (
            f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        )
        text = f'{member}dependencies = ["{needed}"]\n'
        write_files(tmp_path / name, {"pyproject.toml": text})
    settings = 'no-index = true\nfind-links = ["wheels"]\n'
    directory = locked(tmp_path, workspace + settings)

    found = find_lock(directory)

    assert found is not None
    assert names("redis", "pip", "text") == found.lock.main
    for member, main in (("one", names("redis", "pip")), ("two", names("text"))):
        of_member = find_lock(directory / member)
        assert of_member is not None
        assert (main, "uv.lock") == (of_member.lock.main, of_member.file_name)
        assert found.lock.requires == of_member.lock.requires
        write_files(directory / member, {"pylock.toml": "packages = []"})
        assert of_member == find_lock(directory / member)


@pytest.mark.parametrize("text", ["", "package = 1", "<<<<<<<", "[[package]]"])
def test_a_lock_further_up_that_is_somebody_elses(tmp_path: Path, text: str) -> None:
    """It may be anything, and is nothing to complain of."""
    write_files(tmp_path, {"uv.lock": text, "project/pyproject.toml": ""})
    assert find_lock(tmp_path / "project") is None


def test_uvs_pylock(tmp_path: Path) -> None:
    """It lists what is to be installed, and not who requires it."""
    directory = locked(tmp_path)
    uv(directory, "export", "--format", "pylock.toml", "--output-file", "pylock.toml")
    (directory / "uv.lock").unlink()

    found = find_lock(directory)

    assert found is not None
    assert "pylock.toml" == found.file_name
    assert names(*MAIN - {"redis", "pip"}, "lint", "wheel") == found.lock.main
    assert {names()} == set(requires(directory).values())


PYLOCK: Final = """\
lock-version = "1.0"
created-by = "pdm"
extras = ["cache"]
dependency-groups = ["default", "dev"]
default-groups = ["default"]
[[packages]]
name = "Web_App"
version = "1"
marker = "\\"default\\" in dependency_groups"
dependencies = [{ name = "text" }, { name = "speed", version = "2" }]
[[packages]]
name = "text"
marker = "'default' in dependency_groups or 'dev' in dependency_groups"
[[packages]]
name = "speed"
[[packages]]
name = "redis"
marker = "'cache' in extras"
[[packages]]
name = "lint"
marker = "'dev' in dependency_groups"
"""


def test_a_pylock_that_says_who_requires_what(tmp_path: Path) -> None:
    """As PEP 751 lets it; what is for a group that is not usual is no need."""
    write_files(tmp_path, {"pylock.toml": PYLOCK})

    found = find_lock(tmp_path)

    assert found is not None
    assert names("web-app", "text", "speed", "redis") == found.lock.main
    assert names("text", "speed") == requires(tmp_path)["web-app"]
    assert names() == requires(tmp_path)["lint"]


@pytest.mark.parametrize(
    ("marker", "is_main"),
    [
        ("python_version ~= '3.8'", True),
        ("'dev' in dependency_groups or python_version < '3.12'", True),
        ("'dev' in dependency_groups or 'docs' in dependency_groups", False),
        ("'dev' in dependency_groups and python_version < '3.12'", False),
        (
            (
                "(sys_platform == 'linux' or os_name == 'nt') and 'dev' in"
                " dependency_groups"
            ),
            False,
        ),
        (
            (
                "'dev' in dependency_groups or (os_name === 'nt' and 'default' in"
                " dependency_groups)"
            ),
            True,
        ),
        ("'dev' not in dependency_groups", True),
    ],
)
def test_alternatives_of_a_pylock(tmp_path: Path, marker: str, is_main: bool) -> None:
    """What is for groups is so in each alternative; no machine is asked for."""
    package = f'[[packages]]\nname = "a"\nmarker = "{marker}"\n'
    write_files(tmp_path, {"pylock.toml": f'default-groups = ["default"]\n{package}'})

    found = find_lock(tmp_path)

    assert found is not None
    assert names(*(["a"] if is_main else [])) == found.lock.main


def test_several_versions(tmp_path: Path) -> None:
    """What either of them requires, in each format."""
    versions = '[[{0}]]\nname = "a"\n{1}\n[[{0}]]\nname = "a"\n{2}\n'
    uvs = 'dependencies = [{ name = "b" }]', 'dependencies = [{ name = "c" }]'
    poetrys = '[package.dependencies]\nb = "*"', '[package.dependencies]\nc = "*"'
    for file_name, key, texts in (
        ("pylock.toml", "packages", uvs),
        ("uv.lock", "package", uvs),
        ("poetry.lock", "package", poetrys),
    ):
        write_files(tmp_path, {file_name: versions.format(key, *texts)})
        found = find_lock(tmp_path)
        assert found is not None
        assert file_name == found.file_name
        assert {"a": names("b", "c")} == found.lock.requires


def test_the_first_of_several(tmp_path: Path) -> None:
    """Poetry's comes first, what is made of another one last."""
    seen = [find_lock(tmp_path)]
    for name, text in (
        ("pylock.toml", "packages = []"),
        ("uv.lock", ""),
        ("poetry.lock", ""),
    ):
        write_files(tmp_path, {name: text})
        seen.append(find_lock(tmp_path))

    assert [None, "pylock.toml", "uv.lock", "poetry.lock"] == [
        each and each.file_name for each in seen
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "package = 1"),
        ("uv.lock", "[[package]]"),
        ("uv.lock", "[[package]]\nname = 1"),
        ("uv.lock", '[[package]]\nname = "a"\nsource = "here"'),
        ("uv.lock", '[[package]]\nname = "a"\ndependencies = ["b"]'),
        ("uv.lock", '[[package]]\nname = "a"\noptional-dependencies = 1'),
        ("uv.lock", '[[package]]\nname = "a"\ndev-dependencies = ["b"]'),
        (
            "uv.lock",
            '[[package]]\nname = "a"\ndependencies = [{ name = "b", extra = [[]] }]',
        ),
        ("pylock.toml", ""),
        ("pylock.toml", 'packages = "a"'),
        ("pylock.toml", "[[packages]]"),
        ("pylock.toml", "default-groups = [[]]\npackages = []"),
        ("pylock.toml", '[[packages]]\nname = "a"\nmarker = 1'),
        ("pylock.toml", '[[packages]]\nname = "a"\nmarker = "os_name =="'),
        ("pylock.toml", '[[packages]]\nname = "a"\ndependencies = ["b"]'),
    ],
)
def test_what_is_no_lock(tmp_path: Path, name: str, text: str) -> None:
    """The file is named, and the command that makes it anew."""
    write_files(tmp_path, {name: text})
    with pytest.raises(ConfigError) as raised:
        find_lock(tmp_path)
    (line,) = raised.value.lines
    assert line.startswith(f"{tmp_path / name} is not a lock file ")
    tool = "" if name == "uv.lock" else " with the tool that wrote it, such as"
    assert raised.value.hint.startswith(f"Make it anew{tool}: uv ")


@pytest.mark.parametrize("name", ["poetry.lock", "uv.lock", "pylock.toml"])
def test_a_lock_that_git_could_not_merge(tmp_path: Path, name: str) -> None:
    """It is named, whoever's it is."""
    write_files(tmp_path, {name: "<<<<<<< HEAD\n"})
    with pytest.raises(ConfigError, match="is not valid TOML"):
        find_lock(tmp_path)
