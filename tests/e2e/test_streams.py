"""Standard output and error: who reads them decides on nothing, and sees no commands.

Real processes, in each of which the streams are as a shell can make them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.projects import small_project
from tests.e2e.running import BIN
from tests.e2e.running import LIMIT_S
from tests.e2e.wheels import make_wheel
from tests.machine import mounted
from tests.machine import unmeasured
from tests.trees import install
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.running import Poetry


NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class FrontEnd:
    """A command that packages the environment `venv` of the project it runs in."""

    command: tuple[str, ...]
    env: Mapping[str, str]

    def run(
        self,
        directory: Path,
        *arguments: str,
        streams: Mapping[str, int] = NOTHING,
        shell: str = "",
        env: Mapping[str, str] = NOTHING,
    ) -> subprocess.CompletedProcess[str]:
        """Runs it; `streams` as `subprocess` has them, `shell` as a shell has them."""
        command = [*self.command, *arguments]
        if shell:
            command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
        return subprocess.run(
            command,
            cwd=directory,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=streams.get("stdout", subprocess.PIPE),
            stderr=streams.get("stderr", subprocess.PIPE),
            text=True,
            timeout=LIMIT_S,
            check=False,
        )


@pytest.fixture(params=["poetry", "package-python-function"])
def front_end(request: pytest.FixtureRequest, poetry: Poetry) -> FrontEnd:
    """Each of the two."""
    command = {
        "poetry": (*poetry.command, "package-function", "--venv", "venv"),
        "package-python-function": (str(BIN / "package-python-function"), "venv"),
    }[request.param]
    env = {**poetry.env, "TMPDIR": str(poetry.new_tmp())}
    return FrontEnd(command, env)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project, an environment, and a ZIP of an earlier run."""
    directory = small_project(tmp_path / "project")
    venv = make_venv(directory / "venv")
    install(venv, "my_app", {"my_app/__init__.py": "x = 1\n" * 99})
    (directory / "f.zip").write_text("old")
    return directory


@contextmanager
def broken(kind: str) -> Iterator[int]:
    """A stream that takes nothing: its reader has gone, or the device is full."""
    if kind == "gone":
        read, write = os.pipe()
        os.close(read)
    else:
        write = os.open("/dev/full", os.O_WRONLY)
    try:
        yield write
    finally:
        os.close(write)


OUTPUT = ("--output", "f.zip")


@pytest.mark.parametrize("names", [("stdout",), ("stderr",), ("stdout", "stderr")])
@pytest.mark.parametrize("kind", ["gone", "full"])
def test_a_broken_stream_changes_nothing(
    front_end: FrontEnd, project: Path, kind: str, names: tuple[str, ...]
) -> None:
    """The ZIP is what it is with a reader, and the status says that it is there."""
    assert 0 == front_end.run(project, "--output", "expected.zip").returncode

    with ExitStack() as stack:
        streams = {name: stack.enter_context(broken(kind)) for name in names}
        done = front_end.run(project, *OUTPUT, streams=streams)

    assert 0 == done.returncode, done.stderr
    assert sha256(project / "expected.zip") == sha256(project / "f.zip")
    assert not done.stderr


@pytest.mark.parametrize(("form", "first"), [("text", "Packaging "), ("json", "{")])
def test_head(front_end: FrontEnd, project: Path, form: str, first: str) -> None:
    """`| head -1` in a shell that asks all of a pipe: one line, and the whole ZIP.

    A report that is lost has its status; what fits into the pipe is not.
    """
    assert 0 == front_end.run(project, "--output", "expected.zip").returncode
    command = ["bash", "-o", "pipefail", "-c", '"$0" "$@" | head -1']
    piped = FrontEnd((*command, *front_end.command), front_end.env)

    done = piped.run(project, *OUTPUT, "--format", form)

    assert done.returncode in ((0,) if form == "text" else (0, 3))
    (line,) = done.stdout.splitlines()
    assert line.startswith(first)
    assert "Traceback" not in done.stderr
    assert sha256(project / "expected.zip") == sha256(project / "f.zip")


