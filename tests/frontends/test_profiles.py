"""Profiles as users meet them: written, committed, read, and grown old."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.packaging.sources.environment import this_machine
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from tests.packaging.nested_trees import noise
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.packaging.nested_trees import Files


_KB: Final = 1 << 10
_NESTED: Final = ("--layers-size", str(262_144_000 - 3080 * _KB))
"""What leaves room for all but 500 to 600 KB of these."""

_DATA: Final = 'import pathlib\npathlib.Path(__file__).with_name("x").read_bytes()\n'


def data(seed: int, size_bytes: int) -> bytes:
    """What a compressor makes half as large."""
    return noise(size_bytes // 2, seed) + bytes(size_bytes // 2)


LIBRARIES: Final[dict[str, Files]] = {
    "hot": {"hot/__init__.py": _DATA, "hot/x": data(1, 1300 * _KB), "hot/cold.py": ""},
    "warm": {"warm/__init__.py": _DATA, "warm/x": data(2, 800 * _KB)},
    "cold": {"cold/__init__.py": _DATA, "cold/x": data(3, 1500 * _KB)},
}


@pytest.fixture
def directory(in_directory: Path) -> Path:
    """A project with two handlers, beside an environment of this Python."""
    venv = make_venv(in_directory / "venv")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(sys.executable)
    code = "import {}\ndef handler(event, context):\n    return event\n"
    project: Files = {
        "my_app/__init__.py": "",
        "my_app/api.py": code.format("hot"),
        "my_app/worker.py": code.format("warm"),
    }
    for name, files in {"my-app": project, **LIBRARIES}.items():
        install(venv, name.replace("-", "_"), files)
    make_project(in_directory, "my-app", 'handler = "my_app.api.handler"')
    return in_directory


def package(*arguments: str) -> int:
    return main(["venv", "--python", sys.executable, *arguments])


def nested_in(archive: str = "my_app.zip") -> list[str]:
    """The distributions that are nested."""
    report = Path(archive).with_suffix(".json")
    units = json.loads(report.read_text())["nested"]["units"]
    return [name for unit in units for name in unit["distributions"]]


def tables(directory: Path, profiles: Mapping[str, str], shared: str = "") -> None:
    make_project(
        directory,
        "my-app",
        shared,
        "".join(
            f"[tool.poetry-plugin-package-function.functions.{name}]\n"
            f'handler = "my_app.{name}.handler"\n{line}\n'
            for name, line in profiles.items()
        ),
    )


def test_the_same_file_from_each_layout(directory: Path) -> None:
    """Nested, flat and compiled archives, and a nested one with a profile."""
    assert 0 == package("--profile", "flat.json")
    assert 0 == package("--profile", "nested.json", *_NESTED)
    assert 0 == package("--profile", "compiled.json", *_NESTED, "--compile")
    assert 0 == package("--profile", "eager.json", *_NESTED, "--eager")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "flat.json"\n')
    assert 0 == package("--profile", "guided.json", *_NESTED)

    text = Path("flat.json").read_text()
    assert {
        "profile": 1,
        "distributions": {"cold": "1.0", "hot": "1.0", "warm": "1.0"},
        "init": {"hot": {"modules": ["hot"], "files": ["hot/x"]}},
        "event": {},
    } == json.loads(text)
    for name in ("nested", "compiled", "eager", "guided"):
        assert text == Path(f"{name}.json").read_text(), name


def test_what_init_needs_stays_flat(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a profile it is nested, and a line says what one would spare."""
    options = (*_NESTED, "--report", "my_app.json")
    assert 0 == package(*options)
    assert ["hot"] == nested_in()
    said = " ".join(capfd.readouterr().out.split())
    assert (
        "Profile 1.3 MB of what INIT extracts could be flat: run --profile"
        ' profile.json, and set profile = "profile.json" in'
        " [tool.poetry-plugin-package-function]"
    ) in said
    assert 0 == package("--profile", "profile.json", *options)
    said = capfd.readouterr().out
    assert (
        "Profile     profile.json has 1 module that INIT imports, of 1 out of 3" in said
    )
    assert 'profile = "profile.json" in [tool.poetry-plugin-package-function]' in said

    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "profile.json"\n')
    assert 0 == package(*options)
    assert ["cold"] == nested_in()
    assert "could be flat" not in capfd.readouterr().out
    first = Path("my_app.zip").read_bytes()
    assert 0 == package(*options)
    assert first == Path("my_app.zip").read_bytes()


