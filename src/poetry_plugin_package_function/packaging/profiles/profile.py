"""A profile: which modules and files of distributions handlers have needed.

It is a file of the project's, made to be committed: nothing in it is about the machine,
the target or the layout of the archive that it has been seen in.
"""

from __future__ import annotations

import json

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path


_FORMAT: Final = 1
_KEYS: Final = {"profile", "distributions", "init", "event"}


class Used(NamedTuple):
    """What of a distribution has been needed, each in order.

    Attributes:
        modules: Names of modules, as they are imported.
        files: Names in the archive of other files that have been read.
    """

    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """What handlers need of what they are packaged with.

    Attributes:
        distributions: The versions of all that were there, used or not, by name; the
            project's own is not among them.
        init: What INIT needs, by the name of the distribution; "" for what is no
            distribution's. What has no entry is not needed.
        event: What an event needs beside that; empty if none has been seen.
    """

    distributions: Mapping[str, str]
    init: Mapping[str, Used]
    event: Mapping[str, Used]

    def text(self) -> str:
        """The file's text: an item a line, in order, with a line break at the end."""
        document = {
            "profile": _FORMAT,
            "distributions": dict(sorted(self.distributions.items())),
            "init": _document(self.init),
            "event": _document(self.event),
        }
        return json.dumps(document, indent=1) + "\n"


def union(profiles: Iterable[Profile]) -> Profile:
    """What any of several handlers needs; what one needs in INIT is no event's."""
    those = [*profiles]
    versions = {
        name: version for each in those for name, version in each.distributions.items()
    }
    init = _sums(each.init for each in those)
    event = _sums(each.event for each in those)
    return Profile(versions, init, _without(event, init))


def read_profile(path: Path) -> Profile:
    """Reads a profile.

    Raises:
        ConfigError: There is none, it cannot be read, or it is no profile.
    """
    hint = f"Write it: --profile {shown_path(path)}."
    try:
        document = json.loads(path.read_bytes())
        version = document["profile"]
        if version == _FORMAT:
            return _parsed(document)
        problem = f"{path} has format {version!r}; this version reads {_FORMAT}."
        hint = "Delete it, and write it anew: --profile; or use the version it is of."
    except FileNotFoundError:
        problem = f"{path} is not there."
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}."
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        problem = f"{path} is no profile, or a damaged one."
        hint = (
            "Delete it if it is one, and write it anew: --profile. If it is another"
            " file, name another place."
        )
    raise ConfigError([f"profile: {problem}"], hint)


def _parsed(document: dict[str, Any]) -> Profile:
    if document.keys() != _KEYS:
        raise ValueError
    versions = document["distributions"].items()
    return Profile(
        {_name(name): _text(version) for name, version in versions},
        _used(document["init"]),
        _used(document["event"]),
    )


def _document(used: Mapping[str, Used]) -> dict[str, dict[str, list[str]]]:
    return {
        name: {key: sorted(those) for key, those in each._asdict().items() if those}
        for name, each in sorted(used.items())
    }


def _used(document: Any) -> dict[str, Used]:
    found = {}
    for name, each in document.items():
        if not each.keys() <= {*Used._fields}:
            raise TypeError
        texts = {key: tuple(sorted(map(_text, those))) for key, those in each.items()}
        found[_name(name)] = Used(**texts)
    return found


def _name(value: object) -> str:
    name = _text(value)
    return canonicalize_name(name) if name else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _sums(many: Iterable[Mapping[str, Used]]) -> dict[str, Used]:
    modules: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[str]] = defaultdict(set)
    for each in many:
        for name, used in each.items():
            modules[name].update(used.modules)
            files[name].update(used.files)
    return {
        name: Used(tuple(sorted(modules[name])), tuple(sorted(files[name])))
        for name in sorted(modules)
    }


def _without(used: Mapping[str, Used], known: Mapping[str, Used]) -> dict[str, Used]:
    """Takes out what is known already; what nothing is left of goes."""
    found = {}
    for name, each in used.items():
        other = known.get(name, Used())
        left = Used(
            tuple(one for one in each.modules if one not in other.modules),
            tuple(one for one in each.files if one not in other.files),
        )
        if any(left):
            found[name] = left
    return found
