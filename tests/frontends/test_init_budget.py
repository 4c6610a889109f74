"""The budget of INIT: what takes longer does not replace what is there."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import sys

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import BudgetError
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.init_budget import check_init
from poetry_plugin_package_function.packaging.result import Compiled
from poetry_plugin_package_function.packaging.verify.verified import Verified
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.settings import Settings
from tests.frontends.test_init import INIT
from tests.frontends.test_report import REPORT
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.verify.init import Init


LABEL: Final = "[tool.poetry-plugin-package-function"
HANDLER: Final = ("--handler", "my_app.api.handler")
SLOW: Final = "import time\ntime.sleep({})\ndef handler(event, context): ...\n"


@pytest.fixture
def venv(in_directory: Path) -> Path:
    """A venv with a project whose INIT takes a while, and one whose does not."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = make_venv(in_directory / "venv", python=python)
    (made / "bin").mkdir()
    (made / "bin/python").symlink_to(os.path.realpath(sys.executable))
    own = {
        "my_app/__init__.py": "",
        "my_app/api.py": f"import slow\n{SLOW.format(0)}",
        "my_app/fast.py": "def handler(event, context): ...\n",
    }
    install(made, "my_app", own, metadata="Requires-Dist: slow\n")
    install(made, "slow", {"slow.py": SLOW.format(3)})
    make_project(in_directory, "My-App")
    return made


def test_what_takes_longer_replaces_nothing(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """All figures are told, what brings it in, and a budget that is enough."""
    Path("My_App.zip").write_text("old")
    assert 1 == main(["venv", *HANDLER, "--max-init", "1.5", "--report", "r.json"])

    first, what, slowest, *_, hint = capfd.readouterr().err.splitlines()[-7:]
    assert re.fullmatch(
        r"Error: INIT takes [\d.]+ s, [\d.]+ times an empty handler's [\d.]+ s, and"
        r" --max-init allows 1\.5 times that: [\d.]+ s too many\.",
        first,
    )
    assert "What takes most of it:" == what
    assert re.fullmatch(r" +3\.\d{3} s  slow, my_app/api\.py:1 brings it in", slowest)
    assert "old" == Path("My_App.zip").read_text()
    assert not Path("r.json").exists()
    _, _, more = hint.rpartition("or allow more: ")
    count = int(shlex.split(more)[1])
    assert 1 < count < 1000


def test_what_holds_is_told(venv: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the summary, and in the report; a dry run is judged alike."""
    assert 0 == main(["venv", *HANDLER, "--max-init", "999", "--report", "r.json"])
    assert "times an empty handler's" in " ".join(capfd.readouterr().out.split())
    init = json.loads(Path("r.json").read_text())["verified"]["init"]
    assert init["empty_s"] > 0
    fast = ("--handler", "my_app.fast.handler", "--dry-run", "--strict")
    assert 0 == main(["venv", *fast, "--max-init", "50"])
    assert 1 == main(["venv", *HANDLER, "--max-init", "1.5", "--dry-run", "--strict"])
    assert "--max-init allows" in capfd.readouterr().err


def test_another_machine_is_refused_at_once(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before anything is packaged: nothing would be measured."""
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    options = ("--runtime", runtime, "--architecture", other, "--max-init", "9")
    assert 1 == main(["venv", *HANDLER, *options])
    *_, error, hint = capfd.readouterr().err.splitlines()
    assert "Error: --max-init allows INIT 9 times an empty handler's, and" in error
    assert f"this machine is {platform.machine()}." in error
    assert hint.endswith("or leave --max-init away.")
    assert not Path("My_App.zip").exists()


@pytest.mark.parametrize(
    ("key", "flags", "reason"),
    [
        ("max-init = 9\n", (), "other: --max-init allows INIT 9 times"),
        ("", ("--profile", "{name}.json"), "other: --profile: it is not known what"),
    ],
)
def test_another_machine_is_refused_before_other_functions_are_packaged(
    venv: Path,
    key: str,
    flags: tuple[str, ...],
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What is there of the first one stays, though that could be measured."""
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    make_project(
        Path(),
        "My-App",
        f'handler = "my_app.fast.handler"\nruntime = "{runtime}"\n',
        f"{LABEL}.functions.first]\n"
        f'{LABEL}.functions.other]\n{key}architecture = "{other}"\n',
    )
    assert 1 == main(["venv", "--function", "first", "--function", "other", *flags])
    error = " ".join(capfd.readouterr().err.split())
    assert reason in error
    assert f"this machine is {platform.machine()}." in error
    assert [] == [*Path().glob("**/first.zip")]


def test_what_could_only_be_parsed_is_refused(
    venv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It says what is in the way."""
    calls = "import socket\nsocket.create_connection(('127.0.0.1', 9))\n"
    install(venv, "slow", {"slow.py": calls})
    assert 1 == main(["venv", *HANDLER, "--max-init", "9"])
    error = capfd.readouterr().err
    assert "and it was not measured. " in error
    assert "127.0.0.1" in error


def test_it_takes_a_handler(tmp_path: Path) -> None:
    """Without one it has no effect; each function has its own."""
    with pytest.raises(ConfigError) as raised:
        resolved(tmp_path, **{"max-init": "9"})
    assert ("--max-init: has no effect without `handler`.",) == raised.value.lines
    with pytest.raises(ConfigError, match="layer-only"):
        resolved(tmp_path, **{"max-init": "9", "layer-only": True})
    table = (
        'max-init = 5\nhandler = "a.b"\n'
        f"{LABEL}.functions.api]\n{LABEL}.functions.cron]\nmax-init = 7.5\n"
    )
    project = read_project(make_project(tmp_path, "my-app", table))
    found = resolve({}, project, ["api", "cron"], default_output_dir=tmp_path)
    assert [5, 7.5] == [each.max_init for each in found]


def resolved(directory: Path, **flags: object) -> Settings:
    project = read_project(make_project(directory, "my-app"))
    (found,) = resolve(flags, project, None, default_output_dir=directory)
    return found


@pytest.mark.parametrize("value", ["", "much", "-1", "0", "0.5", "9s", "1e3", "nan"])
def test_what_is_no_budget(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        resolved(tmp_path, **{"max-init": value or " ", "handler": "a.b"})
    (line,) = raised.value.lines
    assert line.startswith("--max-init: expected how many times as long as an empty")


def judged(init: Init, most: float, **report: object) -> None:
    settings = Settings(Path("f.zip"), max_init=most, handler="a.b")
    verified = Verified("a.b", init=init)
    check_init(verified, replace(REPORT, **report), settings)  # type: ignore[arg-type]


def test_it_may_be_used_up() -> None:
    """The row of what is no distribution's is told as what it is."""
    init = replace(INIT, empty_s=INIT.total_s / 4)
    judged(init, 4)
    with pytest.raises(BudgetError) as raised:
        judged(init, 3.9)
    _, _, *rows = raised.value.lines
    assert 5 == len(rows)
    assert any(
        row.endswith("Python itself, and what the runtime brings") for row in rows
    )
    assert raised.value.hint.endswith("--max-init 5")
    assert "--compile" in raised.value.hint
    with pytest.raises(BudgetError) as raised:
        judged(init, 3.9, bytecode=Compiled("3.13.1", 1, 1, (), ()))
    assert "--compile" not in raised.value.hint


def test_an_empty_handler_may_not_start() -> None:
    """Then nothing can be said."""
    with pytest.raises(BudgetError, match="An empty handler did not start"):
        judged(INIT, 9)
