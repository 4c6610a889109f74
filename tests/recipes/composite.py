"""The action in action.yml, run as a runner runs its steps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from tests.e2e.environments import ROOT
from tests.recipes.workflows import Done
from tests.recipes.workflows import Shell
from tests.recipes.workflows import pipeline
from tests.recipes.workflows import runner_environment


if TYPE_CHECKING:
    from collections.abc import Mapping


ACTION = pipeline((ROOT / "action.yml").read_text(encoding="utf-8"))
# `bash` as the shell of a step: GitHub's documentation of `shell`.
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
_OUTPUT = re.compile(r"^(.+?)<<(\w+)\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Runner:
    """A runner, and what the job on it has so far.

    Attributes:
        workspace: The checkout.
        env: All variables of the job.
    """

    workspace: Path
    env: Mapping[str, str]

    @property
    def summary(self) -> str:
        """What the job's page shows."""
        with open(self.env["GITHUB_STEP_SUMMARY"], encoding="utf-8") as file:
            return file.read()

    def find(self, **inputs: str) -> tuple[dict[str, str], Done]:
        """Runs the first step; its outputs, and what it wrote to the log."""
        return self._step("find", inputs, {})

    def install(self, **inputs: str) -> dict[str, str]:
        """Runs the steps before the last, and gives Poetry the index of the tests.

        What is left out are caches: pip's is that of this machine.
        """
        found, done = self.find(**inputs)
        assert done.status == 0, done.stdout
        kept = Path(found["pip-cache"])
        if not kept.is_symlink():
            cache = Path(self.env["PIP_CACHE_DIR"])
            cache.mkdir(parents=True, exist_ok=True)  # a new machine has none
            kept.symlink_to(cache)
        installed, done = self.try_install(found, **inputs)
        assert done.status == 0, done.stdout + done.stderr
        pip = [installed["python"], "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*pip, "poetry-plugin-pypi-mirror"], env=dict(self.env), check=True
        )
        return installed

    def try_install(
        self, found: Mapping[str, str], **inputs: str
    ) -> tuple[dict[str, str], Done]:
        """Runs the second step; its outputs, and what it wrote to the log."""
        return self._step("install", inputs, {"find": found})

    def package(
        self, installed: Mapping[str, str], **inputs: str
    ) -> tuple[dict[str, Any], Done]:
        """Runs the last step; the action's outputs, and what it wrote to the log."""
        found, done = self._step("package", inputs, {"install": installed})
        outputs: dict[str, Any] = {
            name: _evaluated(each["value"], {}, {"package": found})
            for name, each in ACTION["outputs"].items()
            if found
        }
        if found:
            outputs["functions"] = json.loads(outputs["functions"])
        return outputs, done

    def _step(
        self,
        name: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, Mapping[str, str]],
    ) -> tuple[dict[str, str], Done]:
        step = step_of(name)
        assert "bash" == step["shell"]
        file = self.workspace.parent / f"output-of-{name}"
        file.write_text("")
        env = {
            variable: _evaluated(value, inputs, outputs)
            for variable, value in step["env"].items()
        }
        shell = Shell(_BASH, self.workspace, {**self.env, "GITHUB_OUTPUT": str(file)})
        done = shell(step["run"], env)
        found = _OUTPUT.findall(file.read_text(encoding="utf-8"))
        return {each: value for each, _, value in found}, done


def runner(base: Path) -> Runner:
    """A fresh runner, with a Python and no Poetry on its PATH."""
    commands = base / "commands"
    commands.mkdir()
    (commands / "python").symlink_to(os.path.realpath(sys.executable))
    env = runner_environment(base, [commands])
    for name in ("workspace", "runner-temp"):
        (base / name).mkdir()
    return Runner(
        base / "workspace",
        {
            **env,
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(base / "summary.md"),
            "GITHUB_WORKSPACE": str(base / "workspace"),
            "RUNNER_TEMP": str(base / "runner-temp"),
        },
    )


def step_of(name: str) -> dict[str, Any]:
    """The step of that id."""
    (found,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == name)
    return dict(found)


def _evaluated(
    text: str, inputs: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]
) -> str:
    """Puts values in the place of expressions; an input that is not given has its own.

    Raises:
        KeyError: There is no such input or output.
    """

    def value(found: re.Match[str]) -> str:
        match found[1].split("."):
            case ["inputs", name]:
                default = ACTION["inputs"][name]["default"]
                return inputs.get(name.replace("-", "_"), default)
            case ["steps", step, "outputs", name]:
                return outputs[step][name]
        raise KeyError(found[1])

    return _EXPRESSION.sub(value, text)
