"""An emulation of AWS Lambda that runs a finished ZIP on this machine.

The ZIP is unpacked as Lambda unpacks it (`unpack`), AWS's own runtime interface
client (`awslambdaric`, in an environment of its own: `client_environment`) imports
the handler out of it, and a Runtime API on loopback feeds it events (`run`).
`python -m tests.lambda_runtime ARCHIVE HANDLER [EVENT_JSON]` does all of it.

What is emulated: the Runtime API, the client and the order of `sys.path` that
`/var/runtime/bootstrap.py` sets up, `.pth` files in the task root included; a task
root that cannot be written; an unprivileged user; a `/tmp` of its own (by `TMPDIR`);
Lambda's environment variables; layers, below `/opt`. What is not: Amazon Linux, memory
and CPU limits, and the other limits of the service. Linux only.
"""

from __future__ import annotations

from tests.lambda_runtime.client_environment import AWSLAMBDARIC_VERSION
from tests.lambda_runtime.client_environment import ClientEnvironmentError
from tests.lambda_runtime.client_environment import client_environment
from tests.lambda_runtime.client_environment import default_cache_dir
from tests.lambda_runtime.client_process import Client
from tests.lambda_runtime.client_process import Ended
from tests.lambda_runtime.client_process import running
from tests.lambda_runtime.lambda_user import UnreachableError
from tests.lambda_runtime.runner import LambdaTimeoutError
from tests.lambda_runtime.runner import Outcome
from tests.lambda_runtime.runner import Result
from tests.lambda_runtime.runner import run
from tests.lambda_runtime.runtime_api import Answered
from tests.lambda_runtime.runtime_api import Asked
from tests.lambda_runtime.runtime_api import Exited
from tests.lambda_runtime.runtime_api import InitFailed
from tests.lambda_runtime.runtime_api import RuntimeApi
from tests.lambda_runtime.task_root import UnpackError
from tests.lambda_runtime.task_root import Workspace
from tests.lambda_runtime.task_root import remove_tree
from tests.lambda_runtime.task_root import unpack
from tests.lambda_runtime.task_root import workspace


__all__ = [
    "AWSLAMBDARIC_VERSION",
    "Answered",
    "Asked",
    "Client",
    "ClientEnvironmentError",
    "Ended",
    "Exited",
    "InitFailed",
    "LambdaTimeoutError",
    "Outcome",
    "Result",
    "RuntimeApi",
    "UnpackError",
    "UnreachableError",
    "Workspace",
    "client_environment",
    "default_cache_dir",
    "remove_tree",
    "run",
    "running",
    "unpack",
    "workspace",
]
