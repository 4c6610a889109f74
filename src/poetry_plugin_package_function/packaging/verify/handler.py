"""Functions of Lambda's, and errors for handlers that are not there."""

from __future__ import annotations

import difflib

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.services import DEFAULT_TIMEOUT_S
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import Feature


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from poetry_plugin_package_function.configuration.events import Event
    from poetry_plugin_package_function.services import Service


_MOST: Final = 3
_HARDLY_DIFFERENT: Final = 0.9


@dataclass(frozen=True)
class Function:
    """What is known of a function in Lambda, but for its code.

    Attributes:
        handler: As Lambda has it: "my_func.handler.handler".
        python: The runtime's minor version, such as "3.13", to judge syntax by.
        variables: Its own environment variables.
        unknown_variables: Names of others that it has, with values that only its
            deployment knows.
        memory_mb: Its memory, if it is known.
        ephemeral_storage_mb: What it has in `/tmp`, if that is said.
        has_layers: Whether it has layers that are not packaged with it, and may bring
            more modules.
        service: What runs it; None for another cloud, of which nothing is known.
        max_init: What its INIT may take, in starts of an empty handler, if that is
            said.
        event: What it is called with once it is imported; None if it is not.
        timeout_s: What it may take for that.
    """

    handler: str
    python: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    unknown_variables: frozenset[str] = frozenset()
    memory_mb: int | None = None
    ephemeral_storage_mb: int | None = None
    has_layers: bool = False
    service: Service | None = LAMBDA
    max_init: float | None = None
    event: Event | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S

    @property
    def has_sdk(self) -> bool:
        """Whether its runtime brings an AWS SDK."""
        return self.service is not None and Feature.SDK in self.service.features

    @property
    def tmp_bytes(self) -> int | None:
        """What it has in `/tmp`; None if that is not known."""
        if self.ephemeral_storage_mb is not None:
            return self.ephemeral_storage_mb * MIB
        return self.service.ephemeral_storage_bytes if self.service else None


class Name(NamedTuple):
    """A handler's name, taken apart as the runtime does it.

    Attributes:
        module: What is imported: each "/" is a dot.
        function: The attribute of the module that is called.
    """

    module: str
    function: str


def name_of(handler: str) -> Name:
    """Takes a handler's name apart."""
    return Name(".".join(handler_parts(handler)), handler.rpartition(".")[2])


class Known(NamedTuple):
    """Names of modules that are in an archive, ordered.

    Attributes:
        own: The project's.
        others: All others.
    """

    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def like(self, module: str) -> list[str]:
        """Finds those that may be meant: the project's, or what is hardly different.

        A dependency has a thousand modules, and one of them is always a little alike.
        """
        last = module.rpartition(".")[2]
        found = dict.fromkeys(
            (
                *(each for each in self.own if each.rpartition(".")[2] == last),
                *difflib.get_close_matches(module, self.own, _MOST),
            )
        )
        return [*found][:_MOST] or difflib.get_close_matches(
            module, self.others, _MOST, _HARDLY_DIFFERENT
        )


def module_error(name: Name, message: str, known: Known) -> VerifyError:
    """Makes the error for a handler's module that is not in the archive."""
    like = known.like(name.module)
    return VerifyError(
        f"Unable to import module {name.module!r}: {message}.",
        f"Is it {' or '.join(f'{each}.{name.function}' for each in like)}?"
        if like
        else "Name the handler as package.module.function. Is the module in the"
        " archive (`packages`, `include`, `exclude`)?",
    )


def function_error(name: Name, known: Iterable[str]) -> VerifyError:
    """Makes the error for a function that its module does not have."""
    known = [*known]
    like = difflib.get_close_matches(name.function, known, 3) or known[:3]
    return VerifyError(
        f"Handler {name.function!r} missing on module {name.module!r}.",
        f"Is it {' or '.join(f'{name.module}.{each}' for each in like)}?"
        if like
        else f"Define the function in {name.module}, or import it there.",
    )
