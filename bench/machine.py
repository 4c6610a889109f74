"""What the figures were taken on."""

from __future__ import annotations

import os
import platform

from datetime import UTC
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.lambda_runtime import AWSLAMBDARIC_VERSION
from tests.lambda_runtime.memory import memory


if TYPE_CHECKING:
    from collections.abc import Mapping


def this_machine() -> Mapping[str, str]:
    """Label and value of all that the figures depend on."""
    return {
        "Date": datetime.now(UTC).date().isoformat(),
        "Processor": _processor(),
        "Cores": str(len(os.sched_getaffinity(0))),
        "Load when it began": f"{os.getloadavg()[0]:.2f}",
        "System": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "This plugin": version("poetry-plugin-package-function"),
        "deflate": version("deflate"),
        "Poetry": version("poetry"),
        "awslambdaric": AWSLAMBDARIC_VERSION,
        "New trees lie in": "memory" if memory() else "the temporary directory",
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            label, _, value = line.partition(":")
            if label.strip() == "model name":
                return value.strip()
    return platform.machine()  # Arm's kernels do not name a model
