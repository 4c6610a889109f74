"""What a failed import means: an error with advice, or something others bring."""

from __future__ import annotations

import posixpath
import re

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.aws.data import services_line
from poetry_plugin_package_function.packaging.tree.standard_library import (
    standard_modules,
)
from poetry_plugin_package_function.packaging.verify.explaining.absent import way_to
from poetry_plugin_package_function.packaging.verify.explaining.absent import (
    way_to_part,
)
from poetry_plugin_package_function.packaging.verify.explaining.calling import (
    name_of_host,
)
from poetry_plugin_package_function.packaging.verify.explaining.failed import PROVIDED
from poetry_plugin_package_function.packaging.verify.explaining.failed import top_of
from poetry_plugin_package_function.packaging.verify.handler import function_error
from poetry_plugin_package_function.packaging.verify.handler import module_error
from poetry_plugin_package_function.packaging.verify.importing import ending
from poetry_plugin_package_function.packaging.verify.variables import TASK_ROOT
from poetry_plugin_package_function.packaging.verify.verifier import LAYERS
from poetry_plugin_package_function.packaging.verify.verifier import RUNTIME


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.verify.explaining.failed import (
        Failure,
    )
    from poetry_plugin_package_function.packaging.verify.handler import Name
    from poetry_plugin_package_function.packaging.verify.importing import Outcome
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


def failure(failed: Failure) -> VerifyError:
    """Makes the error for a handler that Lambda could not import or call."""
    name, outcome, task = failed.name, failed.outcome, failed.task
    answer = outcome.answer
    if answer is None:
        error = _ended(name, outcome, task.time_limit_s)
    elif "error" in answer:
        error = _raised(failed, answer["error"])
    elif "functions" in answer:
        error = function_error(name, answer["functions"])
    else:
        error = VerifyError(
            f"Handler {name.function!r} of module {name.module!r} cannot be called.",
            "Name a function, or an object with a __call__ method.",
        )
    return with_output(error, outcome.output, task.place)


def with_output(error: VerifyError, output: str, place: Unpacked) -> VerifyError:
    """Adds what the user's code has written; paths are as on Lambda.

    The directories here are gone by then.
    """
    reason = error.reason
    if output:
        reason += f"\n\nIts last output:\n{output}"
    reason = as_on_lambda(reason, place)
    return VerifyError(reason.expandtabs().splitlines(), error.hint)


def as_on_lambda(text: str, place: Unpacked) -> str:
    """Puts Lambda's paths for those that there are here."""
    for ours, lambdas in (
        (place.task_root, TASK_ROOT),
        *((each, RUNTIME) for each in place.runtime_path),
        (place.layers_root, LAYERS),
        (place.tmp_dir, "/tmp"),  # noqa: S108 - it is only shown
        (place.home_dir, "/home/user"),
    ):
        text = text.replace(ours, lambdas)
    return text


def _raised(failed: Failure, error: dict[str, Any]) -> VerifyError:
    """Makes the error for an exception of the user's."""
    name = failed.name
    kind, text, message = error["kind"], error["text"], error["message"]
    shown = message if kind == "ImportError" else text
    first = f"Unable to import module {name.module!r}: {shown}"
    if kind == "ModuleNotFoundError":
        first, hint = _missing(failed, error)
    else:
        hint = known_hint(failed, error)
    if kind == "SyntaxError":
        first = f"Syntax error in module {name.module!r}: {message}"
        hint = hint or "Fix the file. Is its syntax that of the target's Python?"
    if hint:
        pass
    elif kind == "SystemExit":
        hint = "Do not call sys.exit while the module is imported."
    elif kind == "MemoryError":
        hint = "Load less while the module is imported."
    else:
        hint = (
            "Fix what the traceback shows. If it needs a variable of the function,"
            " give it one; if it needs a service, call that in the handler."
        )
        if failed.outcome.hosts:
            hint += f" It has called {name_of_host(failed.outcome.hosts)} before."
        if unknown := sorted(failed.task.function.unknown_variables):
            hint += f" It had made-up values for {', '.join(unknown)}."
    return VerifyError(f"{first}\n\n{error['trace']}".rstrip(), hint)


def known_hint(failed: Failure, error: dict[str, Any]) -> str:
    """Says what helps, whenever this is raised; "" if nothing special does."""
    kind, text, message = error["kind"], error["text"], error["message"]
    if hint := _shadow_hint(failed, error):
        return hint
    match kind:
        case "ModuleNotFoundError":
            return _missing(failed, error)[1]
        case "ImportError" | "" if library := _library(message):
            return _library_hint(library, failed.modules.files)
        case "ImportError":
            return _import_hint(message)
        # The code has named a file by its path on Lambda.
        case "" if text.startswith("FileNotFoundError") and f"{TASK_ROOT}/" in text:
            return (
                f"Here the archive is not in {TASK_ROOT}. Let the code find its files"
                " by __file__, importlib.resources or the variable LAMBDA_TASK_ROOT."
            )
    return _services_hint(failed, text)


