"""Which interpreter an environment is built with, and what it is built for."""

from __future__ import annotations

import sys

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from findpython.python import _run_script

from poetry_plugin_package_function.bundling.interpreter import _asking
from poetry_plugin_package_function.errors import BundleError
from tests.bundling.projects import bundle
from tests.bundling.projects import bundles
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.trees import write_files


if TYPE_CHECKING:
    from poetry.config.config import Config
    from poetry.poetry import Poetry


OWN = f"3.{sys.version_info.minor}"
OTHER = "3.13" if OWN != "3.13" else "3.12"
# What Poetry asks an interpreter is answered by the one that runs the tests, but for
# its version and its place.
INTERPRETER = """\
#!/bin/sh
case "$2" in
    *python_version*) echo '{version}' ;;
    *sys.executable*) echo '{path}' ;;
    *) exec '{real}' "$@" ;;
esac
"""


def interpreter(path: Path, version: str) -> Path:
    """An interpreter that says that it is of a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    real = Path(sys.executable).resolve()
    path.write_text(INTERPRETER.format(real=real, version=version, path=path))
    path.chmod(0o755)
    return path


@pytest.fixture
def own(pythons: Path) -> Path:
    """The only interpreter that Poetry would find: as old as the tests' own."""
    return interpreter(pythons / "python", f"{OWN}.9")


@pytest.fixture
def poetry(own: Path, tmp_path: Path) -> Poetry:
    return project(tmp_path)


def project(directory: Path, requires_python: str = ">=3.10,<4.0") -> Poetry:
    """A project that needs nothing but Python."""
    pyproject = (
        '[project]\nname = "my-app"\nversion = "1.0"\n'
        f'requires-python = "{requires_python}"\n'
    )
    write_files(directory, {"pyproject.toml": pyproject, "my_app.py": ""})
    return locked(directory)


def fault(poetry: Poetry, *arguments: str) -> BundleError:
    with pytest.raises(BundleError) as raised:
        bundle(poetry, *arguments)
    assert 1 == raised.value.exit_status
    return raised.value


# -- by --python ---------------------------------------------------------------------


@pytest.mark.parametrize("form", ["version", "command", "path"])
def test_the_python_to_build_with(form: str, poetry: Poetry, pythons: Path) -> None:
    """By version, command or path; it is the answer of the interpreter that counts."""
    python = interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")
    given = {"version": OTHER, "command": python.name, "path": str(python)}[form]

    found = bundle(poetry, "--python", given)

    assert python == found.python
    assert found.target is not None
    assert f"python{OTHER} on x86_64" in str(found.target)
    assert found.is_chosen
    host = bundle(poetry, "--python", given, "--platform", "host")
    assert [python, None] == [host.python, host.target]


@pytest.mark.parametrize("wanted", ["3.99", "python3.99", "/no/such/python", "ham"])
def test_a_python_that_is_not_there(wanted: str, own: Path, tmp_path: Path) -> None:
    """It is named, with how to find out what there is; nothing is built."""
    project(tmp_path)

    done = run(tmp_path, "--python", wanted)

    assert 1 == done.status
    assert f"There is no Python {wanted!r} here." in done.stderr
    assert "poetry python list" in done.stderr
    version = "3.99" if "3.99" in wanted else "3.13"
    assert done.stderr.rstrip().endswith(f"poetry python install {version}")
    assert "Building" not in done.stdout
    assert not (tmp_path / "dist").exists()


# -- for a runtime -------------------------------------------------------------------


def test_the_preferred_interpreter_if_it_is_the_runtimes(
    poetry: Poetry, own: Path, pythons: Path
) -> None:
    """Even if there is a newer one; Lambda's default architecture is x86_64."""
    interpreter(pythons / OWN, f"{OWN}.99")
    found = bundle(poetry, "--runtime", f"python{OWN}")

    assert own == found.python
    assert found.target is not None
    assert found.target.runtime is not None
    assert (OWN, "x86_64", f"python{OWN}") == (
        *(found.target.python, found.target.machine, found.target.runtime.name),
    )
    arm = bundle(poetry, "--runtime", f"python{OWN}", "--architecture", "arm64")
    assert arm.target is not None
    assert "aarch64" == arm.target.machine


def test_another_one_if_it_is_not(poetry: Poetry, pythons: Path) -> None:
    """Found by its name, as Poetry finds it."""
    python = interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")

    found = bundle(poetry, "--runtime", f"python{OTHER}")

    assert python == found.python
    assert found.target is not None
    assert OTHER == found.target.python


def test_each_function_has_its_own_target(poetry: Poetry, tmp_path: Path) -> None:
    table = "[tool.poetry-plugin-package-function.functions"
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write(f'{table}.a]\nplatform = "manylinux_2_28_aarch64"\n{table}.b]\n')

    a, b = bundles(load(tmp_path))

    assert a.target is not None
    assert b.target is not None
    assert ("aarch64", "x86_64") == (a.target.machine, b.target.machine)
    assert (None, f"python{OWN}") == (
        a.target.runtime,
        b.target.runtime and b.target.runtime.name,
    )


