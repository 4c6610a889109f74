"""`python -m poetry_plugin_package_function VENV`: the command without Poetry."""

from __future__ import annotations

import sys

from poetry_plugin_package_function.cli import main


if __name__ == "__main__":
    sys.exit(main())