@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed(
    front_end: FrontEnd, project: Path, shell: str
) -> None:
    """The status says whether the ZIP is there, and a ZIP that is there is whole.

    Poetry itself ends with an error before it looks for plugins.
    """
    assert 0 == front_end.run(project, "--output", "expected.zip").returncode

    done = front_end.run(project, *OUTPUT, shell=shell)

    if os.path.basename(front_end.command[0]) == "poetry":
        assert 0 != done.returncode
        assert "old" == (project / "f.zip").read_text()
    else:
        assert (0, "") == (done.returncode, done.stderr)
        assert sha256(project / "expected.zip") == sha256(project / "f.zip")


def test_a_reader_that_goes_while_an_environment_is_built(
    poetry: Poetry, small: Path, ordinary: Path, tmp_path: Path
) -> None:
    """`poetry package-function | head -1` makes the ZIP that it makes without."""
    archive = tmp_path / "f.zip"
    front_end = FrontEnd(
        (*poetry.command, "package-function", "--output", str(archive)),
        {**poetry.env, "TMPDIR": str(poetry.new_tmp())},
    )
    with broken("gone") as stdout:
        done = front_end.run(small, streams={"stdout": stdout})
    assert (0, "") == (done.returncode, done.stderr)
    assert ordinary.read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("form", ["json", "markdown"])
@pytest.mark.parametrize("kind", ["gone", "full"])
def test_a_report_that_nobody_has_got(
    front_end: FrontEnd, project: Path, kind: str, form: str
) -> None:
    """The ZIP is there, and a status of its own says that the report is not."""
    with broken(kind) as stdout:
        done = front_end.run(
            project, *OUTPUT, "--format", form, streams={"stdout": stdout}
        )

    assert 3 == done.returncode, done.stderr
    assert (project / "f.zip").read_bytes().startswith(b"PK")
    why = "Broken pipe" if kind == "gone" else "No space left on device"
    *_, reason, hint = done.stderr.splitlines()
    assert reason.endswith(f"standard output did not take the report: {why}.")
    assert "--report FILE" in hint
    assert "Traceback" not in done.stderr


def test_a_signal_after_all_has_been_written(
    front_end: FrontEnd, project: Path
) -> None:
    """A reader that does not read keeps it waiting then: it says what is there."""
    (project / "r.json").write_text("old")
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, bytes(4096))
    os.set_blocking(write, True)
    process = subprocess.Popen(
        [*front_end.command, *OUTPUT, "--report", "r.json", "--format", "json"],
        cwd=project,
        env=unmeasured(front_end.env),
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    while (project / "f.zip").read_bytes() == b"old":
        assert process.poll() is None
        time.sleep(0.01)

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LIMIT_S)
    os.close(read)
    os.close(write)

    assert 143 == process.returncode
    files = f"{project / 'f.zip'}, {project / 'r.json'}"
    assert errors.endswith(
        f"Stopped by SIGTERM; {files} had been written before; what was not complete"
        " is as it was.\n"
    )
    assert "my_app" == json.loads((project / "r.json").read_text())["distribution_name"]


@pytest.mark.parametrize("kind", ["gone", "full"])
def test_an_error_that_nobody_has_got(
    front_end: FrontEnd, project: Path, kind: str
) -> None:
    """The status is that of the error, and the earlier ZIP stays."""
    with broken(kind) as stream:
        done = front_end.run(
            project,
            *(*OUTPUT, "--layers-size", "x"),
            streams={"stdout": stream, "stderr": stream},
        )

    assert 2 == done.returncode
    assert "old" == (project / "f.zip").read_text()


def test_a_console_without_the_characters(front_end: FrontEnd, project: Path) -> None:
    """What its encoding does not have is escaped."""
    output = ("--output", "größe.zip")
    done = front_end.run(project, *output, env={"PYTHONIOENCODING": "ascii"})

    assert 0 == done.returncode, done.stderr
    assert r"gr\xf6\xdfe.zip" in done.stdout


HOSTILE = (
    "a\nFile        evil.zip\n::error::x\x1b[2J\r\x9b\u202e##vso[task.x]y##[error]z"
)