def test_no_such_interpreter(poetry: Poetry) -> None:
    """The error names ways to get one."""
    found = fault(poetry, "--runtime", f"python{OTHER}")

    assert (
        f"There is no Python {OTHER} here, which python{OTHER} needs." == found.reason
    )
    assert f"poetry python install {OTHER}" in found.hint


def test_a_name_is_no_version(poetry: Poetry, pythons: Path) -> None:
    """What is called as the runtime's interpreter, and is another, is not taken."""
    interpreter(pythons / OTHER, f"{OWN}.9")

    assert "There is no Python" in fault(poetry, "--runtime", f"python{OTHER}").reason


def test_an_interpreter_of_another_version(poetry: Poetry, own: Path) -> None:
    """--python and --runtime have to agree."""
    found = fault(poetry, "--runtime", f"python{OTHER}", "--python", str(own))

    assert found.reason.startswith(f"{own} is Python {OWN}, and python{OTHER} on x86_6")
    assert found.reason.endswith(f" needs Python {OTHER}.")
    assert f"Leave out --python, or say --python {OTHER}." == found.hint


def test_a_project_that_does_not_allow_the_runtime(
    own: Path, pythons: Path, tmp_path: Path
) -> None:
    """It is the project that says so."""
    poetry = project(tmp_path, ">=3.98,<4.0")
    python = interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")

    found = fault(poetry, "--runtime", f"python{OTHER}")

    assert (
        f"The project allows Python >=3.98,<4.0, and the one for python{OTHER} here is"
        f" {OTHER}.1: {python}." == found.reason
    )
    assert "widen `requires-python`" in found.hint


# -- without a runtime ----------------------------------------------------------------


def test_lambdas_runtime_of_the_python_that_poetry_chooses(
    poetry: Poetry, own: Path
) -> None:
    """A function that names the same one shares its environment."""
    found = bundle(poetry)

    assert own == found.python
    assert f"python{OWN} on x86_64" in str(found.target)
    assert found.is_chosen
    named = bundle(poetry, "--runtime", f"python{OWN}")
    assert not named.is_chosen
    assert named == found


def test_lambda_has_no_such_runtime(own: Path, pythons: Path, tmp_path: Path) -> None:
    """The error has lines for what is here and allowed, and for the machine's own."""
    interpreter(own, "3.9.1")
    interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")
    found = fault(project(tmp_path, ">=3.9,<4.0"))

    assert found.reason.startswith("Lambda has no runtime of Python 3.9, which is that")
    assert str(own) in found.reason
    assert f"python is here: --runtime python{OTHER}." in found.hint.lower()
    assert "--platform host" in found.hint
    assert None is bundle(load(tmp_path), "--platform", "host").target


def test_lambda_has_no_such_runtime_and_there_is_no_other_python(
    own: Path, tmp_path: Path
) -> None:
    interpreter(own, "3.9.1")
    found = fault(project(tmp_path, ">=3.9,<4.0"))
    assert found.hint.startswith("Install a Python that it has, and name it with --run")


def test_the_project_allows_no_python_that_lambda_has(
    own: Path, pythons: Path, tmp_path: Path
) -> None:
    """No runtime would help: the error says what to write, and where."""
    interpreter(own, "3.9.1")
    interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")
    pyproject = (
        '[tool.poetry]\nname = "a"\nversion = "1"\ndescription = ""\nauthors = []\n'
        '[tool.poetry.dependencies]\npython = "~3.9"\n'
    )
    write_files(tmp_path, {"pyproject.toml": pyproject})

    found = fault(locked(tmp_path))

    assert found.hint.startswith(
        "The project allows none of these (~3.9): widen `python` in"
        " [tool.poetry.dependencies], and then: poetry lock. Or package"
    )


def test_an_interpreter_that_does_not_run_is_passed_over(
    poetry: Poetry, own: Path, pythons: Path
) -> None:
    """As pyenv's does where `.python-version` names one that is not installed."""
    own.write_text("#!/bin/sh\nexit 1\n")
    other = interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")

    found = bundle(poetry, "--runtime", f"python{OTHER}")
    assert other == found.python
    assert other == bundle(poetry).python


# -- for a platform ------------------------------------------------------------------

PLATFORM = ("--platform", "manylinux_2_28_aarch64")


def test_a_platform_is_built_for_with_the_preferred_interpreter(
    poetry: Poetry, own: Path
) -> None:
    """There the version is that of the interpreter."""
    found = bundle(poetry, *PLATFORM)

    assert own == found.python
    assert found.target is not None
    assert (OWN, "aarch64", None) == (
        *(found.target.python, found.target.machine, found.target.runtime),
    )


