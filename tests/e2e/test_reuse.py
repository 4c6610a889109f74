"""`--reuse`: whatever a kept environment has become, a new one gives the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import contents
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.running import Done
    from tests.e2e.running import Poetry


FILES = {
    "pyproject.toml": pep621(
        dependencies=(
            "six (==1.17.0)",
            "library @ ./library",
            "tiny @ ./tiny-1.0-py3-none-any.whl",
        )
    ),
    "my_app/__init__.py": "import six\n",
    "my_app/gone.py": "",
    "library/pyproject.toml": pep621("library", ()),
    "library/library.py": "ANSWER = 1\n",
}


@dataclass(frozen=True)
class Kept:
    """A project, and a Poetry with a cache of its own that keeps its environment."""

    poetry: Poetry
    project: Path

    @property
    def cache(self) -> Path:
        """Poetry's cache directory."""
        return Path(self.poetry.env["POETRY_CACHE_DIR"])

    @property
    def home(self) -> Path:
        """Where the one environment is kept."""
        kept = self.cache / "package-function"
        (home,) = (path for path in kept.glob("my-app-*") if path.suffix != ".lock")
        return home

    @property
    def site_packages(self) -> Path:
        """What the kept environment has installed."""
        (found,) = (self.home / "venv").glob("lib/python*/site-packages")
        return found

    @property
    def reused(self) -> Path:
        """What `reuse` writes."""
        return self.project / "reused.zip"

    def reuse(self, *options: str) -> Done:
        """Packages with `--reuse`."""
        output = str(self.reused)
        return self.poetry.package(
            self.project, "--reuse", "--output", output, *options
        )

    def fresh(self) -> str:
        """The digest of what a new environment gives."""
        output = self.project / "fresh.zip"
        self.poetry.package(self.project, "--output", str(output)).well()
        return sha256(output)


