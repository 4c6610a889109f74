"""Budgets: what is larger than the user lets it be does not replace what is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import BudgetError
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.project import read_project
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from poetry_plugin_package_function.settings import Settings


LABEL = "[tool.poetry-plugin-package-function"
NOISE = os.urandom(40_000)  # it is as large zipped as it is unzipped


@pytest.fixture
def venv(in_directory: Path) -> Path:
    """A venv with a project, what it needs, and what that needs."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = make_venv(in_directory / "venv", python=python)
    own = {"my_app/__init__.py": "", "my_app/f.py": "x = 1\n" * 99}
    install(made, "my_app", own, metadata="Requires-Dist: middle\n")
    needed = "".join(f"Requires-Dist: d{number}\n" for number in range(5))
    install(made, "middle", {"middle.py": ""}, metadata=needed)
    for number in range(5):
        install(made, f"d{number}", {f"d{number}.bin": NOISE[: 40_000 - 999 * number]})
    make_project(in_directory, "My-App")
    return made


def report_of(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert 0 == main(["venv", "--format", "json", "--output", "other.zip", *arguments])
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("option", "field", "said"),
    [
        ("--max-size", "uncompressed_bytes", "The files have {} unzipped, and"),
        ("--max-zipped-size", "output_bytes", "The ZIP has {}, and"),
    ],
)
def test_a_budget_may_be_used_up(
    venv: Path, capfd: pytest.CaptureFixture[str], option: str, field: str, said: str
) -> None:
    """A byte more is an error with all figures; what was there before stays."""
    size = report_of(capfd)[field]
    Path("My_App.zip").write_text("old")
    Path("r.json").write_text("old")
    before = sorted(os.listdir())

    status = main(["venv", option, str(size - 1), "--report", "r.json"])

    stdout, stderr = capfd.readouterr()
    assert 1 == status
    first, *rows = stderr.splitlines()[-8:]
    begins = f"Error: {said.format(megabytes(size))}"
    assert f"{begins} {option} allows {limit(size - 1)}: 1 KB too many." == first
    assert "CodeSha256" not in stdout
    assert "The largest distributions:" == rows[0]
    assert ["d0 1.0", "d1 1.0", "d2 1.0", "d3 1.0", "d4 1.0"] == [
        re.sub(r".* zipped  (.*), required by my-app > middle$", r"\1", row)
        for row in rows[1:6]
    ]
    assert before == sorted(os.listdir())
    assert ["old", "old"] == [Path(n).read_text() for n in ("My_App.zip", "r.json")]
    assert 0 == main(["venv", option, str(size)])


