"""Extracts many nested ZIPs in a process of its own, where nothing can be endless."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import subprocess
import sys

from importlib.util import module_from_spec
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from pathlib import Path


_LIMIT_S = 20
_MEMORY_BYTES = 1 << 30
_FILE_BYTES = 64 << 20


def extract_each(loader: Path, homes: Path) -> dict[str, str]:
    """Lets a loader extract what is in each directory; a time limit ends the process.

    Args:
        loader: Its source.
        homes: The directories' parent. Each has a nested ZIP, the loader's settings,
            and an empty `tmp` to extract to.

    Returns:
        The errors, with their types, of those that cannot be extracted, by their names.
    """
    done = subprocess.run(
        [sys.executable, "-ISBWerror", __file__, loader, homes],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _extract_each(path: str, homes: str) -> dict[str, str]:
    spec = spec_from_file_location("loader", path)
    assert spec is not None
    assert spec.loader is not None
    loader: Any = module_from_spec(spec)
    spec.loader.exec_module(loader)
    errors = {}
    for name in sorted(os.listdir(homes)):
        home = os.path.join(homes, name)
        os.environ["TMPDIR"] = os.path.join(home, "tmp")
        faulthandler.dump_traceback_later(_LIMIT_S, exit=True)
        try:
            loader.Finder(home, home).extract(0)
        except Exception as error:
            errors[name] = f"{type(error).__name__}: {error}"
        finally:
            faulthandler.cancel_dump_traceback_later()
    return errors


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    print(json.dumps(_extract_each(*sys.argv[1:])))
