from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

from pathlib import Path

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.cli import parser
from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from tests.machine import mounted
from tests.machine import unmeasured
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


@pytest.fixture
def venv(in_directory: Path) -> Path:
    """A venv with the project in it, beside its pyproject.toml."""
    made = make_venv(in_directory / "venv")
    install(made, "my_app", {"my_app/__init__.py": "", "my_app/f.py": "x = 1\n" * 99})
    install(made, "pip", {"pip/__init__.py": ""})
    make_project(in_directory, "My-App")
    return made


def run(
    cli: str, *arguments: object, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [cli, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_command_of_the_reference(cli: str, venv: Path) -> None:
    """`package-python-function VENV` writes My_App.zip here and says what it is."""
    done = run(cli, "venv")

    assert (0, "") == (done.returncode, done.stderr)
    data = Path("My_App.zip").read_bytes()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert f"CodeSha256  {digest}" == lines["CodeSha256"]
    assert "File        My_App.zip" == lines["File"]
    assert "Left out    pip: nothing requires them" in done.stdout
    with zipfile.ZipFile("My_App.zip") as archive:
        assert [
            "my_app-1.0.dist-info/METADATA",
            "my_app-1.0.dist-info/RECORD",
            "my_app-1.0.dist-info/WHEEL",
            "my_app/__init__.py",
            "my_app/f.py",
        ] == archive.namelist()


@pytest.mark.parametrize("module", ["", ".cli"])
def test_without_its_script(venv: Path, module: str) -> None:
    """`python -m` runs it, where a script is not on the PATH; statuses included."""
    command = [sys.executable, "-m", f"poetry_plugin_package_function{module}"]
    made = subprocess.run([*command, "venv"], capture_output=True, check=False)
    refused = subprocess.run([*command, "gone"], capture_output=True, check=False)

    assert (0, b"") == (made.returncode, made.stderr)
    assert Path("My_App.zip").is_file()
    assert 1 == refused.returncode
    assert refused.stderr.startswith(b"Error: The virtual environment gone does not")


def test_all_options(cli: str, venv: Path, in_directory: Path) -> None:
    """--project, --output-dir, --report and --layers-size, with new directories."""
    elsewhere = in_directory / "elsewhere"
    elsewhere.mkdir()
    shutil.move("pyproject.toml", elsewhere)

    arguments = ("--project", elsewhere, "--report", "r/r.json", "--layers-size", "1MB")
    done = run(cli, venv, "--output-dir", "a/b", *arguments)

    assert 0 == done.returncode, done.stderr
    assert "Report      r/r.json" in done.stdout
    report = json.loads(Path("r/r.json").read_text())
    output = in_directory / "a/b/My_App.zip"
    assert str(output) == report["output_file"]
    assert output.stat().st_size == report["output_bytes"] == report["compressed_bytes"]
    assert "My_App" == report["distribution_name"]
    assert report["nested_zip"] is False
    assert 249 * 1024**2 == report["limit_bytes"]
    with zipfile.ZipFile(output) as archive:
        sizes = sum(info.file_size for info in archive.infolist())
        assert sizes == report["uncompressed_bytes"] == report["unzipped_bytes"]


@pytest.mark.parametrize("how", ["text", "json"])
def test_progress_goes_to_stderr(
    venv: Path,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What it prints of the result is on stdout, whoever reads it, and nothing else."""
    monkeypatch.setattr("poetry_plugin_package_function.report.progress._LOG_S", 0)

    assert 0 == main([str(venv), "--format", how])

    stdout, stderr = capfd.readouterr()
    assert "Packaging: " in stderr
    assert "Packaging: " not in stdout
    assert ("CodeSha256" in stdout) is (how == "text")


@pytest.mark.parametrize("how", ["text", "json"])
def test_quiet(cli: str, venv: Path, how: str) -> None:
    """-q says nothing where all is well; a report that is asked for is printed."""
    done = run(cli, "venv", "-q", "--format", how)

    assert (0, "") == (done.returncode, done.stderr)
    assert ("" == done.stdout) is (how == "text")


def test_quiet_about_all_but_what_will_not_work(cli: str, venv: Path) -> None:
    """Other warnings are for those who want to read them."""
    install(venv, "dep", {"tkinter.py": "", "my_app/f.py": "other"}, version="1.30")

    loud, quiet = run(cli, "venv"), run(cli, "venv", "--quiet")

    assert 2 == loud.stderr.count("Warning: ")
    assert "have different files of one name" in loud.stderr
    (warning,) = quiet.stderr.splitlines()
    assert warning.startswith("Warning: dep 1.30 has tkinter.py, which Lambda finds")
    assert (0, "") == (quiet.returncode, quiet.stdout)
    assert 2 == run(cli, "venv", "-q", "-v").returncode


def test_warnings_name_the_function(cli: str, venv: Path) -> None:
    """-q shows nothing else by which one could tell which function it is."""
    label = "[tool.poetry-plugin-package-function.functions"
    table = f'{label}.whole]\n{label}.empty]\nexclude = ["my_app/**"]\n'
    make_project(venv.parent, "My-App", table)

    done = run(cli, "venv", "-q", "--function", "whole", "--function", "empty")

    (warning,) = done.stderr.splitlines()
    assert warning.startswith("Warning: empty: The archive has no code of the project.")
    assert (0, "") == (done.returncode, done.stdout)


def test_several_functions_have_a_table(cli: str, venv: Path) -> None:
    """At the end, with what comes next; -q shows neither."""
    label = "[tool.poetry-plugin-package-function.functions"
    make_project(venv.parent, "My-App", f"{label}.one]\n{label}.two]\n")
    names = ("--function", "one", "--function", "two")
    done = run(cli, "venv", *names)

    assert 0 == done.returncode, done.stderr
    *_, header, one, two, _, _, _, deploy, command = done.stdout.splitlines()
    assert ["function", "one", "two"] == [row.split()[0] for row in (header, one, two)]
    assert "- Deploy one, and the others in the same way:" == deploy
    assert command.endswith("--function-name one --zip-file fileb://one.zip")
    assert "" == run(cli, "venv", "-q", *names).stdout


@pytest.mark.slow
def test_what_is_never_imported(cli: str, venv: Path) -> None:
    """A line for what is large, with what could leave it out."""
    install(venv, "large", {"large.py": "", "large.bin": os.urandom(2_000_000)})
    (site_packages_of(venv) / "my_app/__init__.py").write_text("def f(e, c): ...\n")
    options = ("--handler", "my_app.f", "--python", sys.executable)
    done = run(cli, "venv", *options)

    assert 0 == done.returncode, done.stderr
    unused = "Unused      large 1.9 MB is never imported: `exclude`?"
    assert unused in done.stdout.splitlines()


def test_quiet_about_no_error(cli: str, in_directory: Path) -> None:
    """Why there is no archive is said in any case."""
    make_project(in_directory)
    done = run(cli, "gone", "-q")

    assert 1 == done.returncode
    assert done.stderr.startswith("Error: The virtual environment gone does not exist.")


def test_output(cli: str, venv: Path) -> None:
    """--output names the file; it excludes --output-dir."""
    assert 0 == run(cli, "venv", "--output", "fn.zip").returncode
    assert Path("fn.zip").is_file()
    both = run(cli, "venv", "--output", "fn.zip", "--output-dir", "d")
    assert 2 == both.returncode
    assert "--output-dir excludes --output." in both.stderr


def test_a_page_of_sizes(cli: str, venv: Path) -> None:
    """All files are in it; a report beside it is another file."""
    done = run(cli, "venv", "--sizes", "sizes.html", "--report", "report.json")

    assert (0, "") == (done.returncode, done.stderr)
    assert "Sizes       sizes.html" in done.stdout
    page = Path("sizes.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    assert "my_app/f.py" in page or '"f.py"' in page
    assert json.loads(Path("report.json").read_text())["files"] > 1


def test_json_on_stdout(cli: str, venv: Path) -> None:
    """What a program reads is alone there, and the same as in a file."""
    done = run(cli, "venv", "--format", "json", "--report", "report.json")

    assert 0 == done.returncode
    assert Path("report.json").read_text() == done.stdout
    assert "CodeSha256" in done.stderr
    refused = run(cli, "venv", "--format", "yaml")
    assert (2, "") == (refused.returncode, refused.stdout)
    assert "expected one of text, json, markdown, got 'yaml'." in refused.stderr


@pytest.mark.slow
def test_what_has_changed(cli: str, venv: Path) -> None:
    """Against the report that is replaced, or the one that is named."""
    first = run(cli, "venv", "--report", "report.json")
    shutil.copy("report.json", "old.json")
    again = run(cli, "venv", "--report", "report.json")
    (site_packages_of(venv) / "my_app/f.py").write_text("x = 2\n")
    other = run(cli, "venv", "--compare", "old.json", "--format", "json")

    assert "Compared" not in first.stdout
    assert "Compared    unchanged: the same archive" in again.stdout
    assert json.loads(Path("report.json").read_text())["comparison"]["unchanged"]
    assert "Compared    other files in my-app" in other.stderr
    assert ["my-app"] == json.loads(other.stdout)["comparison"]["changed"]
    refused = run(cli, "venv", "--compare", "none.json")
    assert (2, "") == (refused.returncode, refused.stdout)
    assert "compare: " in refused.stderr


def test_two_results_in_one_file(cli: str, venv: Path) -> None:
    done = run(cli, "venv", "--sizes", "x.html", "--report", "x.html")

    assert 2 == done.returncode
    assert "Archives, the report and the sizes are files of their own" in done.stderr


def test_verbose_says_all_that_is_known(cli: str, venv: Path) -> None:
    """The whole table of sizes, and what the handler's import has not used."""
    for name in ("unused", *(f"d{number}" for number in range(9))):
        install(venv, name, {f"{name}.py": "x = 1\n" * 50})
    table = 'handler = "my_app.handler"\n'
    make_project(Path.cwd(), "My-App", table)
    site_packages = site_packages_of(venv)
    (site_packages / "my_app/__init__.py").write_text("def handler(e, c): ...\n")
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(os.path.realpath(sys.executable))
    short, full = run(cli, "venv"), run(cli, "venv", "-v")

    assert (0, 0) == (short.returncode, full.returncode), full.stderr
    assert "Handler     my_app.handler was imported in" in short.stdout
    assert "Never imported: d0, d1" in full.stdout
    assert len(short.stdout.splitlines()) + 3 < len(full.stdout.splitlines())


def test_the_table_counts_too(cli: str, venv: Path, in_directory: Path) -> None:
    """exclude, include and output of the table; venv and groups there do not matter."""
    make_project(
        in_directory,
        "My-App",
        'exclude = ["f.py"]\ninclude = ["x.json"]\noutput = "t.zip"\nwith = ["dev"]',
    )
    Path("x.json").write_text("{}")

    assert 0 == run(cli, "venv").returncode
    with zipfile.ZipFile("t.zip") as archive:
        assert "x.json" in archive.namelist()
        assert "my_app/f.py" not in archive.namelist()


def test_seeds_in_the_lock_are_kept(cli: str, venv: Path) -> None:
    """Pip is shipped if the lock has it in the main group."""
    Path("poetry.lock").write_text('[[package]]\nname = "pip"\ngroups = ["main"]\n')

    assert "Left out" not in run(cli, "venv").stdout


UV_LOCK = """\
[[package]]
name = "my-app"
source = { editable = "." }
dependencies = [{ name = "pip" }]
[[package]]
name = "pip"
"""


@pytest.mark.parametrize(
    ("name", "lock"),
    [("uv.lock", UV_LOCK), ("pylock.toml", '[[packages]]\nname = "pip"\n')],
)
def test_seeds_in_another_tools_lock_are_kept(
    cli: str, venv: Path, name: str, lock: str
) -> None:
    """The same goes by whatever has locked the project."""
    Path(name).write_text(lock)
    done = run(cli, "venv")

    assert 0 == done.returncode, done.stderr
    assert "Left out" not in done.stdout
    Path(name).write_text("[[package]]")
    refused = run(cli, "venv")
    assert (2, "") == (refused.returncode, refused.stdout)
    assert f"{name} is not a lock file" in refused.stderr


def test_no_code_of_the_project(cli: str, in_directory: Path) -> None:
    """An archive of dependencies alone is a warning that says what to add."""
    install(make_venv(in_directory / "venv"), "dep", {"dep.py": ""})
    make_project(in_directory)

    done = run(cli, "venv")

    assert 0 == done.returncode
    assert "Warning: The archive has no code of the project." in done.stderr
    assert f"There is no Python file in {in_directory}" in done.stderr


def test_code_that_only_the_handler_needs(cli: str, venv: Path) -> None:
    """It is found beside pyproject.toml, and said."""
    write_files(venv.parent, {"lambda_function.py": "def handler(e, c): pass\n"})

    done = run(cli, "venv", "--handler", "lambda_function.handler")

    assert 0 == done.returncode, done.stderr
    assert (
        "Code        lambda_function.py from the project's directory: the environment"
        " has no module lambda_function"
    ) in done.stdout
    with zipfile.ZipFile("My_App.zip") as archive:
        assert "lambda_function.py" in archive.namelist()


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "message"),
    [
        (["gone"], {}, 1, "Error: The virtual environment gone does not exist."),
        (["venv", "--project", "gone.toml"], {}, 2, "Error: There is no gone.toml in"),
        (
            ["venv"],
            {"SOURCE_DATE_EPOCH": "x"},
            2,
            "SOURCE_DATE_EPOCH is not an integer",
        ),
        (["venv"], {"SOURCE_DATE_EPOCH": "1"}, 2, "from 315532800 (1980-01-01)"),
        (["venv", "--layers-size", "x"], {}, 2, "Error: --layers-size: expected bytes"),
        (["venv", "--output", "venv"], {}, 1, "is a directory."),
        (["venv", "--output", "pyproject.toml/a.zip"], {}, 1, "is not a directory"),
        (["venv", "--report", "venv"], {}, 1, "is a directory."),
    ],
)
def test_bad_input(
    cli: str,
    venv: Path,
    arguments: list[str],
    environment: dict[str, str],
    status: int,
    message: str,
) -> None:
    """One clear message and a hint, no traceback, and earlier results untouched."""
    for name in ("My_App.zip", "r.json"):
        Path(name).write_text("old")
    before = sorted(os.listdir())

    done = run(cli, *arguments, **environment)

    assert status == done.returncode
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert before == sorted(os.listdir())
    assert ["old", "old"] == [Path(n).read_text() for n in ("My_App.zip", "r.json")]


def test_an_unreadable_file(cli: str) -> None:
    """A file without permission to read it is named; nothing is written.

    Permissions do not bind root: so root packages once, which imports all there is to
    import, gives up its privileges, and packages again.
    """
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        venv = make_venv(directory / "venv", {"a.py": "", "secret.py": ""})
        make_project(directory)
        code = (
            "import os, sys\n"
            "from poetry_plugin_package_function import cli\n"
            "assert 0 == cli.main(['venv'])\n"
            "os.unlink('my_app.zip')\n"
            "os.chmod(sys.argv[1], 0)\n"
            "if os.geteuid() == 0:\n"
            "    os.chmod('.', 0o777)\n"
            "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "sys.exit(cli.main(['venv']))"
        )

        done = subprocess.run(
            [sys.executable, "-c", code, site_packages_of(venv) / "secret.py"],
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
        )

        assert 1 == done.returncode, done.stderr
        assert "secret.py cannot be read: Permission denied." in done.stderr
        assert ["pyproject.toml", "venv"] == sorted(os.listdir(directory))


@pytest.mark.slow
def test_a_terminal_sees_progress(cli: str, venv: Path) -> None:
    """On a terminal the progress is one line that is overwritten and then cleared."""
    for number in range(40):
        (site_packages_of(venv) / f"big{number}").write_bytes(os.urandom(1 << 20))
    leader, follower = os.openpty()
    process = subprocess.Popen([cli, "venv"], stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)

    assert 0 == process.wait()
    assert b"\rPackaging: " in shown
    assert b"\r\033[KFile        My_App.zip" in shown


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals(cli: str, venv: Path, number: signal.Signals) -> None:
    """A stopped run leaves what was there before, and nothing else."""
    for index in range(64):  # sparse, and enough to be stopped in the middle
        with (site_packages_of(venv) / f"big{index}").open("wb") as file:
            file.truncate(31 << 20)
    Path("My_App.zip").write_text("old")
    before = sorted(os.listdir())
    process = subprocess.Popen(
        [cli, "venv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured(os.environ),
    )
    _wait_for(lambda: any(name.endswith(".tmp") for name in os.listdir()))

    process.send_signal(number)
    _, stderr = process.communicate(timeout=120)

    assert 128 + number == process.returncode
    expected = f"Error: Stopped by {number.name}; what was not complete is as it was.\n"
    assert expected == stderr
    assert "old" == Path("My_App.zip").read_text()
    assert before == sorted(os.listdir())


def _wait_for(condition: object) -> None:
    assert callable(condition)
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it has not come to that")


def test_a_full_disk(cli: str, venv: Path, in_directory: Path) -> None:
    """On a full disk the earlier archive and report stay, and the reason is told."""
    with mounted(in_directory / "small", "size=512k") as small:
        (site_packages_of(venv) / "big").write_bytes(os.urandom(4 << 20))
        for name in ("fn.zip", "r.json"):
            (small / name).write_text("old")
        arguments = ["venv", "--output", small / "fn.zip", "--report", small / "r.json"]

        done = run(cli, *arguments)

        assert 1 == done.returncode
        assert "could not be written: No space left on device." in done.stderr
        assert ["fn.zip", "r.json"] == sorted(os.listdir(small))
        assert "old" == (small / "fn.zip").read_text() == (small / "r.json").read_text()


def test_the_mode_of_the_archive(cli: str, venv: Path) -> None:
    """0644 under the usual umask, also where another file was before."""
    Path("My_App.zip").write_text("old")
    Path("My_App.zip").chmod(0o600)

    subprocess.run(
        ["sh", "-c", 'umask 022; exec "$0" venv', cli], check=True, capture_output=True
    )

    assert 0o644 == stat.S_IMODE(Path("My_App.zip").stat().st_mode)


def test_a_terminal_without_utf8(cli: str, venv: Path) -> None:
    """What the terminal cannot show is escaped, not a crash."""
    done = subprocess.run(
        [cli, "venv", "--output", "größe.zip"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert 0 == done.returncode, done.stderr
    assert b"File        gr\\xf6\\xdfe.zip" in done.stdout


def test_options_that_are_lists_can_be_repeated() -> None:
    """As in the other command line; each value may have commas."""
    names = [each.name for each in options_of(Place.STANDALONE) if each.is_list]
    assert "aws-services" in names
    for name in names:
        options = parser().parse_args(["venv", f"--{name}", "a,b", f"--{name}", "c"])
        assert ["a,b", "c"] == getattr(options, name.replace("-", "_"))