def test_the_hint_is_enough(venv: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Both budgets are in one error, and the options that it ends with work."""
    budgets = ["--max-size", "1KB", "--max-zipped-size", "900"]
    assert 1 == main(["venv", *budgets])

    stderr = capfd.readouterr().err
    assert "--max-size allows 1 KB:" in stderr
    assert "--max-zipped-size allows 1 KB:" in stderr
    assert 1 == stderr.count("The largest distributions:")
    _, _, more = stderr.strip().rpartition("or allow more: ")
    assert re.fullmatch(r"--max-size \d{3}KB --max-zipped-size \d{3}KB", more)
    assert 0 == main(["venv", *shlex.split(more)])


def test_each_function_has_its_own(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its key beats that of all; what comes before it is there, and is printed."""
    table = (
        'max-size = "1MB"\n'
        f'{LABEL}.functions.api]\n{LABEL}.functions.cron]\nmax-size = "9KB"\n'
    )
    make_project(venv.parent, "My-App", table)
    functions = ("--function", "api", "--function", "cron")

    assert 1 == main(["venv", *functions, "--format", "json"])

    stdout, stderr = capfd.readouterr()
    assert ["api"] == [each["function"] for each in json.loads(stdout)]
    assert "Error: cron: The files have " in stderr
    assert "--max-size allows 9 KB: " in stderr
    assert Path("api.zip").exists()
    assert not Path("cron.zip").exists()
    assert 0 == main(["venv", *functions, "--max-size", "1MB"])


def test_a_layer_is_a_zip_of_its_own(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Unzipped it counts with its function, zipped each is measured by itself."""
    report = report_of(capfd, "--layer")
    function, layer = report["output_bytes"], report["layer"]["output_bytes"]
    assert function < layer

    def refused(*arguments: str) -> list[str]:
        assert 1 == main(["venv", *arguments])
        return capfd.readouterr().err.splitlines()

    together = refused("--layer", "--max-size", f"{report['uncompressed_bytes'] - 1}")
    assert any("The function and its layer have " in line for line in together)
    lines = refused("--layer", "--max-zipped-size", f"{layer - 1}")
    assert any("Error: The layer's ZIP has" in line for line in lines)
    assert not any("The ZIP has" in line or "my_app" in line for line in lines)
    lines = refused("--layer", "--max-zipped-size", f"{function - 1}")
    assert any("Error: The ZIP has" in line for line in lines)
    assert any(line.startswith("The layer's ZIP has") for line in lines)
    alone = refused("--layer-only", "--max-size", "1KB", "--max-zipped-size", "1KB")
    assert any("Error: The layer has " in line for line in alone)
    assert any(line.startswith("The layer's ZIP has") for line in alone)
    assert 0 == main(["venv", "--layer", "--max-zipped-size", f"{layer}"])


def test_a_function_that_is_larger_than_its_layer(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Then what is in the layer is not what has to become smaller."""
    Path("big.bin").write_bytes(os.urandom(300_000))
    make_project(venv.parent, "My-App", 'include = ["big.bin"]')

    assert 1 == main(["venv", "--layer", "--max-zipped-size", "250KB"])

    *_, first, second, _ = capfd.readouterr().err.splitlines()
    assert first.endswith(" zipped  your code")
    assert " zipped  my-app 1.0" in second


def test_what_is_nested_counts(venv: Path) -> None:
    """Lambda's count of it says only how much room there was."""
    install(venv, "text", {"text.py": "x = 1\n" * 100_000})
    project = make_project(venv.parent, "My-App")
    kept = 262_144_000 - 300_000
    output = venv.parent / "f.zip"
    report = package_venv(venv, project, output, layers_size=kept)
    assert report.nested is not None
    assert report.unzipped_bytes < 300_000 < report.uncompressed_bytes

    project = make_project(venv.parent, "My-App", "max-size = 300000")
    with pytest.raises(BudgetError, match="The files have"):
        package_venv(venv, project, output, layers_size=kept)


def test_it_is_judged_before_the_handler(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An import may take a minute."""
    assert 1 == main(["venv", "--max-size", "1KB", "--handler", "my_app.gone.handler"])
    assert "--max-size allows" in capfd.readouterr().err


def test_bytecode_can_be_left_out(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is named with its size, as to leave it out is the easiest thing to do."""
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(os.path.realpath(sys.executable))
    size = report_of(capfd)["uncompressed_bytes"]

    assert 1 == main(["venv", "--compile", "--max-size", str(size)])

    hint = capfd.readouterr().err.splitlines()[-1]
    assert re.search(r"leave `compile` away \(\d+ KB of bytecode\)", hint)
    assert 1 == main(["venv", "--compile", "--max-zipped-size", "1KB"])
    assert "`compile`" not in capfd.readouterr().err


def resolved(directory: Path, table: str = "", **flags: str) -> Settings:
    project = read_project(make_project(directory, "my-app", table))
    (found,) = resolve(flags, project, None, default_output_dir=directory)
    return found


def test_budgets_are_keys(tmp_path: Path) -> None:
    """Flags beat them; units are those of other sizes, and there is no limit."""
    table = 'max-size = "1.5 MiB"\nmax-zipped-size = 7\n'
    settings = resolved(tmp_path, table, **{"max-zipped-size": "750MB"})

    assert 1_572_864 == settings.max_size_bytes
    assert 786_432_000 == settings.max_zipped_size_bytes
    assert None is resolved(tmp_path).max_size_bytes


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("much", "expected bytes, or a size as 40MB, got 'much'."),
        ("-1", "expected bytes, or a size as 40MB, got '-1'."),
        ("0", "expected more than 0 bytes, got '0'."),
    ],
)
@pytest.mark.parametrize("option", ["max-size", "max-zipped-size"])
def test_what_is_no_budget(
    tmp_path: Path, option: str, value: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        resolved(tmp_path, **{option: value})
    assert (f"--{option}: {problem}",) == raised.value.lines