@pytest.fixture(scope="session")
def locked(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A wheel from the index, one from a file, and a path dependency; all is cached."""
    directory = write_files(tmp_path_factory.mktemp("reuse") / "project", FILES)
    make_wheel(directory, "tiny", {"tiny.py": "# " + "tiny " * 50})
    cache = tmp_path_factory.mktemp("cache")
    kept = Kept(poetry.having(POETRY_CACHE_DIR=str(cache)), directory)
    kept.poetry.lock(directory)
    kept.fresh()
    return kept


def copied(locked: Kept, directory: Path) -> Kept:
    """The same somewhere else, where nothing is kept yet."""
    shutil.copytree(locked.project, directory / "project")
    shutil.copytree(locked.cache, directory / "cache")
    poetry = locked.poetry.having(POETRY_CACHE_DIR=str(directory / "cache"))
    return Kept(poetry, directory / "project")


@pytest.fixture
def kept(locked: Kept, tmp_path: Path) -> Kept:
    """A project of which no environment is kept yet."""
    return copied(locked, tmp_path)


def test_what_has_not_changed_is_not_installed_again(kept: Kept) -> None:
    """But the project and its path dependencies are, and code that has gone is gone."""
    first = kept.reuse().well()
    assert "Installing six (1.17.0)" in first.stdout
    assert kept.fresh() == sha256(kept.reused)
    (kept.project / "my_app/gone.py").unlink()
    write_files(
        kept.project, {"my_app/new.py": "NEW = 1\n", "library/library.py": "A = 2"}
    )

    second = kept.reuse().well()

    assert "Installing six" not in second.stdout
    assert "Installing tiny" not in second.stdout
    assert "Installing library" in second.stdout
    assert "" == second.stderr
    names = names_in(kept.reused)
    assert ("my_app/new.py" in names, "my_app/gone.py" in names) == (True, False)
    assert kept.fresh() == sha256(kept.reused)


def edit(site_packages: Path) -> None:
    """Code of a dependency, with its size as it was."""
    text = (site_packages / "six.py").read_text()
    (site_packages / "six.py").write_text(text.replace("1.17.0", "6.66.6"))


def edit_record(site_packages: Path) -> None:
    """A RECORD that no longer knows a file."""
    record = site_packages / "six-1.17.0.dist-info/RECORD"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(line for line in lines if "six.py" not in line))


def truncate_state(site_packages: Path) -> None:
    """A file of ours that was not written to its end."""
    state = site_packages.parents[3] / "installed.json"
    state.write_bytes(state.read_bytes()[:-20])


def state_of_another_kind(site_packages: Path) -> None:
    """A file that is JSON, and not ours."""
    (site_packages.parents[3] / "installed.json").write_text('{"pyvenv": [1]}')


def half_built(site_packages: Path) -> None:
    """An environment whose making was cut off."""
    (site_packages.parents[3] / "installed.json").unlink()
    shutil.rmtree(site_packages / "six-1.17.0.dist-info")


def no_interpreter(site_packages: Path) -> None:
    """A Python that has been removed from the machine."""
    for python in site_packages.parents[2].glob("bin/python*"):
        python.unlink()
        python.symlink_to("/nowhere/python")


def system_site_packages(site_packages: Path) -> None:
    """An environment in which the system's distributions count as installed."""
    configuration = site_packages.parents[2] / "pyvenv.cfg"
    text = configuration.read_text()
    configuration.write_text(
        text.replace("include-system-site-packages = false", "include-s… = true")
    )


def strange_distribution(site_packages: Path) -> None:
    """What Poetry leaves alone when it synchronizes."""
    write_files(
        site_packages,
        {
            "pip/__init__.py": "",
            "pip-99.dist-info/METADATA": "Name: pip\nVersion: 99\n",
            "pip-99.dist-info/RECORD": "pip/__init__.py,,\n",
        },
    )


def directory_for_file(site_packages: Path) -> None:
    """A path that cannot be installed to."""
    (site_packages / "library.py").unlink()
    (site_packages / "library.py").mkdir()
    (site_packages / "library.py/x").write_text("")


def metadata_with_a_path(site_packages: Path) -> None:
    """Metadata that are written anew if there are paths of this machine in them."""
    with (site_packages / "six-1.17.0.dist-info/METADATA").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write("Requires-Dist: evil @ file:/x\n" + text)


def another_wheel(site_packages: Path) -> None:
    """A file of ours that names a wheel that the lock does not have."""
    state = site_packages.parents[3] / "installed.json"
    other = make_wheel(state.parent, "tiny", {"tiny.py": "# evil " * 50})
    document = json.loads(state.read_bytes())
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    document["distributions"]["tiny"][2] = [str(other), f"sha256:{digest}"]
    state.write_text(json.dumps(document))
    (site_packages / "tiny.py").write_text("# evil " * 50)


def link_to_elsewhere(site_packages: Path) -> None:
    """Code of a path dependency that somebody develops elsewhere, by a link."""
    elsewhere = site_packages.parents[4] / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "__init__.py").write_text("# unsaved work\n")
    shutil.rmtree(site_packages / "my_app")
    (site_packages / "my_app").symlink_to(elsewhere)


def closed_directory(site_packages: Path) -> None:
    """A directory that nobody may list, and a mark that is missing."""
    (site_packages.parents[3] / "installed.json").unlink()
    (site_packages / "my_app").chmod(0)


def state_is_a_directory(site_packages: Path) -> None:
    """Something else in the place of our file."""
    state = site_packages.parents[3] / "installed.json"
    state.unlink()
    state.mkdir()


def leftovers(site_packages: Path) -> None:
    """What Poetry had in its temporary directory when it was killed."""
    write_files(site_packages.parents[3] / "tmp-killed", {"a/b": ""})


def empty(site_packages: Path) -> None:
    """Nothing at all."""
    shutil.rmtree(site_packages.parents[2])


