"""What is released, added to a Poetry as its users do: the oldest and the newest."""

from __future__ import annotations

import shutil

from dataclasses import dataclass
from pathlib import Path

from tests.e2e.environments import ROOT
from tests.e2e.environments import cached_environment
from tests.e2e.projects import sha256
from tests.e2e.running import Poetry
from tests.e2e.running import clean_environment
from tests.recipes.pages import RUNTIME
from tests.trees import write_files


OLDEST = ("poetry-alone-2.1", "poetry==2.1.0")
NEWEST = ("poetry-alone-newest", "poetry>=2.5,<3")
PLUGIN = "poetry-plugin-package-function"
# So that Poetry asks the index that pip is configured for.
MIRROR = "poetry-plugin-pypi-mirror"


@dataclass(frozen=True)
class Users:
    """A Poetry of its own that may be changed, and where its user works."""

    poetry: Poetry
    directory: Path

    def __call__(self, *arguments: str) -> str:
        """What it says when all goes well."""
        done = self.poetry(self.directory, *arguments)
        assert 0 == done.status, done.said
        return done.said


def users(base: Path, name: str, requirement: str) -> Users:
    """A copy of a Poetry without plugins: what they need `self add` has to bring."""
    cached = cached_environment(name, requirement)
    environment = base / "poetry"
    shutil.copytree(cached.parents[1], environment, symlinks=True)
    env = clean_environment(base)
    # `poetry self` runs without plugins, so without the one for mirrors: Poetry's own
    # project, which is in its configuration directory, says where packages are.
    write_files(
        Path(env["POETRY_CONFIG_DIR"]),
        {
            "pyproject.toml": '[[tool.poetry.source]]\nname = "index"\n'
            f'url = "{env["POETRY_PYPI_MIRROR_URL"]}"\n'
        },
    )
    example = base / "greeter"
    shutil.copytree(ROOT / "docs" / "examples" / "flat", example)
    scratch = base / "tmp"
    scratch.mkdir()
    # Its scripts name the place that it was copied from; its Python does not.
    command = (str(environment / "bin" / "python"), "-m", "poetry")
    poetry = Poetry(command, {**env, "POETRY_HOME": str(base / "home")}, scratch)
    return Users(poetry, example)


def test_the_oldest_and_the_newest_make_the_same(
    built: dict[str, Path], tmp_path: Path
) -> None:
    """Wheel and source distribution, each with the whole of what it needs."""
    hashes = {}
    for poetry in (OLDEST, NEWEST):
        for kind, path in built.items():
            base = tmp_path / f"{poetry[0]}-{kind}"
            base.mkdir()
            run = users(base, *poetry)
            run("self", "add", str(path), MIRROR)
            run("package-function", "--runtime", RUNTIME)
            hashes[base.name] = sha256(run.directory / "dist" / "greeter.zip")
    assert 4 == len(hashes)
    assert 1 == len(set(hashes.values())), hashes


def test_it_comes_and_goes(built: dict[str, Path], tmp_path: Path) -> None:
    """Poetry has the command as long as the plugin is in it."""
    run = users(tmp_path, *NEWEST)
    assert "package-function" not in run("list")
    run("self", "add", str(built["wheel"]))
    assert PLUGIN in run("self", "show", "plugins")
    assert "package-function" in run("list")
    run("self", "remove", PLUGIN)
    assert "package-function" not in run("list")