def _shadow_hint(failed: Failure, error: dict[str, Any]) -> str:
    """What to do if the last file of a trace takes the place of one of Python's own.

    That is the project's: no dependency's is shipped.
    """
    if error["kind"] not in ("SyntaxError", "ImportError", ""):
        return ""
    root = re.escape(failed.task.place.task_root)
    files = re.findall(rf"{root}/([^/\"\s)]+?(?:\.py|/__init__\.py))", error["trace"])
    file = files[-1] if files else ""
    top = re.split(r"[./]", file)[0]
    entry = failed.modules.entries.get(file)
    own = failed.origin and failed.origin.project.normalized_name
    is_own = entry is not None and entry.distribution in (None, own)
    if not is_own or top not in standard_modules(failed.task.function.python):
        return ""
    return (
        f"The project has {file}, which Lambda finds before Python's own {top}. Give it"
        " another name."
    )


def _services_hint(failed: Failure, text: str) -> str:
    """What to do if the data of one of AWS's services is left out; "" if it is not."""
    services = failed.origin.settings.aws_services if failed.origin else None
    unknown = _UNKNOWN_SERVICE.search(text)
    if not services or not unknown:
        return ""
    return (
        f"Write {services_line((*services, unknown[1] or unknown[2]))} instead: what it"
        " does not name is left out."
    )


_UNKNOWN_SERVICE: Final = re.compile(
    r"UnknownServiceError: Unknown service: '([^']+)'"
    r"|ResourceNotExistsError: The '([^']+)' resource does not exist"
)
"""Sources: botocore/exceptions.py and boto3/exceptions.py"""


def _missing(failed: Failure, error: dict[str, Any]) -> tuple[str, str]:
    """Words for a missing module: what is wrong, and what to do."""
    name, modules, origin = failed.name, failed.modules, failed.origin
    missing = error["absent"][0] if error["absent"] else ""
    if f"{name.module}.".startswith(f"{missing}."):
        wrong = module_error(name, error["message"], modules.known)
        return wrong.reason, wrong.hint
    first = f"Unable to import module {name.module!r}: {error['message']}"
    top = top_of(missing)
    if top in map(top_of, modules.names):
        way = way_to_part(missing, origin) if origin else ""
        return first, way or (
            f"The archive has {top}, but not {missing}. Is that packaged (`packages`,"
            " `include`, `exclude`), and the distribution's version the right one?"
        )
    if top in PROVIDED and failed.task.function.has_sdk:
        return first, (
            f"The environment's {top} stands for the one that Lambda's runtime brings,"
            f" and has no {missing}. Is its version the right one?"
        )
    imported = _as_imported(missing, error["trace"])
    way = way_to(imported, origin, failed.shipped) if origin else ""
    return first, way or (
        f"Add the distribution that has {top} to the project's dependencies. If it is"
        " there: is its group or extra packaged, or does `exclude` leave it out?"
    )


def _as_imported(missing: str, trace: str) -> str:
    """The whole name of a module of which the top is missing, as the last line has it.

    Of google.cloud.storage the exception only says that there is no google.
    """
    name = re.escape(missing)
    found = re.findall(
        rf"\b(?:from|import)\s+({name}[\w.]*)(?:\s+import\s+(\w+))?", trace
    )
    return ".".join(filter(None, found[-1])) if found else missing


def _import_hint(message: str) -> str:
    if "could not be extracted" in message:
        return "Make the package smaller, or see what the message says."
    if "failed to map segment" in message:
        return (
            "The directory for temporary files does not allow to execute what is in"
            " it: set TMPDIR to another one."
        )
    return (
        "Are the versions of the distributions in the traceback meant to go together?"
    )


def _library(message: str) -> str:
    """The shared library that glibc's dynamic linker has not found; "" if none."""
    found = re.match(r"(.+?): cannot open shared object file", message)
    return posixpath.basename(found[1]) if found else ""


def _library_hint(library: str, files: tuple[str, ...]) -> str:
    there = [file for file in files if posixpath.basename(file) == library]
    if there:
        return (
            f"The archive has it as {', '.join(there)}, where whatever needs it does"
            " not look: neither its own search path (DT_RPATH, DT_RUNPATH) nor"
            " LD_LIBRARY_PATH leads there. Try another version or wheel of the"
            ' distribution, or put a copy into the archive\'s "lib" with `include`.'
        )
    return (
        "The package lacks a shared library. Look for a distribution that brings it, or"
        ' put it into the archive\'s "lib" with `include`.'
    )


def _ended(name: Name, outcome: Outcome, time_limit_s: float) -> VerifyError:
    """Makes the error for a process that said nothing any more."""
    how = ending(outcome.status)
    if outcome.status is None:
        how = f"it takes longer than the time limit of {time_limit_s:.3g} s"
        hint = "What waits for something, or works for long, belongs in the handler."
    elif outcome.status >= 0:
        hint = "Do not call os._exit while the module is imported."
    elif outcome.was_killed:
        hint = "Has this machine run out of memory? Load less at import."
    else:
        hint = (
            "Native code has crashed: try another version of the distribution that the"
            " trace shows, or another wheel of it."
        )
    first = f"Unable to import module {name.module!r}: {how}."
    return VerifyError(f"{first}\n\n{outcome.trace}".rstrip(), hint)
