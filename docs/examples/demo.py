"""Packages both examples with this environment's Poetry and runs them as Lambda would.

`make demo` calls it. The examples are copied first, so that nothing is left in them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from pathlib import Path

from tests.package_index import index_url


EXAMPLES = Path(__file__).parent
RUNS = (
    ("flat", (), "dist/greeter.zip", "greeter.handler.handler", '{"name": "Lambda"}'),
    (
        *("flat", ("--layer",), "dist/greeter.zip", "greeter.handler.handler"),
        '{"name": "layer"}',
    ),
    (
        *("nested", (), "dist/table_maker.zip", "tables.handler.handler"),
        '{"numbers": [3, 4]}',
    ),
)


def main() -> int:
    """Runs the demonstration; returns the exit status."""
    with tempfile.TemporaryDirectory() as directory:
        for number, (name, options, archive, handler, event) in enumerate(RUNS):
            project = Path(directory, str(number), name)
            made = shutil.ignore_patterns("dist")
            shutil.copytree(EXAMPLES / name, project, ignore=made)
            layer = project / archive.replace(".zip", "-layer.zip")
            for title, command in (
                (
                    " ".join(("poetry package-function", *options)),
                    [
                        *(Path(sys.executable).parent / "poetry", "-P", project),
                        *("package-function", *options),
                    ],
                ),
                (
                    f"run {handler} out of {archive}, as Lambda does",
                    [
                        *(sys.executable, "-m", "tests.lambda_runtime"),
                        *(project / archive, handler, event),
                        *(("--layer", layer) if options else ()),
                    ],
                ),
            ):
                print(f"\n$ {title}   # docs/examples/{name}\n", flush=True)
                status = run(command)
                if status:
                    return status
    return 0


def run(command: list[str | Path]) -> int:
    """Runs a command with the index that pip has; returns its exit status."""
    environment = {**os.environ, "POETRY_PYPI_MIRROR_URL": index_url()}
    return subprocess.run(
        [str(each) for each in command], check=False, env=environment
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