@pytest.mark.parametrize(
    "damage",
    [
        edit,
        lambda there: (there / "six.py").unlink(),
        lambda there: (there / "six.py").chmod(0o755),
        lambda there: (there / "debugging.py").write_text("import pdb\n"),
        lambda there: (there / "debugging.pth").write_text("/nowhere\n"),
        lambda there: (there / "nowhere").symlink_to("/nowhere/at/all"),
        metadata_with_a_path,
        another_wheel,
        link_to_elsewhere,
        closed_directory,
        state_is_a_directory,
        leftovers,
        lambda there: (there / "tiny.py").write_text("# " + "tinY " * 50),
        lambda there: shutil.rmtree(there / "tiny-1.0.dist-info"),
        edit_record,
        truncate_state,
        state_of_another_kind,
        half_built,
        no_interpreter,
        system_site_packages,
        strange_distribution,
        directory_for_file,
        empty,
    ],
)
def test_damage_is_found_and_repaired(
    damage: Callable[[Path], object], kept: Kept
) -> None:
    """The result is that of a new environment, and so is the environment then."""
    kept.reuse().well()
    expected = sha256(kept.reused)
    damage(kept.site_packages)

    kept.reuse().well()
    assert expected == sha256(kept.reused)

    after = kept.reuse().well()
    assert expected == sha256(kept.reused)
    assert "Installing six" not in after.stdout
    assert "" == after.stderr
    assert {"venv", "installed.json"} == {path.name for path in kept.home.iterdir()}
    elsewhere = kept.home.parent / "elsewhere" / "__init__.py"
    assert damage != link_to_elsewhere or elsewhere.read_text() == "# unsaved work\n"


def test_code_that_is_shared_with_a_wheel(kept: Kept) -> None:
    """The project has the last word, and nothing is built anew for it."""
    write_files(kept.project, {"tiny.py": "MINE = 1\n"})
    text = (kept.project / "pyproject.toml").read_text()
    packages = (
        '[tool.poetry]\npackages = [{include = "my_app"}, {include = "tiny.py"}]\n'
    )
    (kept.project / "pyproject.toml").write_text(f"{text}\n{packages}")
    kept.poetry.lock(kept.project)
    for _ in range(2):
        said = kept.reuse().well().stderr
        assert "that of my-app 1.0 is shipped: tiny.py." in said
        assert 1 == said.count("Warning: ")
        assert ("tiny.py", b"MINE = 1\n") in {
            each[:2] for each in contents(kept.reused)
        }
        assert kept.fresh() == sha256(kept.reused)


def cached_wheel(kept: Kept) -> Path:
    """The wheel of six in Poetry's cache."""
    artifacts = kept.cache / "artifacts"
    (wheel,) = artifacts.rglob("six-*.whl")
    return wheel


def test_a_wheel_that_has_left_the_cache_is_fetched(kept: Kept) -> None:
    """The bytes depend on the lock, not on what lies in a cache."""
    kept.reuse().well()
    expected = sha256(kept.reused)
    cached_wheel(kept).unlink()

    done = kept.reuse().well()

    assert expected == sha256(kept.reused)
    assert "built anew" in done.stderr
    assert cached_wheel(kept).is_file()


def test_a_wheel_that_has_been_damaged_in_the_cache(kept: Kept) -> None:
    """Its streams are not copied; Poetry refuses it, and the earlier result stays."""
    kept.reuse().well()
    expected = sha256(kept.reused)
    wheel = cached_wheel(kept)
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(content)

    said = kept.reuse().failed(1)

    assert str(wheel) in said
    assert "Hash" in said
    assert expected == sha256(kept.reused)


def test_another_lock(kept: Kept) -> None:
    """Versions change up and down, distributions come and go."""
    pyproject = kept.project / "pyproject.toml"
    before = pyproject.read_text()
    for text in (
        before.replace("six (==1.17.0)", "six (==1.16.0)"),
        before.replace('    "six (==1.17.0)",\n', ""),
        before.replace('version = "1.0"', 'version = "1.1"'),
        before,
    ):
        pyproject.write_text(text)
        kept.poetry.lock(kept.project)
        kept.reuse().well()
        assert kept.fresh() == sha256(kept.reused)
    assert kept.home.is_dir()  # one for all of them


