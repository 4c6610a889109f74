"""Profiles of a run: read before it, and written when it is known what is needed."""

from __future__ import annotations

import json

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.host import relative
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.archive.output import check_targets
from poetry_plugin_package_function.packaging.archive.output import replacing
from poetry_plugin_package_function.packaging.profiles.profile import read_profile
from poetry_plugin_package_function.packaging.profiles.profile import union
from poetry_plugin_package_function.packaging.result import WrittenProfile
from poetry_plugin_package_function.packaging.unmeasured import unknown_needs
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.settings import Settings


_MOST_NAMED: Final = 5


def read_profiles(functions: Iterable[Settings]) -> dict[Path, Profile]:
    """Reads all profiles that a run uses or would replace, each once.

    One that is to be written need not be there yet.

    Raises:
        ConfigError: One is not there, is no profile, or would lose what an event needs.
        OutputError: One cannot be written.
    """
    functions = tuple(functions)
    found: dict[Path, Profile] = {}
    for each in functions:
        if each.profile_output is not None:
            check_targets(each.profile_output)
        for path in (each.profile, each.profile_output):
            if path is None or path in found:
                continue
            if path == each.profile_output and not path.exists():
                continue
            found[path] = read_profile(path)
    _refuse_without_event(functions, found)
    return found


def _refuse_without_event(
    functions: Sequence[Settings], before: Mapping[Path, Profile]
) -> None:
    """Refuses to replace what events need by what no event has been seen to need.

    Raises:
        ConfigError: Names the files.
    """
    written = {each.profile_output for each in functions}
    called = {each.profile_output for each in functions if each.event}
    lost = [
        f"--profile: {shown_path(path)} has what an event needs, and would lose it:"
        " this run has no event."
        for path, profile in before.items()
        if profile.event and path in written - called
    ]
    if lost:
        raise ConfigError(lost, "Give --event FILE, too, or delete the profile.")


def refuse_incomplete(settings: Settings, report: Report) -> None:
    """Refuses a run that is to write a profile, if not all that it has was seen.

    A call that has ended early would leave what this machine has let it reach.

    Raises:
        VerifyError: Says why the handler was not imported, or has not returned.
    """
    if settings.profile_output is None or settings.handler is None:
        return
    if report.observed is None:
        why = report.verified.unchecked if report.verified else ""
        raise unknown_needs(settings.handler, f". {why}".rstrip())
    called = report.verified.event if report.verified else None
    if called and called.unchecked:
        raise VerifyError(
            f"--profile: it is not known what {settings.handler} needs for"
            f" {called.event}: the call did not get to its end. {called.unchecked}",
            "Write the profile where it does, with an event that it can answer here, or"
            " without `event`.",
        )


@dataclass(frozen=True)
class Observed:
    """Functions whose needs go into one file.

    Attributes:
        path: The file.
        functions: Them, and what has been seen of each.
        before: What is there; None if nothing is.
    """

    path: Path
    functions: tuple[tuple[Settings, Report], ...]
    before: Profile | None

    @cached_property
    def _profile(self) -> Profile:
        found = (report.observed for _, report in self.functions)
        return union(each for each in found if each)

    @property
    def _has_changed(self) -> bool:
        return self.before is None or self.before.text() != self._profile.text()

    @property
    def _is_dry(self) -> bool:
        return any(settings.dry_run for settings, _ in self.functions)

    def write(self) -> None:
        """Writes it, if something else is there, and this is no dry run.

        Raises:
            OutputError: It cannot be written.
        """
        if self._has_changed and not self._is_dry:
            with replacing(self.path) as outputs:
                outputs[self.path].write(self._profile.text().encode())

    def described(self, directory: Path) -> WrittenProfile:
        """Says what becomes of it.

        Args:
            directory: The project's.
        """
        return WrittenProfile(self.path, self._has_changed, self._text(directory))

    def _text(self, directory: Path) -> str:
        place = shown_path(self.path)
        if not self._has_changed:
            return f"{place} is as it was"
        if self.before is None:
            verb = "would have" if self._is_dry else "has"
            text = f"{place} {verb} {_contents(self._profile)}"
        else:
            verb = "would change" if self._is_dry else "has changed"
            text = f"{place} {verb}: {_changes(self.before, self._profile)}"
        if self._is_dry:
            return text
        if all(settings.profile == self.path for settings, _ in self.functions):
            return f"{text}. Package again to use it"
        key = relative(self.path, directory)
        return f"{text}. To use it: profile = {json.dumps(key)} in [tool.{TABLE}]"


def _contents(profile: Profile) -> str:
    modules = sum(len(each.modules) for each in profile.init.values())
    used = len({*profile.init, *profile.event} - {""})
    text = (
        f"{counted(modules, 'module')} that INIT imports, of {used} out of"
        f" {counted(len(profile.distributions), 'distribution')}"
    )
    later = sum(len(each.modules) for each in profile.event.values())
    return f"{text}, and {later:,} that the event does" if later else text


def _changes(before: Profile, after: Profile) -> str:
    """Names the distributions of which something else is needed, or there."""
    names = [
        name or "files of no distribution"
        for name in sorted(
            {*before.distributions, *after.distributions, *before.init, *after.init}
            | {*before.event, *after.event}
        )
        if any(
            old.get(name) != new.get(name)
            for old, new in (
                (before.distributions, after.distributions),
                (before.init, after.init),
                (before.event, after.event),
            )
        )
    ]
    return listed(names, _MOST_NAMED)
