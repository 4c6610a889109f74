"""Environment variables: those that Lambda sets, and a function's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.verifier import LAYERS
from poetry_plugin_package_function.services import MEMORY_SIZES_MB


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


TASK_ROOT: Final = "/var/task"


def python_path(variables: Mapping[str, str], place: Unpacked) -> list[str] | None:
    """What the function's PYTHONPATH names here; None if it does not set it."""
    path = variables.get("PYTHONPATH")
    return None if path is None else _entries(path, place)


def environment(function: Function, place: Unpacked) -> dict[str, str]:
    """Makes a process's variables: Lambda's, and the function's; the keys open nothing.

    One whose value is not known has its name for it: on Lambda it is there, too.

    Args:
        function: What is to run in Lambda.
        place: Where the archive has been unpacked to.

    Source:
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    root = place.task_root
    variables = function.variables
    front = python_path(variables, place)
    libraries = [
        *_entries(variables.get("LD_LIBRARY_PATH", ""), place),
        *("/var/lang/lib", "/lib64", "/usr/lib64"),
        *(verifier.RUNTIME, f"{verifier.RUNTIME}/lib", root, f"{root}/lib"),
        f"{place.layers_root}/lib",
    ]
    return {
        **{name: name for name in function.unknown_variables},
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(
            function.memory_mb or MEMORY_SIZES_MB.start
        ),
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_SESSION_TOKEN": "none",
        "LANG": "C.UTF-8",  # Lambda's is en_US.UTF-8, which not every system has
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin:/bin:{place.layers_root}/bin",
        "TZ": ":UTC",
        **variables,
        # Those that hold the process together cannot be the function's.
        "HOME": place.home_dir,
        "LAMBDA_RUNTIME_DIR": verifier.RUNTIME,
        "LAMBDA_TASK_ROOT": root,
        "LD_LIBRARY_PATH": ":".join(libraries),
        "PYTHONPATH": ":".join(place.runtime_path if front is None else front),
        "TMPDIR": place.tmp_dir,
        "_HANDLER": function.handler,
    }


def _entries(path: str, place: Unpacked) -> list[str]:
    """Takes a search path apart; what is in the function or a layer is where it is."""
    return [
        _here(_here(entry, TASK_ROOT, place.task_root), LAYERS, place.layers_root)
        for entry in path.split(":")
        if entry
    ]


def _here(path: str, theirs: str, ours: str) -> str:
    is_below = f"{path}/".startswith(f"{theirs}/")
    return ours + path.removeprefix(theirs) if is_below else path
