"""The steps of the action in action.yml, with nothing but Python's own modules.

`find` and `install` run with the job's Python, `package` with that of the environment
which `install` has made. They talk to the job by the files and variables that GitHub
documents: GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, GITHUB_WORKSPACE, RUNNER_TEMP.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
import uuid
import venv

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence


_OLDEST_PYTHON = (3, 11)
_ROOT = Path(__file__).resolve().parents[1]
_DIRECTORY = "the input `directory` of this action says it"
_OURS = {
    "--format": "its Markdown is the summary of the job",
    "--report": "the input `report` of this action says where it is written",
    "--directory": _DIRECTORY,
    "--project": _DIRECTORY,
    "-C": _DIRECTORY,
    "-P": _DIRECTORY,
    "--": "options of this action come after it",
}
# The directory of a project is not where modules come from: it may have a `build.py`.
_OPTIONS = ("-P", "-m")
_VERSIONS = """
from importlib.metadata import version
print(version("poetry-plugin-package-function"), version("poetry"), sep="-")
"""


def find() -> None:
    """Refuses what cannot be, and says where pip keeps what, before anything is had."""
    if sys.version_info < _OLDEST_PYTHON:
        _refuse(
            f"Python 3.11 or later is needed, not {platform.python_version()}"
            f" ({sys.executable}): use actions/setup-python before this action."
        )
    directory = _directory()
    if not directory.is_dir():
        _refuse(f"There is no directory {directory}: use actions/checkout before this.")
    _output(
        {
            "python": sys.executable,
            "python-version": platform.python_version(),
            "pip-cache": str(Path(os.environ["RUNNER_TEMP"], "package-function-pip")),
            "pip-key": _hash(
                os.environ["WANTED_POETRY"].encode(), _content(_ROOT / "pyproject.toml")
            ),
        }
    )


def install() -> None:
    """Puts Poetry and the plugin, as it is in this checkout, into an environment.

    It is not on PATH: the Poetry that the job may have stays what it is.
    """
    environment = Path(os.environ["RUNNER_TEMP"], "poetry-package-function")
    venv.create(environment, symlinks=os.name != "nt", clear=True, with_pip=True)
    scripts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = str(environment.joinpath(*scripts))
    wanted = os.environ["WANTED_POETRY"].strip()
    poetry = f"poetry=={wanted}" if wanted else "poetry"
    pip = [python, *_OPTIONS, "pip", "install", "--quiet"]
    _checked([*pip, "--disable-pip-version-check", poetry, str(_ROOT)])
    directory = _directory()
    versions = _said([python, "-P", "-c", _VERSIONS], directory)
    cache = _said([python, *_OPTIONS, "poetry", "config", "cache-dir"], directory)
    key = _hash(
        _content(directory / "poetry.lock"),
        _content(directory / "pyproject.toml"),
        os.environ["ARGUMENTS"].encode(),
    )
    _output(
        {
            "python": python,
            "cache-directory": str(Path(directory, Path(cache).expanduser())),
            "cache-key": f"{versions}-{key}",
        }
    )


def package() -> None:
    """Packages, and says in summary and outputs what has been made."""
    try:
        arguments = shlex.split(os.environ["ARGUMENTS"])
    except ValueError as error:
        _refuse(f"The arguments cannot be read as a shell would: {error}.")
    for name, why in _OURS.items():
        if any(_is_option(each, name) for each in arguments):
            _refuse(f"The arguments cannot have {name}: {why}.")
    directory = _directory()
    report = os.environ["REPORT"]
    before = _written(directory, report)
    options = ("--format", "markdown", "--report", report)
    poetry = [sys.executable, *_OPTIONS, "poetry"]
    with open(os.environ["GITHUB_STEP_SUMMARY"], "ab") as summary:
        _checked(
            [*poetry, "package-function", *arguments, *options],
            directory,
            summary.fileno(),
        )
    after = _written(directory, report)
    new = [path for path in sorted(after) if after[path] != before.get(path)]
    _output(outputs([*filter(None, map(_function, new))]))


def outputs(functions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Says it as outputs of the action; those of one function only if it is one."""
    only = functions[0] if len(functions) == 1 else {}
    unchanged = bool(functions) and all(
        each["unchanged"] and each["layer_unchanged"] is not False for each in functions
    )
    return {
        "zip": only.get("zip") or "",
        "layer": only.get("layer") or "",
        "sha256": only.get("sha256") or only.get("layer_sha256") or "",
        "unchanged": json.dumps(unchanged),
        "functions": json.dumps(functions),
    }


