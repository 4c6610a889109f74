"""The pipelines of the pages for CI services, and a shell to run their steps in.

The page is the only source: what is run is what a reader copies. Two things are put in
the place of what it says: the Python of the runtime, which is that of this interpreter,
and our plugin, which is this checkout.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from ruamel.yaml import YAML

from tests.e2e.environments import ROOT
from tests.e2e.running import LIMIT_S
from tests.e2e.running import clean_environment
from tests.recipes import pages


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping


EXAMPLE = ROOT / "docs" / "examples" / "flat"
_PLUGIN = re.compile(r'"poetry-plugin-package-function==[^"]+"')


def blocks(page: str, language: str) -> list[str]:
    """The blocks of code in a language on a page."""
    return [each.text for each in pages.blocks(page) if each.language == language]


def pipeline(text: str) -> dict[str, Any]:
    """Reads YAML 1.2: `on` is a word in it."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return document


def schema_problems(text: str, schema: str, directory: Path) -> str:
    """Holds YAML against the schema of a service; nothing if all is well."""
    path = directory / "document.yml"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run(
        [*command, str(path)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def with_wheel(script: str, wheel: Path) -> str:
    """An installation that takes the plugin from a wheel: it is on no index yet."""
    changed, count = _PLUGIN.subn(f'"{wheel}"', script)
    assert count == 1, script
    return changed


def project(base: Path, page: str) -> Path:
    """A copy of the small example, with the settings of a page."""
    directory = base / "greeter"
    shutil.copytree(EXAMPLE, directory)
    (table,) = blocks(page, "toml")
    with (directory / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{table}")
    return directory


@dataclass(frozen=True)
class Done:
    """What a script did."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Shell:
    """A runner's shell.

    Attributes:
        command: What a script is given to.
        directory: Where it runs.
        env: All variables.
    """

    command: tuple[str, ...]
    directory: Path
    env: Mapping[str, str]

    def __call__(self, script: str, env: Mapping[str, str] = {}) -> Done:
        """Runs a script and waits for it."""
        done = subprocess.run(
            [*self.command, "-c", script],
            cwd=self.directory,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def well(self, script: str, env: Mapping[str, str] = {}) -> Done:
        """Runs a script that is to succeed."""
        done = self(script, env)
        assert done.status == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done


def runner_environment(base: Path, commands: Iterable[Path]) -> dict[str, str]:
    """The variables of a fresh runner: a home of its own, and some commands."""
    home = base / "home"
    home.mkdir()
    env = clean_environment(base)
    # What pip's user has set for the index goes along with the user.
    for place in (".config/pip/pip.conf", ".pip/pip.conf"):
        if (Path.home() / place).is_file():
            env.setdefault("PIP_CONFIG_FILE", str(Path.home() / place))
    # Poetry is not to be downloaded for each run of the tests.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    env.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    path = [str(home / ".local" / "bin"), *map(str, commands), os.environ["PATH"]]
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        env.pop(name, None)
    return {**env, "HOME": str(home), "PATH": os.pathsep.join(path), "CI": "true"}


# What Lambda is asked and told is for the tests of other recipes, with AWS's own
# commands. Here it is to be seen which commands a pipeline comes to.
_AWS = """\
#!/bin/sh
echo "$*" >> "$AWS_LOG"
if [ "$2" = get-function-configuration ]; then echo "$DEPLOYED"; fi
exit {status}
"""


def aws(base: Path, status: int = 0) -> Path:
    """A directory with an `aws` that writes what it is called with into `$AWS_LOG`.

    It answers `$DEPLOYED` to the question what is deployed.
    """
    command = base / "aws" / "aws"
    command.parent.mkdir()
    command.write_text(_AWS.format(status=status))
    command.chmod(0o755)
    return command.parent
