"""`python -m tests.lambda_runtime ARCHIVE HANDLER [EVENT_JSON] [--layer ARCHIVE]`."""

from __future__ import annotations

import argparse
import json
import sys
import zipfile

from pathlib import Path
from typing import TYPE_CHECKING

from tests.lambda_runtime import ClientEnvironmentError
from tests.lambda_runtime import LambdaTimeoutError
from tests.lambda_runtime import UnpackError
from tests.lambda_runtime import UnreachableError
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import run
from tests.lambda_runtime import unpack
from tests.lambda_runtime import workspace


if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lambda_runtime import Outcome

_FAILURES = (
    ClientEnvironmentError,
    LambdaTimeoutError,
    OSError,
    UnpackError,
    UnreachableError,
    zipfile.BadZipFile,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the handler in the archive once; 0 if it answered, 1 if it did not."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lambda_runtime",
        description="Run a finished ZIP as Lambda does, with this Python.",
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE")
    parser.add_argument("handler", metavar="HANDLER", help="module.function")
    parser.add_argument(
        "event", type=json.loads, metavar="EVENT_JSON", nargs="?", default="{}"
    )
    parser.add_argument("--layer", type=Path, metavar="ARCHIVE")
    arguments = parser.parse_args(argv)
    try:
        outcome = _run_once(
            arguments.archive, arguments.handler, arguments.event, arguments.layer
        )
    except _FAILURES as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return _show(outcome)


def _run_once(
    archive: Path, handler: str, event: object, layer: Path | None
) -> Outcome:
    client_python = client_environment(Path(sys.executable), default_cache_dir())
    with workspace() as place:
        unpack(archive, place.task_root)
        layers_root = place.layers_root if layer else None
        if layer:
            unpack(layer, place.layers_root)
        return run(
            place.task_root,
            handler,
            [event],
            client_python=client_python,
            tmp_dir=place.tmp_dir,
            layers_root=layers_root,
        )


def _show(outcome: Outcome) -> int:
    sys.stderr.write(outcome.stdout + outcome.stderr)
    error = outcome.init_error
    if outcome.init_s is None:
        print("INIT    failed")
    else:
        print(f"INIT    {outcome.init_s * 1000:.0f} ms")
        result = outcome.results[0]
        error = result.error
        if error is None:
            shown = repr(result.value)
            if not isinstance(result.value, bytes):
                shown = json.dumps(result.value, ensure_ascii=False)
            print(f"result  {shown}")
    if error is not None:
        print(f"error   {json.dumps(error, ensure_ascii=False)}")
    print(f"/tmp    {outcome.tmp_bytes} bytes")
    return 0 if error is None else 1


if __name__ == "__main__":
    raise SystemExit(main())
