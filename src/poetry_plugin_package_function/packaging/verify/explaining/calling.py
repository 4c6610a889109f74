"""An import that calls another host, which may be right on Lambda and not here."""

from __future__ import annotations

import errno
import re

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.packaging.verify.flat_names import flat_names
from poetry_plugin_package_function.packaging.verify.importing import FRAME


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.verify.importing import Outcome
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


_UNREACHABLE: Final = frozenset(
    (
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.EADDRNOTAVAIL, errno.ETIMEDOUT, errno.ECONNREFUSED),
    )
)

_OWN: Final = frozenset(
    """
    builtins.ConnectionError builtins.TimeoutError socket.gaierror socket.herror
    ssl.SSLError http.client.HTTPException urllib.error.HTTPError
    botocore.exceptions.ClientError botocore.exceptions.WaiterError
    aiohttp.client_exceptions.ClientResponseError
    requests.exceptions.HTTPError httpx.HTTPStatusError
    google.api_core.exceptions.GoogleAPICallError google.api_core.exceptions.RetryError
    psycopg.OperationalError psycopg.errors.OperationalError psycopg2.OperationalError
    pymysql.err.OperationalError MySQLdb.OperationalError
    MySQLdb._exceptions.OperationalError mysql.connector.errors.DatabaseError
    mysql.connector.errors.InterfaceError pymssql.exceptions.OperationalError
    """.split()  # noqa: SIM905 - 21 lines otherwise
)
"""Whole names, where the last part says too little: SQLite has operational errors."""

_ANYBODYS: Final = frozenset(
    """
    AMQPConnectionError ClientConnectionError ConnectError ConnectTimeout
    ConnectTimeoutError ConnectionError ConnectionFailure ConnectionTimeout
    EndpointConnectionError HTTPClientError MaxRetryError NetworkError NetworkTimeout
    NewConnectionError NoBrokersAvailable NoHostAvailable PostgresConnectionError
    ProxyError ReadTimeout RemoteProtocolError RpcError ServerSelectionTimeoutError
    TimeoutException TransportError
    """.split()  # noqa: SIM905 - 24 lines otherwise
)
"""Last parts of names: of botocore, requests, urllib3, httpx, aiohttp, gRPC, and of
clients of databases and brokers, which are more than one can list."""

_CREDENTIALS: Final = frozenset(
    """
    ClientAuthenticationError CredentialRetrievalError CredentialUnavailableError
    DefaultCredentialsError MetadataRetrievalError NoAuthTokenError NoCredentialsError
    PartialCredentialsError TokenRetrievalError
    """.split()  # noqa: SIM905 - 9 lines otherwise
)
"""Those of AWS's, Google's and Azure's clients that have found no credentials."""

_WAITING: Final = re.compile(
    r"/(?:socket|ssl|http/client|asyncio/(?:sslproto|selector_events))\.py"
    r"|/(?:botocore|urllib3|requests|httpcore|httpx|aiohttp|grpc)/"
    r"|/(?:psycopg2?|pymysql|mysql|asyncpg|redis|pymongo)/"
)
"""The files whose frames show that what hangs waits for another host, even if nobody
has seen it call: C code opens its sockets by itself."""

_MOST_CHARACTERS: Final = 160


def calls_others(
    outcome: Outcome, place: Unpacked, is_projects: Callable[[str], bool]
) -> str:
    """Explains what failed because of another host; "" if that is not why.

    Whoever tries another way, and fails there, has failed because of the host as well:
    so any exception on the way to the last one counts.

    Args:
        outcome: How the import ended, or the call.
        place: Where the archive has been unpacked to.
        is_projects: Whether a file, by its name in a flat archive, is the project's.
    """
    answer = outcome.answer
    if answer is None:
        frames = [*_frames_of(outcome.trace)]
        is_waiting = bool(outcome.hosts) or any(
            _WAITING.search(file) for file, _ in frames
        )
        if not outcome.has_timed_out or not is_waiting:
            return ""
        place_in_code = _place_in_code([frames[::-1]], place, is_projects)
        what = f"calls {name_of_host(outcome.hosts)}"
        why = "was still waiting at the time limit"
        return _words(outcome, what, place_in_code, why)
    chain = answer.get("error", {}).get("chain", ())
    calls = [link for link in chain if _is_call(link)]
    if not calls:
        return ""
    # The last one has come the farthest, if the project has not caught it.
    ways = [link["frames"] for link in (*calls, *chain)]
    place_in_code = _place_in_code(ways, place, is_projects)
    asks = any(_last_parts(link) & _CREDENTIALS for link in calls)
    what = f"calls {name_of_host(outcome.hosts)}"
    if asks:
        what = "asks for credentials"
    return _words(outcome, what, place_in_code, f"ended there: {calls[0]['text']}")


def _is_call(link: dict[str, Any]) -> bool:
    names = _last_parts(link)
    return (
        link["errno"] in _UNREACHABLE
        or not _OWN.isdisjoint(link["classes"])
        or not names.isdisjoint(_ANYBODYS | _CREDENTIALS)
    )


def _last_parts(link: dict[str, Any]) -> set[str]:
    return {each.rpartition(".")[2] for each in link["classes"]}


def _frames_of(trace: str) -> Iterator[tuple[str, int]]:
    for line in trace.splitlines():
        if frame := FRAME.fullmatch(line):
            yield frame["file"], int(frame["line"])


def _place_in_code(
    ways: Iterable[Iterable[tuple[str, int]]],
    place: Unpacked,
    is_projects: Callable[[str], bool],
) -> str:
    """Says where the project's code was last, on the first way that has any of it.

    If none has, it is what a dependency does, and its code is named.
    """
    others = "its module"
    for way in ways:
        found = ""
        for file, line in way:
            for name in flat_names([file], place):
                if is_projects(name):
                    found = f"{name}, line {line}"
                else:
                    others = f"{name}, line {line}"
        if found:
            return found
    return others


def _words(outcome: Outcome, what: str, place_in_code: str, why: str) -> str:
    if len(why) > _MOST_CHARACTERS:
        why = f"{why[: _MOST_CHARACTERS - 1]}…"
    if outcome.is_call:
        return f"It {what} ({place_in_code}), and {why.rstrip('.')}."
    return (
        f"Its import {what} ({place_in_code}), and {why.rstrip('.')}. Each cold start"
        " on Lambda does that before the first event: what can wait belongs in the"
        " handler."
    )


def name_of_host(hosts: Sequence[str]) -> str:
    """The last host by name; what follows a name are the addresses that it has."""
    named = [each for each in hosts if not re.fullmatch(r"[\d.]+|.*:.*", each)]
    return [*hosts, *named][-1] if hosts else "another host"
