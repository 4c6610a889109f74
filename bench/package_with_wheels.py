"""Packages a venv as `poetry package-function` does once it has built one.

`package_with_wheels.py VENV PYPROJECT ARCHIVE CACHE [OPTION...]`: VENV holds wheels,
unopened; what is known of them and their bytecode are kept in the directory CACHE. The
options are switches of that command (`--compile`, `--eager`), and these:

- `--no-limit`: flat, however large it is. Lambda would refuse that;
- `--profile-of=HANDLER`: guided by what the import of this handler needs. That is seen
  in an archive that is written first, as with `--profile FILE`.
"""

from __future__ import annotations

import os
import sys

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.configuration.options import KEYS
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.garbage import collect_rarely
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.order import Order
from poetry_plugin_package_function.packaging.order import read_environment
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.project import read_project


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.profiles.profile import Profile


_NO_LIMIT: Final = "no-limit"
_PROFILE_OF: Final = "profile-of"
_ENOUGH_BYTES: Final = 1 << 40


def main(venv: str, pyproject: str, archive: str, cache: str, *options: str) -> None:
    """Does what stands between Poetry's installer and the last line of the output."""
    collect_rarely()
    given = dict(_read(option) for option in options)
    has_limit = given.pop(_NO_LIMIT, None) is None
    handler = given.pop(_PROFILE_OF, None)
    switches = {*given}
    if unknown := switches.difference(KEYS):
        raise SystemExit(f"There is no option {', '.join(sorted(unknown))}.")
    project = read_project(Path(pyproject))
    (settings,) = resolve(
        {"venv": venv, "output": archive, **dict.fromkeys(switches, True)},
        project,
        None,
        default_output_dir=Path(),
    )
    if not has_limit:
        # Layers are taken from the limit: so this is added to it.
        settings = replace(settings, layers_size_bytes=-_ENOUGH_BYTES)
    facts = FactsCache(Path(cache, "facts"))
    environment = read_environment(Path(venv), project, facts)
    bytecode_dir = Path(cache, "bytecode")
    timestamp = archive_time(os.environ)
    order = Order(environment, project, settings, timestamp, bytecode_dir)
    if handler:
        order = replace(order, profile=_profile(order, handler))
    with package(order) as pending:
        report = pending.report
    if not has_limit and report.layout is not Layout.FLAT:
        raise SystemExit(f"{archive} is not flat.")


def _read(option: str) -> tuple[str, str]:
    name, _, value = option.removeprefix("--").partition("=")
    return name, value


def _profile(order: Order, handler: str) -> Profile:
    """What a handler needs, as it is seen in an archive that nobody keeps."""
    settings = replace(order.settings, handler=handler, dry_run=True)
    with package(replace(order, settings=settings)) as pending:
        seen = pending.report.observed
    if seen is None:
        raise SystemExit(f"{handler} could not be imported.")
    return seen


if __name__ == "__main__":
    main(*sys.argv[1:])
