"""AWS's SAM, and Lambda as far as it is emulated here, for what SAM has built."""

from __future__ import annotations

import shutil
import sys

from pathlib import Path

from tests.e2e.environments import cached_environment
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import run
from tests.lambda_runtime import workspace


def sam_commands() -> Path:
    """The directory of `sam` and `cfn-lint`."""
    return cached_environment("recipes-aws-sam", "aws-sam-cli>=1.140,<2").parent


def sam_settings(base: Path) -> dict[str, str]:
    """Variables for SAM, which tells nobody of its use and keeps nothing at home."""
    return {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(base / "sam")}


def greeting(function: Path, layer: Path | None = None) -> object:
    """What the function answers that SAM has built in a directory."""
    with workspace() as place:
        # Copied to where the function's user, who is not this one, can read it.
        shutil.copytree(function, place.task_root)
        env = {}
        if layer is not None:
            opt = shutil.copytree(layer, place.task_root.with_name("opt"))
            # The emulation has no /opt; this stands in its place on sys.path.
            env["PYTHONPATH"] = str(opt / "python")
        outcome = run(
            place.task_root,
            "greeter.handler.handler",
            [{"name": "SAM"}],
            client_python=client_environment(Path(sys.executable), default_cache_dir()),
            tmp_dir=place.tmp_dir,
            env=env,
        )
    (result,) = outcome.results
    assert isinstance(result.value, dict), outcome
    return result.value["greeting"]
