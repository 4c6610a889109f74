"""What flags and tables come to, where the later of them beats the earlier."""

from __future__ import annotations

import difflib

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.configuration.options import KEYS
from poetry_plugin_package_function.configuration.options import OPTIONS
from poetry_plugin_package_function.configuration.options import REMOVED
from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from poetry_plugin_package_function.configuration.values import RefusedError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.configuration.values import Source


_OPTIONS: Final = options_of(Place.TABLE)
_FLAGS: Final = {each.name for each in OPTIONS} - {*KEYS}


class Merged:
    """What several sources come to.

    Attributes:
        sources: Those that beat others come later.
        values: What counts, by option; an option that nobody has given is not there.
        problems: What is wrong with any of the sources, whether it counts or not.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        """Reads all of them."""
        self.sources = sources
        self._overridden = [
            {key for later in sources[place:] for key in _excluded_by(later.values)}
            for place in range(1, len(sources) + 1)
        ]
        self.values: dict[str, Any] = {}
        self.problems = [
            problem
            for each in sources
            for problem in (*_unknown(each), *_exclusive(each))
        ]
        for option in _OPTIONS:
            for source, overridden in zip(sources, self._overridden, strict=True):
                if option.name not in source.values:
                    continue
                try:
                    value = source.values[option.name]
                    if option.is_named:
                        value = source.filled(value)
                    value = option.read(value, source)
                except RefusedError as error:
                    label = source.label.format(option.name)
                    self.problems += (f"{label}: {reason}" for reason in error.args)
                    continue
                if option.name not in overridden:
                    self.values[option.name] = value

    def rank(self, key: str) -> int:
        """Finds which source decides on a key: one that beats others is higher.

        It is 0 if none does.
        """
        deciding = (
            rank
            for rank, source in enumerate(self.sources, 1)
            if source.values.get(key) and key not in self._overridden[rank - 1]
        )
        return max(deciding, default=0)

    def label(self, key: str) -> str:
        """Says what a key is called where it is decided on."""
        return self.sources[self.rank(key) - 1].label.format(key)

    def without_effect(self) -> list[list[str]]:
        """Lists for each source, as problems, what has no effect by itself.

        Nothing is, if something else is wrong: what it needs may be misspelt.
        """
        if self.problems:
            return [[] for _ in self.sources]
        return [
            [
                f"{source.label.format(option.name)}: has no effect without"
                f" {' or '.join(f'`{needed}`' for needed in option.needs)}."
                for option in _OPTIONS
                if option.needs
                and source.values.get(option.name)
                and option.name not in overridden
                and not any(map(self.values.get, option.needs))
            ]
            for source, overridden in zip(self.sources, self._overridden, strict=True)
        ]


def _unknown(source: Source) -> Iterator[str]:
    for key in source.values:
        if key in KEYS:
            continue
        near = difflib.get_close_matches(key, (*KEYS, *source.tables), 1)
        meant = f" Did you mean `{near[0]}`?" if near else ""
        if key in _FLAGS:
            meant = f" --{key} is for the command line only."
        yield f"{source.label.format(key)}: {REMOVED.get(key, f'unknown key.{meant}')}"


def _exclusive(source: Source) -> Iterator[str]:
    for option in _OPTIONS:
        clashes = [other for other in option.excludes if source.values.get(other)]
        if clashes and source.values.get(option.name):
            names = ", ".join(map(source.label.format, clashes))
            verb = "exclude" if len(clashes) > 1 else "excludes"
            yield f"{names} {verb} {source.label.format(option.name)}."


def _excluded_by(values: Mapping[str, Any]) -> set[str]:
    """Finds the keys that make no sense beside these."""
    said = {key for key, value in values.items() if value not in (None, False, [])}
    excluded: set[str] = set()
    for option in _OPTIONS:
        if option.name in said:
            excluded.update(option.excludes)
        if not said.isdisjoint(option.excludes):
            excluded.add(option.name)
    if "venv" in said:  # a table says what to build with; a flag, what compiles
        excluded.add("python")
    return excluded