def test_a_platform_with_another_interpreter(poetry: Poetry, pythons: Path) -> None:
    """The one that is given, or one that the project allows."""
    other = interpreter(pythons / f"python{OTHER}", f"{OTHER}.1")

    found = bundle(poetry, *PLATFORM, "--python", OTHER)
    assert found.target is not None
    assert (other, OTHER) == (found.python, found.target.python)

    only_other = project(poetry.file.path.parent / "narrow", f"~={OTHER}.0")
    found = bundle(only_other, *PLATFORM)
    assert found.target is not None
    assert (other, OTHER) == (found.python, found.target.python)


def test_a_platform_and_no_interpreter(own: Path, tmp_path: Path) -> None:
    """What there is, and what the project asks for, are named."""
    found = fault(project(tmp_path, ">=3.98,<4.0"), *PLATFORM)

    assert (
        "There is no Python here that the project allows (>=3.98,<4.0)." == found.reason
    )
    assert "--python" in found.hint


def test_poetrys_own_interpreter_if_it_is_to_be_preferred(
    poetry: Poetry, config: Config
) -> None:
    """Poetry's setting is obeyed."""
    config.merge({"virtualenvs": {"use-poetry-python": True}})

    assert Path(sys.executable) == bundle(poetry, *PLATFORM).python


# -- when it is built ----------------------------------------------------------------


def test_a_python_that_the_project_excludes(own: Path, tmp_path: Path) -> None:
    """What there is and what `requires-python` asks for stand in the error."""
    project(tmp_path, ">=3.98,<4.0")
    for options in ((), ("--python", str(own))):
        done = run(tmp_path, *options)

        assert 1 == done.status
        assert ">=3.98,<4.0" in done.stderr
        assert "Choose another interpreter with --python, or widen" in done.stderr
        assert (f"{OWN}.9" in done.stderr) == bool(options)
        assert not (tmp_path / "dist").exists()


def test_a_python_that_can_be_installed(own: Path, tmp_path: Path) -> None:
    """What Lambda has and the project allows is named."""
    found = fault(project(tmp_path, f"=={OTHER}.*"))

    assert f"Install one: poetry python install {OTHER}. Or choose" in found.hint


ANSWERS: Final = {"print(sys.executable)", "print(platform.python_version())"}


@pytest.mark.parametrize(
    ("asked_for", "asked"),
    [
        ((), ANSWERS),
        (("--runtime", f"python{OWN}"), ANSWERS),
        (("--python", str(Path(sys.executable).resolve())), set()),
    ],
)
def test_an_interpreter_is_asked_once(
    asked_for: tuple[str, ...], asked: set[str], pythons: Path, tmp_path: Path
) -> None:
    """For its place and its version: pyenv's `python` takes long to say anything.

    What it leads to is another file, of which Poetry knows nothing yet. Nothing is
    asked of it if --python names another one.
    """
    real = Path(sys.executable).resolve()
    python, log = pythons / "python", tmp_path / "log"
    python.write_text(f"#!/bin/sh\necho \"$2\" >>'{log}'\nexec '{real}' \"$@\"\n")
    python.chmod(0o755)
    log.touch()
    project(tmp_path)
    with _asking:  # what an earlier test has begun is over
        _run_script.cache_clear()

    done = run(tmp_path, *asked_for)

    assert 0 == done.status
    assert 2 == _run_script.cache_info().misses
    assert asked == {line.split()[-1] for line in log.read_text().splitlines()}
    assert f"Creating a virtual environment using Python {real}" in done.stdout


# -- for several functions -----------------------------------------------------------


def test_an_interpreter_is_looked_for_once(
    own: Path, pythons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poetry runs all that there are, which would take seconds for each function.

    Those that differ in their target still get what each of them is for.
    """
    from poetry.utils.env.python import Python

    interpreter(pythons / f"python{OTHER}", f"{OTHER}.9")
    looked_for = []
    find = Python.get_by_name

    def counted(name: str) -> Python | None:
        looked_for.append(name)
        return find(name)

    monkeypatch.setattr(Python, "get_by_name", counted)
    table = "[tool.poetry-plugin-package-function.functions"
    text = "".join(
        f'{table}.{name}{number}]\nruntime = "python{OTHER}"\narchitecture = "{name}"\n'
        for name in ("arm64", "x86_64")
        for number in range(5)
    )
    pyproject = (
        '[project]\nname = "my-app"\nversion = "1.0"\n'
        f'requires-python = ">=3.10,<4.0"\n{text}'
    )
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": ""})

    found = bundles(locked(tmp_path))

    assert [OTHER] * 2 == looked_for
    assert ["aarch64"] * 5 + ["x86_64"] * 5 == [
        each.target.machine for each in found if each.target
    ]
