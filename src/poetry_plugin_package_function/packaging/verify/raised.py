"""Describes what the user's code has raised, in the process that verifies.

The verifier loads it when there is something to describe. It is shipped as data and
uses the standard library only, of Python 3.10 or later; what it imports is there.
"""

from __future__ import annotations

import os
import traceback


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


LOADER = (
    "/.dependencies/loader.py",
    "/.dependencies/extraction.py",
    "/.dependencies/located.py",
)
STUB = "_package_function"
OURS = tuple(
    os.path.join(os.path.dirname(__file__), f"{name}.py")
    for name in ("invocation", "raised", "verifier")
)


def description_of(error: BaseException) -> dict[str, Any]:
    """Describes an exception.

    Returns:
        `kind`, the most special of the classes that are told apart; `text`, its class
        and message; `message`; `trace`, the traceback without frames that are not the
        user's, "" if none is left; `absent`, all modules that were missing on the way
        to it; `chain`, each exception on the way to it, itself first: see `_link_of`;
        `variables`, the environment variables that were missing on that way.
    """
    kinds = (SystemExit, SyntaxError, MemoryError, ModuleNotFoundError, ImportError)
    kind = next((each.__name__ for each in kinds if isinstance(error, each)), "")
    summary = traceback.TracebackException.from_exception(error)
    _cut(summary)
    try:
        message = str(error)
    except Exception:
        message = ""
    text = "".join(summary.format_exception_only()).rstrip()
    has_context = summary.__context__ and not summary.__suppress_context__
    if summary.stack or summary.__cause__ or has_context:
        trace = "".join(summary.format())
    else:
        trace = text if kind == "SyntaxError" else ""
    return {
        "kind": kind,
        "text": text,
        "message": message,
        "trace": trace,
        "absent": [
            each.name
            for each in _chain(error)
            if isinstance(each, ModuleNotFoundError) and each.name
        ],
        "chain": [*map(_link_of, _chain(error))],
        "variables": [
            name for each in _chain(error) for name in variables_missing_in(each)
        ],
    }


def _link_of(error: BaseException) -> dict[str, Any]:
    """Describes an exception on the way to another one.

    Returns:
        `classes`, the names of its own and of all that it is derived from; `errno`, if
        it is the system's; `text`, its class and message in a line; `frames`, files
        and lines that it has come through, without those that are not the user's.
    """
    number = error.errno if isinstance(error, OSError) else None
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = ""
    name = type(error).__name__
    return {
        "classes": [
            f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__
        ],
        "errno": number if isinstance(number, int) else None,
        "text": f"{name}: {message}" if message else name,
        "frames": [
            [frame.f_code.co_filename, line]
            for frame, line in traceback.walk_tb(error.__traceback__)
            if not is_ours(frame.f_code.co_filename, frame.f_code.co_name)
        ],
    }


def variables_missing_in(error: BaseException) -> list[str]:
    """Names the environment variables that an exception is about, as far as it shows.

    That of `os.environ[...]`, or those of fields that a class of pydantic's settings
    has no value for, or any model that is made of `os.environ`. What others say in
    words is left to who reads these.
    """
    if error.__traceback__ is None:
        return []
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    try:
        if isinstance(error, KeyError):
            last = frames[-1]
            is_environ = (
                last.f_globals.get("__name__") == "os"
                and last.f_code.co_name == "__getitem__"
            )
            names = error.args[:1] if is_environ else ()
            return [name for name in names if isinstance(name, str)]
        if type(error).__name__ == "ValidationError":
            settings = getattr(error, "model", None) or _settings_in(frames)
            found = [*_unset_fields(settings, error)] if settings else []
            return found or [*_absent_of_environment(error)]
    except Exception:
        return []  # whatever the user's classes are
    return []


def _absent_of_environment(error: Any) -> Iterator[str]:
    """The variables that a model lacks which is made of all that there are."""
    for each in error.errors():
        given = each.get("input")
        if each["type"] == "missing" and given == os.environ and len(each["loc"]) == 1:
            yield str(each["loc"][0])


def _settings_in(frames: list[Any]) -> Any:
    """The class of pydantic's settings that is being made; None if there is none.

    Which one has failed, version 2 says by name only.
    """
    for frame in reversed(frames):
        for name in ("__pydantic_self__", "self"):
            kind = type(frame.f_locals.get(name))
            if any(each.__name__ == "BaseSettings" for each in kind.__mro__):
                return kind
    return None


def _unset_fields(settings: Any, error: Any) -> Iterator[str]:
    """The variables that fields without a value are read from, in pydantic 1 and 2.

    A field that has an alias is read from that, else from its name with a prefix.
    """
    if not any(each.__name__ == "BaseSettings" for each in settings.__mro__):
        return
    config = getattr(settings, "model_config", None)
    for each in error.errors():
        if each["type"] not in ("missing", "value_error.missing"):
            continue
        first, *rest = map(str, each["loc"])
        if config is None:
            for field in settings.__fields__.values():
                if field.alias == first:
                    yield min(field.field_info.extra["env_names"]).upper()
            continue
        delimiter = config.get("env_nested_delimiter")
        if rest and not delimiter:
            continue  # it has a value, of JSON, with less in it
        prefix = config.get("env_prefix") if first in settings.model_fields else ""
        name = f"{prefix or ''}{(delimiter or '').join((first, *rest))}"
        yield name if config.get("case_sensitive") else name.upper()


def is_ours(file: str, function: str) -> bool:
    """Whether a frame is the verifier's, the loader's, a stub's, or of `importlib`."""
    return (
        file.startswith("<frozen importlib")
        or file.endswith(("/importlib/__init__.py", *LOADER, *OURS))
        or function == STUB
    )


def _cut(summary: traceback.TracebackException) -> None:
    """Removes frames that are not the user's, and those of all it came from."""
    pending: list[traceback.TracebackException | None] = [summary]
    while pending:
        each = pending.pop()
        if each is None:
            continue
        frames = list(each.stack)
        each.stack[:] = [
            frame
            for frame, inner in zip(frames, [*frames[1:], None], strict=False)
            if not is_ours(frame.filename, frame.name)
            and not (inner is not None and inner.name == STUB)
        ]
        pending += [each.__cause__, each.__context__]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """All that an exception came from, itself first."""
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and not any(each is other for other in seen):
            seen.append(each)
            yield each
            pending += [each.__context__, each.__cause__]
