"""What a virtual environment is to hold, in names that Poetry knows."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.interpreter import find_aim
from poetry_plugin_package_function.bundling.lock import check_lock
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.sources.environment import runs_here


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.interpreter import Aim
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


MAIN_GROUP: Final = "main"


@dataclass(frozen=True)
class Bundle:
    """What the virtual environment is to hold, in names that Poetry knows.

    Attributes:
        groups: Dependency groups, as the project writes them.
        extras: The project's extras.
        python: The interpreter to build it with; None for the one that Poetry chooses.
        target: What it is built for; None for this machine.
        is_chosen: Whether it depends on the interpreter what is built: nobody has named
            a runtime.
        is_preferred: Whether Poetry takes this interpreter by itself.
        stand_ins: Whether it is to have the lock's AWS SDK in any case, in the place of
            Lambda's, for the import of a handler.
    """

    groups: tuple[str, ...]
    extras: tuple[NormalizedName, ...]
    python: Path | None
    target: Target | None = None
    is_chosen: bool = field(default=False, compare=False)
    is_preferred: bool = field(default=False, compare=False)
    stand_ins: bool = False


class Planner:
    """Plans what is built for the functions of a run.

    The lock is read once, and each interpreter looked for once: for that Poetry runs
    all that are here.
    """

    def __init__(self, poetry: Poetry) -> None:
        """Looks at nothing yet."""
        self._poetry = poetry
        self._aims: dict[tuple[object, ...], Aim] = {}

    def plan(self, settings: Settings) -> Bundle:
        """Finds the groups, extras and the interpreter that the settings name.

        Only the main group is taken unless more is asked for, as `poetry export` does:
        nobody wants to ship pytest.

        Raises:
            ConfigError: A group or an extra does not exist; all of them are listed.
            BundleError: There is no such interpreter, no lock file, or it is stale.
        """
        package = self._poetry.package
        groups = {
            canonicalize_name(name): str(name)
            for name in package.dependency_group_names(include_optional=True)
        }
        groups.setdefault(canonicalize_name(MAIN_GROUP), MAIN_GROUP)
        extras = {name: str(name) for name in package.extras}
        asked_for = (
            settings.with_groups | settings.without_groups | settings.only_groups
        )
        problems = [
            *_unknown("group", asked_for, groups),
            *_unknown("extra", settings.extras, extras),
        ]
        if problems:
            raise ConfigError(problems, "They are defined in pyproject.toml.")
        if not self._aims:
            check_lock(self._poetry)
        wanted = (
            settings.python,
            settings.service,
            settings.runtime,
            settings.architecture,
            settings.platform,
        )
        if wanted not in self._aims:
            self._aims[wanted] = find_aim(self._poetry, settings)
        chosen = extras if settings.all_extras else _normalized(settings.extras)
        aim = self._aims[wanted]
        return Bundle(
            _choose_groups(settings, groups),
            tuple(sorted(chosen)),
            *aim,
            stand_ins=bool(settings.handler)
            and settings.has_sdk
            and runs_here(aim.target),
        )


def _normalized(names: Iterable[str]) -> set[NormalizedName]:
    return {canonicalize_name(name) for name in names}


def _unknown(
    what: str, asked_for: Iterable[str], known: Mapping[NormalizedName, str]
) -> list[str]:
    there_are = ", ".join(sorted(known.values())) or "none"
    return [
        f"The project has no {what} {name!r}; its {what}s: {there_are}."
        for name in sorted(asked_for)
        if canonicalize_name(name) not in known
    ]


def _choose_groups(
    settings: Settings, known: Mapping[NormalizedName, str]
) -> tuple[str, ...]:
    if settings.all_groups:
        chosen = set(known)
    elif settings.only_groups:
        chosen = _normalized(settings.only_groups)
    else:
        chosen = _normalized([MAIN_GROUP, *settings.with_groups])
        chosen -= _normalized(settings.without_groups)
    return tuple(known[name] for name in sorted(chosen))
