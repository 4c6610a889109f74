"""AWS's SAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.environments import cached_environment


if TYPE_CHECKING:
    from pathlib import Path


def sam_commands() -> Path:
    """The directory of `sam` and `cfn-lint`."""
    return cached_environment("recipes-aws-sam", "aws-sam-cli>=1.140,<2").parent


def sam_settings(base: Path) -> dict[str, str]:
    """Variables for SAM, which tells nobody of its use and keeps nothing at home."""
    return {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(base / "sam")}