def _directory() -> Path:
    """The project's."""
    return Path(os.environ["GITHUB_WORKSPACE"], os.environ["DIRECTORY"]).resolve()


def _is_option(argument: str, name: str) -> bool:
    """Whether it is that option, also with the value behind it: `--a=b`, `-Cb`."""
    if name.startswith("--"):
        return argument.partition("=")[0] == name
    return argument.startswith(name)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _hash(*parts: bytes) -> str:
    """A part of a cache's key, which may neither be long nor have commas."""
    hashes = (hashlib.sha256(each).digest() for each in parts)
    return hashlib.sha256(b"".join(hashes)).hexdigest()[:16]


def _function(path: str) -> dict[str, Any] | None:
    """Reads a report (docs/report.md); None for a file that is none."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    if "output_file" not in report:
        return None
    layer = report["layer"]
    comparison = report["comparison"] or {}
    is_layer = report["kind"] == "layer"
    return {
        "name": report["function"] or report["distribution_name"],
        "zip": None if is_layer else _from_workspace(report["output_file"]),
        "layer": layer and _from_workspace(layer["output_file"]),
        "sha256": None if is_layer else report["code_sha256"],
        "layer_sha256": layer and layer["code_sha256"],
        "unchanged": comparison.get("unchanged", False),
        "layer_unchanged": comparison.get("layer_unchanged"),
        "report": _from_workspace(path),
    }


def _written(directory: Path, report: str) -> dict[str, tuple[int, int]]:
    """Finds reports, and what tells a new one from one that was there before."""
    pattern = "*".join(glob.escape(part) for part in report.split("{name}"))
    found = {}
    for path in glob.glob(str(Path(glob.escape(str(directory)), pattern))):
        state = os.stat(path)
        found[path] = (state.st_ino, state.st_mtime_ns)
    return found


def _from_workspace(path: str) -> str:
    """As it is from the directory on in which steps run, for any system's shell."""
    workspace = Path(os.environ["GITHUB_WORKSPACE"]).resolve()
    found = Path(path).resolve()
    if found.is_relative_to(workspace):
        found = found.relative_to(workspace)
    return found.as_posix()


def _output(values: Mapping[str, str]) -> None:
    """Sets outputs of the step, whatever is in them."""
    mark = uuid.uuid4().hex
    path = os.environ["GITHUB_OUTPUT"]
    with open(path, "a", encoding="utf-8", newline="\n") as file:
        for name, value in values.items():
            print(f"{name}: {value}")
            file.write(f"{name}<<{mark}\n{value}\n{mark}\n")


def _refuse(why: str) -> NoReturn:
    # What the runner takes back: docs of its workflow commands.
    for character, escaped in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        why = why.replace(character, escaped)
    print(f"::error::{why}")
    sys.exit(1)


def _checked(
    command: list[str], directory: Path | None = None, stdout: int | None = None
) -> None:
    """Runs a command whose failure, which it has explained, is that of the step."""
    done = subprocess.run(command, cwd=directory, stdout=stdout, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def _said(command: list[str], directory: Path) -> str:
    """What a command prints; its own message is in the log if it fails."""
    done = subprocess.run(
        command, cwd=directory, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        _refuse(f"This failed in {directory}, see above: {shlex.join(command)}")
    return done.stdout.strip()


if __name__ == "__main__":
    {"find": find, "install": install, "package": package}[sys.argv[1]]()