def test_a_profile_is_rewritten_only_when_asked_to(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run without the flag never writes it; one with it says what has changed."""
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "profile.json"\n')
    assert 2 == package()
    assert "--profile profile.json" in capfd.readouterr().err
    assert 0 == package("--profile", "profile.json", "--dry-run")
    assert "profile.json would have 1 module" in capfd.readouterr().out
    assert not Path("profile.json").exists()
    assert 0 == package("--profile", "profile.json")
    written = Path("profile.json").read_text()
    assert 0 == package("--profile", "profile.json")
    assert "profile.json is as it was" in capfd.readouterr().out

    write_files(
        site_packages_of(Path("venv")),
        {"my_app/api.py": "import warm, hot\ndef handler(event, context): ...\n"},
    )
    assert 0 == package()
    assert "profile.json does not have that INIT needs warm" in capfd.readouterr().err
    assert 1 == package("--strict")
    assert written == Path("profile.json").read_text()
    assert 0 == package("--profile", "profile.json", "--strict")
    said = capfd.readouterr().out
    assert "profile.json has changed: warm. Package again to use it" in said
    assert 0 == package("--strict")


def test_each_format_says_whether_it_changes(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A dry run says whether it would: what CI may ask for without a change."""
    file = str(Path("p.json").resolve())
    profile = ("--profile", "p.json", "--report", "r.json")

    def said(*arguments: str) -> object:
        assert 0 == package(*profile, "--format", "json", *arguments)
        found = json.loads(capfd.readouterr().out)["written_profile"]
        if not arguments:
            assert found == json.loads(Path("r.json").read_text())["written_profile"]
        return found

    assert {"file": file, "changed": True} == said("--dry-run")
    assert {"file": file, "changed": True} == said()
    assert {"file": file, "changed": False} == said("--dry-run")
    assert {"file": file, "changed": False} == said()
    assert 0 == package("--profile", "p.json", "--format", "markdown")
    assert "| Profile | p.json is as it was |" in capfd.readouterr().out
    assert 0 == package("--format", "json")
    assert json.loads(capfd.readouterr().out)["written_profile"] is None


def test_the_last_function_says_whether_their_file_changes(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """By then it is known what all of them need."""
    tables(directory, {"api": "", "worker": ""}, 'profile = "p.json"\n')
    both = ("--function", "api", "--function", "worker", "--profile", "p.json")
    assert 0 == package(*both, "--format", "json")
    first, last = json.loads(capfd.readouterr().out)
    assert first["written_profile"] is None
    assert last["written_profile"]["changed"]


def test_an_older_profile_is_used(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Versions that have changed, and distributions that are new, are named."""
    assert 0 == package("--profile", "profile.json")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "profile.json"\n')
    install(Path("venv"), "new", {"new.py": ""})
    text = Path("profile.json").read_text().replace('"hot": "1.0"', '"hot": "0.9"')
    Path("profile.json").write_text(text)
    capfd.readouterr()

    assert 0 == package(*_NESTED, "--report", "my_app.json")

    assert (
        "profile.json is of hot 0.9 (now 1.0), and does not know new: it was used as"
        " far as it goes. Write it anew: --profile profile.json."
    ) in " ".join(capfd.readouterr().err.split())
    report = json.loads(Path("my_app.json").read_text())
    assert {
        "others": [{"name": "hot", "profiled": "0.9", "version": "1.0"}],
        "unknown": ["new"],
        "missing": [],
    } == report["profile"]
    assert "hot" not in nested_in()


def test_what_only_another_target_has_is_no_warning(directory: Path) -> None:
    """No profile that is written here could know it; other versions are told."""
    assert 0 == package("--profile", "profile.json")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "profile.json"\n')
    install(Path("venv"), "new", {"new.py": ""})
    text = Path("profile.json").read_text().replace('"hot": "1.0"', '"hot": "0.9"')
    Path("profile.json").write_text(text)
    machine = this_machine()
    found = {}
    for name, each in ARCHITECTURES.items():
        assert 0 == package("--architecture", name, "--report", "my_app.json")
        found[each == machine] = json.loads(Path("my_app.json").read_text())["profile"]

    others = [{"name": "hot", "profiled": "0.9", "version": "1.0"}]
    assert {"others": others, "unknown": [], "missing": []} == found[False]
    assert {"others": others, "unknown": ["new"], "missing": []} == found[True]


def test_several_functions(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One file has the union; with {name} each has its own."""
    shared = 'profile = "profile.json"\n'
    tables(directory, {"api": "", "worker": ""}, shared)
    both = ("--function", "api", "--function", "worker")
    assert 0 == package("--profile", "profile.json", *both)
    assert ["hot", "warm"] == [*json.loads(Path("profile.json").read_text())["init"]]
    assert 1 == capfd.readouterr().out.count("Profile     profile.json")

    assert 2 == package("--profile", "profile.json", "--function", "api")
    error = " ".join(capfd.readouterr().err.split())
    assert "profile.json is the profile of worker, too" in error

    assert 2 == package("--profile", "profile.json", "--handler", "my_app.api.handler")
    error = " ".join(capfd.readouterr().err.split())
    assert "profile.json is the profile of api, worker, too" in error
    assert ["hot", "warm"] == [*json.loads(Path("profile.json").read_text())["init"]]

    tables(directory, {"api": "", "worker": ""}, shared)
    with Path("pyproject.toml").open("a") as file:
        file.write(
            "[tool.poetry-plugin-package-function.functions.libraries]\n"
            "layer-only = true\n"
        )
    assert 0 == package("--profile", "profile.json", *both)

    own = 'profile = "{name}.json"'
    tables(directory, {"api": own, "worker": own})
    assert 0 == package("--profile", "{name}.json", "--function", "api")
    assert ["hot"] == [*json.loads(Path("api.json").read_text())["init"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", "pyproject.toml"), "would be overwritten"),
        (("--profile", "other.json"), "is no profile, or a damaged one"),
        (("--profile", "my_app.zip"), "is where a result is written"),
        (("--profile", "p.json", "--layer-only"), "has no effect without `handler`"),
        (("--profile", "venv"), "is a directory"),
    ],
)
def test_what_is_refused(
    directory: Path,
    arguments: tuple[str, ...],
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Nothing but a profile is ever replaced, and nothing is in vain."""
    Path("other.json").write_text('{"schema_version": 1}')

    assert package(*arguments)

    assert words in " ".join(capfd.readouterr().err.split())
    assert '{"schema_version": 1}' == Path("other.json").read_text()


@pytest.mark.parametrize("name", ["", "--function=api"])
@pytest.mark.parametrize("result", ["worker.zip", "worker-report.json"])
def test_results_of_other_functions_are_no_profiles(
    directory: Path, name: str, result: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether they are there yet or not, and packaged in this run or not."""
    own = 'output = "{name}.zip"\nreport = "{name}-report.json"'
    tables(directory, {"api": own, "worker": own})
    arguments = (name,) if name else ("--handler", "my_app.api.handler")

    assert 2 == package(*arguments, "--profile", result)
    error = " ".join(capfd.readouterr().err.split())
    assert f"{directory / result} is where a result of worker is written" in error
    assert 2 == package("--function=worker", "--function=api", "--profile", result)
    error = " ".join(capfd.readouterr().err.split())
    assert f"{directory / result} is where a result is written" in error
    assert not Path(result).exists()


def test_a_profile_is_not_shipped(directory: Path) -> None:
    """Else to write one would change the next archive; nor is another function's."""
    shared = 'include = ["*.json"]\n'
    Path("data.json").write_text("{}")
    own = 'profile = "{name}.json"'
    tables(directory, {"api": "", "worker": ""}, shared)
    both = ("--function", "api", "--function", "worker")
    assert 0 == package("--profile", "{name}.json", *both)
    tables(directory, {"api": own, "worker": own}, shared)
    for arguments in (("--profile", "{name}.json"), ()):
        assert 0 == package(*both, *arguments)
        for archive in ("api.zip", "worker.zip"):
            with zipfile.ZipFile(archive) as file:
                names = [each for each in file.namelist() if each.endswith(".json")]
            assert ["data.json"] == names


def test_a_profile_inside_of_a_package(directory: Path) -> None:
    """It is the project's file, and whoever only reads it overwrites nothing."""
    assert 0 == package("--profile", "profile.json")
    source = Path("my_app") / "profile.json"
    source.parent.mkdir()
    source.write_bytes(Path("profile.json").read_bytes())
    shutil.copy(source, site_packages_of(Path("venv")) / "my_app")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "my_app/profile.json"\n')
    assert 0 == package()
    with zipfile.ZipFile("my_app.zip") as archive:
        assert "my_app/profile.json" in archive.namelist()


def test_a_handler_that_was_not_imported(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it needs is not known: that is an error, and nothing is written."""
    assert 1 == package("--profile", "p.json", "--architecture", "arm64")

    error = " ".join(capfd.readouterr().err.split())
    assert "it is not known what my_app.api.handler needs" in error
    assert not Path("p.json").exists()
    assert not Path("my_app.zip").exists()


def event_handler(body: str) -> None:
    """Has the handler import a library when it is called, and then do this."""
    write_files(
        site_packages_of(Path("venv")),
        {"my_app/api.py": f"def handler(event, context):\n    import warm\n{body}"},
    )
    Path("e.json").write_text("{}")


def test_a_call_that_did_not_return(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """How far it got depends on the machine: nothing is written."""
    event_handler("    import os\n    os.environ['A_TABLE']\n    import cold\n")

    assert 1 == package("--profile", "p.json", "--event", "e.json")

    error = " ".join(capfd.readouterr().err.split())
    assert "not known what my_app.api.handler needs for e.json: the call did" in error
    assert "A_TABLE" in error
    assert not Path("p.json").exists()
    assert not Path("my_app.zip").exists()


def test_what_an_event_needs_is_not_lost(
    directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that calls nothing does not replace what a call has needed."""
    event_handler("")
    arguments = ("--profile", "p.json")
    assert 0 == package(*arguments, "--event", "e.json")
    written = Path("p.json").read_text()
    assert ["warm"] == [*json.loads(written)["event"]]
    Path("my_app.zip").unlink()

    assert 2 == package(*arguments)

    error = " ".join(capfd.readouterr().err.split())
    assert "p.json has what an event needs, and would lose it" in error
    assert "Give --event FILE, too, or delete the profile." in error
    assert written == Path("p.json").read_text()
    assert not Path("my_app.zip").exists()
    assert 0 == package(*arguments, "--event", "e.json")
    Path("p.json").unlink()
    assert 0 == package(*arguments)


def test_an_event_of_one_function_is_enough(directory: Path) -> None:
    """One file is for all functions, and not each has an event."""
    event_handler("")
    tables(directory, {"api": 'event = "e.json"', "worker": ""})
    both = ("--function", "api", "--function", "worker", "--profile", "p.json")
    for _ in range(2):
        assert 0 == package(*both)


def test_bytecode_that_is_needed_comes_first(directory: Path) -> None:
    """A flat result gets that of INIT where there is no room for all of it."""
    source = "".join(f"def f{n}(a, b=2): return a + b\n" for n in range(3000))
    files = {f"hot/{name}.py": source for name in ("used", "unused", "unused_2")}
    files["hot/__init__.py"] = "from hot import used\n"
    install(Path("venv"), "hot", files)
    assert 0 == package("--profile", "profile.json")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "profile.json"\n')
    with zipfile.ZipFile("my_app.zip") as archive:
        size_bytes = sum(each.file_size for each in archive.infolist())
    room = ("--layers-size", str(262_144_000 - size_bytes - 700 * _KB))

    assert 0 == package("--compile", *room, "--strict")

    with zipfile.ZipFile("my_app.zip") as archive:
        names = archive.namelist()
    compiled = {name.partition(".")[0] for name in names if name.endswith(".pyc")}
    assert "hot/__pycache__/used" in compiled
    assert "my_app/__pycache__/api" in compiled
    assert "hot/__pycache__/unused_2" not in compiled

    # Where that has no room, what has is still worth it.
    room = ("--layers-size", str(262_144_000 - size_bytes - 200 * _KB))
    assert 0 == package("--compile", *room)
    with zipfile.ZipFile("my_app.zip") as archive:
        names = archive.namelist()
    compiled = {name.partition(".")[0] for name in names if name.endswith(".pyc")}
    assert "hot/__pycache__/used" not in compiled
    assert "cold/__pycache__/__init__" in compiled
