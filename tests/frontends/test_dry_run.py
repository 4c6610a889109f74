"""`--dry-run`: all of it but the files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from pathlib import Path
from typing import Any

import pytest

from poetry_plugin_package_function.cli import main
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


LABEL = "[tool.poetry-plugin-package-function"
SAID = "Dry run     nothing has been written, and nothing replaced\n"


@pytest.fixture
def venv(in_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A venv with a project in it, and an empty directory for temporary files."""
    scratch = in_directory / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = make_venv(in_directory / "venv", python=python)
    handler = "def handler(event, context): ...\n"
    install(made, "my_app", {"my_app/__init__.py": "", "my_app/f.py": handler})
    install(made, "dep", {"dep.py": "x = 1\n" * 99})
    (made / "bin").mkdir()
    (made / "bin/python").symlink_to(os.path.realpath(sys.executable))
    make_project(in_directory, "My-App")
    return made


def snapshot(directory: Path) -> dict[str, tuple[bytes, int]]:
    """All files and directories: contents, and when they were last changed."""
    return {
        str(path): (
            path.read_bytes() if path.is_file() else b"",
            path.lstat().st_mtime_ns if path.is_file() else 0,
        )
        for path in directory.rglob("*")
    }


def in_text(text: str) -> dict[str, str]:
    return {line[:12].strip(): line[12:] for line in text.splitlines()}


def test_the_result_is_that_of_a_run_that_writes(
    venv: Path, in_directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It has the same hash and sizes; no file is there, and no directory for one."""
    arguments = ["venv", "--layer", "--compile", "--handler", "my_app.f.handler"]
    arguments += ["--output", "a/b/f.zip", "--report", "c/r.json"]
    arguments += ["--sizes", "d/s.html"]
    before = snapshot(in_directory)

    assert 0 == main([*arguments, "--dry-run"])

    assert before == snapshot(in_directory)
    dry = capfd.readouterr()
    assert dry.out.count(SAID) == 1
    assert 0 == main(arguments)
    wet = capfd.readouterr()
    assert SAID not in wet.out
    shown, expected = in_text(dry.out), in_text(wet.out)
    assert "a/b/f.zip" == shown["File"]
    assert "my_app.f.handler was imported in" in shown["Handler"]
    for label in ("File", "Layout", "CodeSha256", "Zipped", "Layer", "Report", "Sizes"):
        assert expected[label] == shown[label]
    for name in ("a/b/f.zip", "a/b/f-layer.zip", "c/r.json", "d/s.html"):
        assert Path(name).is_file()


def test_what_was_there_before_stays(
    venv: Path, in_directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The next run is compared with it, and so is the one after that."""
    arguments = ["venv", "--report", "r.json", "--sizes", "s.html"]
    assert 0 == main(arguments)
    (site_packages_of(venv) / "my_app/f.py").write_text("x = 2\n")
    before = snapshot(in_directory)

    for _ in range(2):
        capfd.readouterr()
        assert 0 == main([*arguments, "--dry-run"])
        assert "Compared    other files in my-app" in capfd.readouterr().out
    assert before == snapshot(in_directory)
    assert 0 == main(["venv", "--compare", "r.json", "--dry-run"])
    assert "Compared    other files in my-app" in capfd.readouterr().out
    assert before == snapshot(in_directory)


def test_what_programs_read(venv: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The report of a run that writes, but for the field that says it."""

    def printed(*arguments: str) -> dict[str, Any]:
        assert 0 == main(["venv", "--format", "json", *arguments])
        found: dict[str, Any] = json.loads(capfd.readouterr().out)
        return found

    dry, wet = printed("--dry-run"), printed()
    assert (True, False) == (dry.pop("dry_run"), wet.pop("dry_run"))
    assert wet == dry
    assert 0 == main(["venv", "--format", "markdown", "--dry-run"])
    row = "| Dry run | nothing has been written, and nothing replaced |\n"
    assert row in capfd.readouterr().out


def test_several_functions(
    venv: Path, in_directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """None of them is written, and each says so."""
    names = ("api", "cron", "worker")
    tables = "".join(f"{LABEL}.functions.{name}]\n" for name in names)
    make_project(venv.parent, "My-App", f'report = "out/{{name}}.json"\n{tables}')
    functions = [f"--function={name}" for name in names]
    before = snapshot(in_directory)

    assert 0 == main(["venv", *functions, "--dry-run"])
    stdout = capfd.readouterr().out
    assert len(names) == stdout.count(SAID)
    assert 0 == main(["venv", *functions, "--dry-run", "--format", "json"])
    found = json.loads(capfd.readouterr().out)

    assert [*names] == [each["function"] for each in found]
    assert all(each["dry_run"] for each in found)
    assert before == snapshot(in_directory)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-size", "1KB"], "--max-size allows 1 KB:"),
        (["--max-zipped-size", "100"], "--max-zipped-size allows 1 KB:"),
        (["--strict", "--output", "odd.zip"], ", as --strict says;"),
        (["--handler", "my_app.gone.handler"], "No module named 'my_app.gone'"),
        (["--output", "venv"], "is a directory."),
        (["--report", "pyproject.toml/r.json"], "is not a directory."),
        (["--output", "x.json", "--report", "x.json"], "are files of their own"),
    ],
)
def test_what_fails_fails(
    venv: Path,
    in_directory: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """The status and the error are those of a run that writes."""
    install(venv, "odd", {"my_app/f.py": "other"})
    before = snapshot(in_directory)

    dry = main(["venv", *arguments, "--dry-run"])

    stderr = capfd.readouterr().err
    assert said in stderr
    assert before == snapshot(in_directory)
    assert dry == main(["venv", *arguments])
    assert capfd.readouterr().err == stderr


def test_it_does_not_take_a_place(
    venv: Path, in_directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file that is packaged is refused as a place, though it would stay."""
    make_project(venv.parent, "My-App", 'include = ["data.zip"]\noutput = "data.zip"')
    write_files(in_directory, {"data.zip": "not ours"})

    assert 1 == main(["venv", "--dry-run"])
    assert "data.zip would be overwritten" in capfd.readouterr().err


def test_a_report_that_is_lost(cli: str, venv: Path) -> None:
    """No file has it, so nothing says that there is one."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [cli, "venv", "--dry-run", "--format", "json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert 3 == done.returncode
    *_, reason, hint = done.stderr.splitlines()
    begins = "Error: All went well, but standard output did not take the report: "
    assert reason.startswith(begins)
    assert "A dry run writes no files: run it again." == hint
