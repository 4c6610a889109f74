"""`--strict`: what would be a warning is an error, and replaces nothing."""

from __future__ import annotations

import json
import os

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.errors import StrictError
from poetry_plugin_package_function.packaging.audit.findings import Finding
from poetry_plugin_package_function.report.strict import refuse_warnings
from tests.frontends.test_markdown import REPORT
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from datetime import tzinfo


LABEL = "[tool.poetry-plugin-package-function"


@pytest.fixture
def venv(in_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A venv with a project that there is nothing to be warned of, in 2025."""
    at(monkeypatch, 2025)
    made = make_venv(in_directory / "venv", python="3.13")
    install(made, "my_app", {"my_app/__init__.py": "", "my_app/f.py": ""})
    make_project(in_directory, "My-App")
    return made


def at(monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    """Sets the year in which runtimes are judged."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Then:
            return cls(year, 1, 1, tzinfo=tz)

    monkeypatch.setattr("poetry_plugin_package_function.request.datetime", Then)


def spoil(venv: Path) -> None:
    """Adds a reason for a warning that -q shows, and one for another."""
    install(venv, "dep", {"tkinter.py": "", "my_app/f.py": "other"}, version="1.30")


@pytest.mark.parametrize("quiet", [[], ["-q"], ["-q", "--format", "markdown"]])
def test_all_warnings_are_in_one_error(
    venv: Path, capfd: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    """Also those that -q hides; what was there before stays, and stdout is silent."""
    spoil(venv)
    Path("My_App.zip").write_text("old")
    Path("r.json").write_text("old")
    before = sorted(os.listdir())

    assert 1 == main(["venv", "--strict", "--report", "r.json", *quiet])

    stdout, stderr = capfd.readouterr()
    assert "SHA-256" not in stdout + stderr
    assert not quiet or "" == stdout
    first, *others, hint = stderr[stderr.index("Error: ") :].splitlines()
    begins = "Error: 2 warnings are errors, as --strict says; what was there before is"
    assert f"{begins} untouched:" == first
    assert [True, True] == [each.startswith("Warning: ") for each in others]
    assert "tkinter.py" in others[0]
    assert "have different files of one name" in others[1]
    assert "leave --strict away" in hint
    assert before == sorted(os.listdir())
    assert ["old", "old"] == [Path(n).read_text() for n in ("My_App.zip", "r.json")]


def test_what_there_is_nothing_to_say_of(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is written as ever: the same bytes, exit status 0."""
    assert 0 == main(["venv", "--output", "plain.zip"])
    assert 0 == main(["venv", "--output", "strict.zip", "--strict"])
    assert Path("plain.zip").read_bytes() == Path("strict.zip").read_bytes()
    assert "Warning" not in capfd.readouterr().err


def test_a_runtime_that_ends(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is for the project to say whether its jobs fail from that day on."""
    make_project(venv.parent, "My-App", "strict = true")
    assert 0 == main(["venv"])

    at(monkeypatch, 2031)
    assert 1 == main(["venv"])

    stderr = capfd.readouterr().err
    assert "Error: 1 warning is an error, as --strict says;" in stderr
    assert "Warning: python3.13 has been deprecated since " in stderr


@pytest.mark.parametrize("how", ["json", "markdown"])
def test_each_function_is_judged_by_itself(
    venv: Path, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    """What came before is there, and is printed; the one with a warning is named."""
    table = (
        f"strict = true\n{LABEL}.functions.good]\n"
        f'{LABEL}.functions.odd]\ninclude = ["uuid.py"]\n'
    )
    make_project(venv.parent, "My-App", table)
    Path("uuid.py").write_text("")
    functions = ["--function", "good", "--function", "odd"]

    assert 1 == main(["venv", *functions, "--format", how])

    stdout, stderr = capfd.readouterr()
    assert "Error: odd: 1 warning is an error, as --strict says;" in stderr
    assert "has uuid.py, which Lambda finds before Python's own uuid" in stderr
    assert "odd" not in stdout
    if how == "json":
        assert ["good"] == [each["function"] for each in json.loads(stdout)]
    assert Path("good.zip").exists()
    assert not Path("odd.zip").exists()

    make_project(venv.parent, "My-App", f"{table}strict = false\n")
    assert 0 == main(["venv", *functions, "-q"])
    assert capfd.readouterr().err.startswith("Warning: odd: ")
    assert 1 == main(["venv", *functions, "-q", "--strict"])


def test_a_function_and_its_layer(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither comes to its place."""
    install(venv, "dep", {"dep.py": "", "dep.pth": "import dep\n"})
    assert 0 == main(["venv", "--layer", "--output", "f.zip"])
    assert "does not obey .pth files of layers" in capfd.readouterr().err
    Path("f.zip").unlink()
    Path("f-layer.zip").unlink()

    assert 1 == main(["venv", "--layer", "--output", "f.zip", "--strict"])

    assert [] == [*Path().glob("*.zip")]


def test_what_the_audit_has_found_is_listed() -> None:
    """A warning only counts it, and refers to -v."""
    found = Finding("dep", "dep/x.so", "is for aarch64", "Leave it out.", True)

    with pytest.raises(StrictError) as raised:
        refuse_warnings(["1 file does not fit."], replace(REPORT, findings=(found,)))

    _, *others = raised.value.lines
    assert [
        "Warning: 1 file does not fit.",
        "Audit: dep/x.so of dep is for aarch64. Leave it out.",
    ] == others
    refuse_warnings([], REPORT)


def test_names_are_not_markup_or_commands(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What others have named is shown as in any other error."""
    (site_packages_of(venv) / "a\n::error::b.py").write_text("")
    install(venv, "dep", {"tkinter.py": ""}, version="1\x1b[31m")

    assert 1 == main(["venv", "--strict"])

    assert "\x1b[31m" not in capfd.readouterr().err
