"""The main job on a small project, and what the console says of it."""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.command import PackageFunctionCommand
from tests.e2e.projects import ANSWER
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import sha256
from tests.e2e.screen import screen
from tests.e2e.screen import terminal
from tests.trees import is_root


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry
    from tests.e2e.screen import Shown


LABELS = ["File", "Layout", "Made for", "Unzipped", "Zipped", "CodeSha256", "Took"]


def facts(output: str) -> dict[str, str]:
    """The summary at the end, by label."""
    return dict(re.findall(r"^  ([A-Z][\w-]+(?: for)?) +(.+)$", output, re.MULTILINE))


def test_packages_a_small_project(
    poetry: Poetry, small: Path, ordinary: Path, client_python: Path
) -> None:
    """`poetry package-function` alone writes dist/NAME.zip, which answers on Lambda."""
    done = poetry.package(small).well()
    archive = small / "dist" / "my_app.zip"
    assert ordinary.read_bytes() == archive.read_bytes()
    assert 0o644 == archive.stat().st_mode & 0o777
    assert ["my_app.zip"] == [path.name for path in archive.parent.iterdir()]
    assert ANSWER == answer(archive, "my_app.handler", client_python)
    assert "" == done.stderr


def test_the_console_says_what_was_made(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """What is built, how far it is, then file, layout, sizes, digest and time."""
    archive = tmp_path / "out" / "f.zip"
    done = poetry.package(small, "--output", str(archive)).well()
    lines = done.stdout.splitlines()
    assert "Packaging my-app (1.0)" == lines[0]
    assert "  • Building a virtual environment (groups: main)" in lines
    assert "    - 1/1 Installing six (1.17.0)" in lines
    said = facts(done.stdout)
    assert LABELS == list(said)
    assert str(archive) == said["File"]
    assert f"flat, {len(names_in(archive))} files" == said["Layout"]
    assert re.fullmatch(r"python3\.\d+, x86_64 \(Lambda\)", said["Made for"])
    assert re.fullmatch(r"\d+ KB of 250 MB, 0\.0%", said["Unzipped"])
    assert f"{-(-archive.stat().st_size // 1024)} KB" == said["Zipped"]
    assert sha256(archive) == said["CodeSha256"]
    assert re.fullmatch(r"\d+\.\d s", said["Took"])
    assert "\x1b" not in done.said


def test_a_path_below_the_current_directory_is_short(
    poetry: Poetry, small: Path
) -> None:
    """The file is named as one would type it."""
    done = poetry.package(small).well()
    assert "dist/my_app.zip" == facts(done.stdout)["File"]


def test_quiet_says_nothing(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """With -q neither stream has a byte, and the archive is there."""
    archive = tmp_path / "f.zip"
    done = poetry.package(small, "-q", "--output", str(archive)).well()
    assert ("", "") == (done.stdout, done.stderr)
    assert archive.is_file()


@pytest.mark.parametrize("option", ["-v", "-vv", "-vvv", "--no-ansi", "--ansi"])
def test_each_verbosity_says_the_same_facts(
    poetry: Poetry, small: Path, ordinary: Path, tmp_path: Path, option: str
) -> None:
    """Colours and verbosity add to the summary, and change nothing in it."""
    archive = tmp_path / "f.zip"
    done = poetry.package(small, option, "--output", str(archive)).well()
    assert ordinary.read_bytes() == archive.read_bytes()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert sha256(archive) == facts(plain)["CodeSha256"]
    assert set(LABELS) <= facts(plain).keys()
    assert ("\x1b" in done.stdout) == (option == "--ansi")


@pytest.mark.parametrize("columns", [200, 80, 30])
def test_a_terminal_has_no_leftovers(
    poetry: Poetry, small: Path, tmp_path: Path, columns: int
) -> None:
    """Progress is one line that is overwritten, and gone when its step is over.

    Also where the terminal is so narrow that the line wraps.
    """
    tmp = poetry.new_tmp()
    with terminal(columns) as own:
        process = poetry.start(
            *(small, "package-function", "--output", str(tmp_path / "f.zip")),
            env={"TMPDIR": str(tmp)},
            streams=own.streams,
        )
        shown = own.shown(process)
    assert 0 == shown.status, shown.raw
    assert "Installing six" in shown.raw
    text = "\n".join(shown.lines)
    assert "Installing" not in text
    assert "Creating" not in text
    assert re.search(
        r"\APackaging my-app \(1\.0\)\n\n"
        r"  • Building a virtual.*\n  • Packaging .*\n\n  File\s",
        text,
        re.DOTALL,
    ), text
    assert "my-app" in text.rpartition("Took")[2]
    assert [] == list(tmp.iterdir())


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("arguments", [(), ("--layers-size", "nonsense")])
def test_no_line_wraps(
    poetry: Poetry, small: Path, columns: int, arguments: tuple[str, ...]
) -> None:
    """But for a path or a digest, which has no blank to be broken at."""
    shown = shown_in(columns, poetry, small, *arguments)
    assert 2 * bool(arguments) == shown.status, shown.raw
    assert [] == too_long(shown, columns)


def test_help_fits(poetry: Poetry, small: Path) -> None:
    """Beside the names of options cleo leaves no room in less than 80 columns."""
    ours = [f"--{each.name}" for each in PackageFunctionCommand.options]
    shown = shown_in(80, poetry, small, "--help")
    assert 0 == shown.status, shown.raw
    assert [] == [line for line in too_long(shown, 80) if line.split()[0] in ours]
    assert "  include: Files of the project" in shown.raw
    narrow = shown_in(40, poetry, small, "--help")
    assert "\n  the same bytes for the same lock" in narrow.raw.replace("\r", "")


def shown_in(columns: int, poetry: Poetry, directory: Path, *arguments: str) -> Shown:
    with terminal(columns) as own:
        process = poetry.start(
            directory,
            *("package-function", *arguments),
            env={"TMPDIR": str(poetry.new_tmp())},
            streams=own.streams,
        )
        return own.shown(process)


def too_long(shown: Shown, columns: int) -> list[str]:
    """Lines that have been written, wrap, and could have been broken."""
    written = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.raw).replace("\r", "")
    return [
        line.strip()
        for line in written.split("\n")
        if len(line) > columns and " " in line.strip()
    ]


def test_a_verbose_terminal_keeps_what_was_installed(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """With -v each installation stays on the screen, as in `poetry install`."""
    tmp = poetry.new_tmp()
    with terminal() as own:
        process = poetry.start(
            *(small, "package-function", "-v", "--output", str(tmp_path / "f.zip")),
            env={"TMPDIR": str(tmp)},
            streams=own.streams,
        )
        shown = own.shown(process)
    assert 0 == shown.status, shown.raw
    assert "    - 1/1 Installing six (1.17.0)" in shown.lines


def test_no_virtual_environment_of_the_project_is_made(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """Only the temporary one: packaging in CI leaves the machine as it was."""
    environments = tmp_path / "virtualenvs"
    poetry.package(
        small,
        "--output",
        str(tmp_path / "f.zip"),
        env={"POETRY_VIRTUALENVS_PATH": str(environments)},
    ).well()
    assert not environments.exists()


def test_an_unwritable_output_is_one_clear_error(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """It names the directory; nothing is left in TMPDIR."""
    if is_root():
        directory = tmp_path / "file"
        directory.write_text("not a directory")
    else:
        directory = tmp_path / "closed"
        directory.mkdir(mode=0o500)
    said = poetry.package(small, "--output-dir", str(directory)).failed(1)
    assert str(directory) in said


def test_the_screen_of_these_tests_is_a_terminal() -> None:
    """Lines that wrap, that are erased and that are overwritten show as they should."""
    assert ("ab", "cd", "") == screen("abcd\r\n", 2)
    assert ("x", "") == screen("one\r\ntwo\r\n\x1b[2A\x1b[0Jx\r\n", 80)
    assert ("b",) == screen("\x1b[31maaa\x1b[39m\rb\x1b[K", 80)


def test_json_on_stdout(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """Progress, warnings, logs and the summary are on stderr then; quiet or not."""
    report = tmp_path / "report.json"
    options = "--output", str(tmp_path / "f.zip"), "--report", str(report)
    for verbosity in ((), ("-q",), ("-v",)):
        done = poetry.package(small, *options, "--format", "json", *verbosity).well()
        assert report.read_text() == done.stdout
        assert ("CodeSha256" in done.stderr) is (verbosity != ("-q",))
    said = poetry.package(small, *options, "--format", "xml").failed(2)
    assert "--format: expected one of text, json, markdown, got 'xml'." in said