def hold_to_harmless(text: str) -> None:
    """Looks whether a console or a CI system could take text for more than text."""
    lines = text.splitlines()
    assert all(each.isprintable() for each in lines), text
    assert not any(each.lstrip().startswith("::") for each in lines), text
    assert not re.search(r"##\w*\[", text)
    assert not any(each.endswith("evil.zip") for each in lines), text


def test_hostile_names_in_results(front_end: FrontEnd, project: Path) -> None:
    """In the summary, tables, warnings, details and progress."""
    venv = project / "venv"
    listed = HOSTILE.replace("\n", "").replace("\r", "")  # a RECORD has it on one line
    files = {f"{HOSTILE}.py": "x = 1\n" * 999, f"{listed}.pth": "import os\n"}
    install(venv, f"::warning::{HOSTILE}", files)
    options = ("--layer", "--report", "r.json", "-v")

    plain = front_end.run(project, "--output", f"{HOSTILE}.zip", *options)
    first = front_end.run(project, *OUTPUT, *options)
    (site_packages_of(venv) / f"{HOSTILE}.py").write_text("x = 2\n")
    again = front_end.run(project, *OUTPUT, *options)
    page = front_end.run(project, *OUTPUT, *options, "--format", "markdown")
    document = front_end.run(project, *OUTPUT, *options, "--format", "json")

    for done in (plain, first, again, page, document):
        assert 0 == done.returncode, done.stderr
        hold_to_harmless(done.stdout)
        hold_to_harmless(done.stderr)
    assert "Python does not obey .pth files of layers: aFile" in first.stderr
    assert r"\x3a:warning::a\n" in first.stdout.lower()
    assert "Compared" in again.stdout
    assert "task.x" in page.stdout
    assert f"{listed}.pth" in json.loads(document.stdout)["layer"]["unread"]


@pytest.mark.parametrize("option", ["nest", "keep-flat"])
def test_hostile_names_in_errors(
    front_end: FrontEnd, project: Path, option: str
) -> None:
    """In the reason and in the hint, which lists what there is."""
    install(project / "venv", f"::warning::{HOSTILE}", {"other.py": ""})
    table = f"\n[tool.poetry-plugin-package-function]\n{option} = "
    with (project / "pyproject.toml").open("a") as file:
        file.write(f"{table}[{json.dumps(HOSTILE)}]\n")

    done = front_end.run(project, *OUTPUT, "--layers-size", "262143990")

    assert 0 != done.returncode
    hold_to_harmless(done.stdout)
    hold_to_harmless(done.stderr)
    assert r"a\n" in done.stderr
    assert "old" == (project / "f.zip").read_text()


def test_a_hostile_path_in_an_error(front_end: FrontEnd, project: Path) -> None:
    """A file that cannot be packaged is named, on one line."""
    os.mkfifo(site_packages_of(project / "venv") / f"{HOSTILE}.py")

    done = front_end.run(project, *OUTPUT)

    assert 1 == done.returncode
    hold_to_harmless(done.stderr)
    assert "is not a regular file." in done.stderr
    assert 2 == len(done.stderr.splitlines())


LONG = "n" * 304


@pytest.mark.parametrize(
    "arguments",
    [
        ("--output", LONG),
        ("--output-dir", LONG),
        (*OUTPUT, "--report", LONG),
        (*OUTPUT, "--sizes", LONG),
        (*OUTPUT, "--layer", "--layer-output", LONG),
        (*OUTPUT, "--compare", LONG),
    ],
    ids=lambda arguments: arguments[-2],
)
def test_a_name_that_is_too_long(
    front_end: FrontEnd, project: Path, arguments: tuple[str, ...]
) -> None:
    """A sentence that says so, and what to do; no traceback."""
    done = front_end.run(project, *arguments)

    assert done.returncode in (1, 2)
    assert "File name too long" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".py" not in done.stderr
    assert "old" == (project / "f.zip").read_text()