def test_each_choice_has_its_own_environment(kept: Kept) -> None:
    """Groups and extras of one run do not get in the way of another."""
    more = (
        '[project.optional-dependencies]\nmore = ["idna (==3.10)"]\n'
        '[dependency-groups]\ndev = ["typing-extensions (==4.12.2)"]\n'
    )
    text = (kept.project / "pyproject.toml").read_text()
    (kept.project / "pyproject.toml").write_text(
        text.replace("[build-system]", f"{more}[build-system]")
    )
    kept.poetry.lock(kept.project)
    for _ in range(2):
        for options, expected in (
            ((), set()),
            (("-E", "more"), {"idna"}),
            (("--with", "dev"), {"typing_extensions.py"}),
        ):
            kept.reuse(*options).well()
            tops = {name.split("/")[0] for name in names_in(kept.reused)}
            assert expected == tops & {"idna", "typing_extensions.py"}
    homes = kept.cache / "package-function"
    assert 3 == sum(path.is_dir() for path in homes.iterdir())


def test_two_runs_at_once_wait_for_each_other(kept: Kept) -> None:
    """Neither sees an environment that the other one is changing."""
    running = []
    for name in ("a.zip", "b.zip", "c.zip"):
        arguments = (
            "package-function",
            "--reuse",
            "--output",
            str(kept.project / name),
        )
        running.append(
            subprocess.Popen(
                [*kept.poetry.command, *arguments],
                cwd=kept.project,
                env={**kept.poetry.env, "TMPDIR": str(kept.poetry.new_tmp())},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    said = [process.communicate()[0] for process in running]

    assert [0, 0, 0] == [process.returncode for process in running], said
    assert any("Waiting for another run" in each for each in said)
    assert 1 == len(
        {sha256(kept.project / name) for name in ("a.zip", "b.zip", "c.zip")}
    )


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_that_is_killed(is_there: bool, kept: Kept) -> None:
    """An environment that was being changed is not believed, and the lock is free."""
    expected = kept.fresh()
    if is_there:
        kept.reuse().well()
    process = subprocess.Popen(
        [*kept.poetry.command, "package-function", "--reuse", "-v"],
        cwd=kept.project,
        env={**kept.poetry.env, "TMPDIR": str(kept.poetry.new_tmp())},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Installing" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    kept.reuse().well()

    assert expected == sha256(kept.reused)


def test_it_can_stand_in_the_table(kept: Kept) -> None:
    """As any other option; a flag that makes no sense beside it silences it."""
    with (kept.project / "pyproject.toml").open("a") as file:
        file.write("[tool.poetry-plugin-package-function]\nreuse = true\n")
    kept.poetry.package(kept.project).well()
    assert kept.home.is_dir()
    venv = kept.home / "venv"
    done = kept.poetry.package(kept.project, "--venv", str(venv)).well()
    assert "Building" not in done.stdout
    said = kept.poetry.package(kept.project, "--venv", str(venv), "--reuse").failed(2)
    assert "--reuse excludes --venv" in said


def test_a_cache_that_cannot_be_used(kept: Kept, tmp_path: Path) -> None:
    """One clear error that names it."""
    cache = kept.cache
    (cache / "package-function").write_text("a file")
    said = kept.reuse().failed(1)
    assert str(cache) in said
    assert "POETRY_CACHE_DIR" in said


def test_an_active_environment_is_left_alone(kept: Kept, tmp_path: Path) -> None:
    """Neither taken for the kept one, nor changed."""
    expected = kept.fresh()
    venv = tmp_path / "active"
    kept.poetry(kept.project, "bundle", "venv", "--only", "main", str(venv))
    before = {path: path.lstat().st_mtime_ns for path in venv.rglob("*")}
    active = replace(kept, poetry=kept.poetry.having(VIRTUAL_ENV=str(venv)))
    time.sleep(0.01)
    for _ in range(2):
        active.reuse().well()
        assert expected == sha256(kept.reused)
    assert before == {path: path.lstat().st_mtime_ns for path in venv.rglob("*")}