def test_names_in_pyproject_that_are_too_long(
    front_end: FrontEnd, project: Path
) -> None:
    """The project's own is the ZIP's; and what is included may have any."""
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text()
    table = "\n[tool.poetry-plugin-package-function]\ninclude = "
    (project / "own.py").touch()
    for name, include in ((LONG, "own.py"), ("my-app", LONG)):
        named = text.replace("my-app", name)
        pyproject.write_text(f'{named}{table}["{include}"]\n')
        done = front_end.run(project)
        assert done.returncode in (1, 2)
        assert LONG in done.stderr
        assert "Traceback" not in done.stderr
        assert ".py:" not in done.stderr


def test_an_environment_whose_name_is_too_long(
    front_end: FrontEnd, project: Path
) -> None:
    """The same for the place of what is packaged."""
    *command, _ = front_end.command
    done = FrontEnd((*command, LONG), front_end.env).run(project, *OUTPUT)

    assert 1 == done.returncode
    assert LONG in done.stderr
    assert "Traceback" not in done.stderr
    assert ".py:" not in done.stderr


def test_a_full_directory_for_temporary_files(
    front_end: FrontEnd, project: Path, tmp_path: Path
) -> None:
    """It is named, and not the place for the results, which has room."""
    for number in range(2):
        content = "".join(f"{number * each:x}\n" for each in range(300_000))
        install(project / "venv", f"big{number}", {f"big{number}.py": content})

    with mounted(tmp_path / "small", "size=64k") as small:
        done = front_end.run(
            project,
            *(*OUTPUT, "--layers-size", "261000000"),
            env={"TMPDIR": str(small)},
        )
        assert [] == os.listdir(small)

    assert 1 == done.returncode, done.stderr
    assert "No space left on device" in done.stderr
    assert f"{small}/" in done.stderr
    assert "TMPDIR" in done.stderr
    assert not re.search(r"\bf\.zip", done.stderr)
    assert "Traceback" not in done.stderr
    assert "old" == (project / "f.zip").read_text()


def test_no_room_for_an_environment(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """A sentence with the place, and no lines of anybody's source."""
    front_end = FrontEnd((*poetry.command, "package-function"), poetry.env)
    for size in "16k", "64k":  # too little for its directories, and for what goes in
        with mounted(tmp_path / size, f"size={size}") as full:
            output = ("--output", str(tmp_path / "f.zip"))
            done = front_end.run(small, *output, env={"TMPDIR": str(full)})
            assert [] == os.listdir(full)
        assert 1 == done.returncode
        assert "No space left on device" in done.stderr
        assert str(full) in done.stderr
        assert "TMPDIR" in done.stderr
        assert not re.search(r"\.py:\d|Traceback", done.stderr)


def hostile_wheels(directory: Path) -> dict[str, Path]:
    """Wheels that nobody should install, by what is wrong with them."""
    outside = make_wheel(directory / "a", "bad", {"../../../../evil.py": ""})
    long = make_wheel(directory / "b", "bad", {f"{LONG}.py": ""})
    damaged = make_wheel(directory / "c", "bad", {"bad.py": "x = 1\n" * 999})
    data = damaged.read_bytes()
    damaged.write_bytes(data.replace(b"bad.pyK", b"bad.pyX", 1))
    place = data.index(b"bad.py") + len(b"bad.py") + 4
    damaged.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    return {"outside": outside, "long": long, "damaged": damaged}


@pytest.mark.parametrize("what", ["outside", "long", "damaged"])
def test_the_refusal_of_a_hostile_wheel(
    isolated: Poetry, tmp_path: Path, what: str
) -> None:
    """It names the wheel and says why; no traceback, and no lines of our source."""
    wheel = hostile_wheels(tmp_path / "wheels")[what]
    directory = tmp_path / "project"
    write_files(
        directory,
        {
            "pyproject.toml": pep621(
                dependencies=("bad",),
                more="[tool.poetry.dependencies]\n"
                f'bad = {{ path = "{os.path.relpath(wheel, directory)}" }}\n',
            ),
            "my_app.py": "",
        },
    )
    isolated.lock(directory)

    said = isolated.package(directory).failed(1)

    assert "bad-1.0-py3-none-any.whl could not be installed: " in said
    assert 2 == len(said.splitlines()), said
    assert not re.search(r"\w\.py:\d|in install", said)
    assert not (directory / "dist").exists() or not os.listdir(directory / "dist")
