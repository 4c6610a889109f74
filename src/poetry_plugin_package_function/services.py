"""Services that take archives of Python: what each allows and brings, as data.

All sizes are in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.runtimes import AMAZON_LINUX_2023
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Runtime
from poetry_plugin_package_function.runtimes import Target


class Feature(Enum):
    """What not every service has, and options are about; the value completes a "no"."""

    LAYERS = "layers"
    NESTING = "nested ZIPs"
    SDK = "AWS SDK of its own"
    MEMORY = "memory that can be chosen"
    STORAGE = "size of /tmp that can be chosen"
    EVENTS = "handlers that are called with an event"


@dataclass(frozen=True, repr=False)
class Service:
    """A service that takes a ZIP of Python and its dependencies.

    Attributes:
        key: What the option `target` calls it.
        name: What messages call it.
        unzipped_limit_bytes: What all files must stay *below*.
        zipped_limit_bytes: What the ZIP must not be larger than; None if that follows
            from the limit of what is unzipped.
        direct_upload_limit_bytes: The largest ZIP that needs no bucket; None if all do.
        runtimes: The oldest first.
        architectures: By the names that it has for them; the first is the default.
        init_limit_s: What INIT may take.
        beyond_init_limit: What happens then, as messages say it after the name.
        ephemeral_storage_bytes: What `/tmp` has if nothing is said; None if that is not
            known.
        max_ephemeral_storage_bytes: What it can have; None if that is not known.
        features: What it has of what not every service has.
    """

    key: str
    name: str
    unzipped_limit_bytes: int
    zipped_limit_bytes: int | None
    direct_upload_limit_bytes: int | None
    runtimes: tuple[Runtime, ...]
    architectures: tuple[str, ...]
    init_limit_s: float
    beyond_init_limit: str
    ephemeral_storage_bytes: int | None
    max_ephemeral_storage_bytes: int | None
    features: frozenset[Feature]

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def runtime(self, python: str | None) -> Runtime | None:
        """Finds the runtime of a minor version of Python, such as "3.13"."""
        return next((each for each in self.runtimes if each.python == python), None)

    @property
    def runtime_names(self) -> str:
        """Lists its runtimes, for messages."""
        return ", ".join(each.name for each in self.runtimes)

    def target(self, runtime: Runtime, machine: str) -> Target:
        """Makes a target of one of its runtimes.

        Args:
            runtime: One of its own.
            machine: What Linux calls the architecture; "" if it is not known.
        """
        return Target(runtime.python, machine, runtime.system, runtime, self)


MEMORY_SIZES_MB: Final = range(128, 32_769)
"""What `MemorySize` may be: up to 10,240 but for functions on Managed Instances.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html, and the
service model of botocore 1.44.8 for the largest.
"""

EPHEMERAL_STORAGE_MIB: Final = range(512, 10_241)
"""What `EphemeralStorage.Size` may be, but for functions with an accelerator.

With `AcceleratorConfig` the service model of botocore 1.44.8 allows 32,768 MiB.
"""

TIMEOUTS_S: Final = range(1, 901)
"""What `Timeout` may be.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
"""

DEFAULT_TIMEOUT_S: Final = 3
"""What it is if nothing is said. Source: ibid."""

LAMBDA: Final = Service(
    key="lambda",
    name="Lambda",
    unzipped_limit_bytes=250 * MIB,
    zipped_limit_bytes=None,
    direct_upload_limit_bytes=50 * MIB,
    runtimes=tuple(RUNTIMES.values()),
    architectures=tuple(ARCHITECTURES),
    init_limit_s=10.0,
    beyond_init_limit="ends it after {allowed} on demand",
    ephemeral_storage_bytes=EPHEMERAL_STORAGE_MIB[0] * MIB,
    max_ephemeral_storage_bytes=EPHEMERAL_STORAGE_MIB[-1] * MIB,
    features=frozenset(Feature),
)
"""AWS Lambda.

Its message is "Unzipped size must be smaller than 262144000 bytes": function and all
its layers. INIT that takes longer is started over, within the function's time-out.
Sources, under https://docs.aws.amazon.com/lambda/latest/dg/: the sizes in
gettingstarted-limits.html, INIT in lambda-runtime-environment.html, the first size of
`/tmp` in configuration-ephemeral-storage.html.
"""

AGENTCORE: Final = Service(
    key="agentcore",
    name="AgentCore",
    unzipped_limit_bytes=750 * MIB,
    zipped_limit_bytes=250 * MIB,
    direct_upload_limit_bytes=None,
    runtimes=(
        Runtime("python3.10", AMAZON_LINUX_2023, date(2026, 6, 30)),
        Runtime("python3.11", AMAZON_LINUX_2023, date(2026, 6, 30)),
        Runtime("python3.12", AMAZON_LINUX_2023, date(2028, 10, 31)),
        Runtime("python3.13", AMAZON_LINUX_2023, date(2029, 6, 30)),
        Runtime("python3.14", AMAZON_LINUX_2023, date(2030, 6, 30)),
    ),
    architectures=("arm64",),
    init_limit_s=30.0,
    beyond_init_limit="has been seen to end it after {allowed}",
    ephemeral_storage_bytes=None,
    max_ephemeral_storage_bytes=None,
    features=frozenset(),
)
"""Amazon Bedrock AgentCore Runtime, with direct code deployment.

Sources, under https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/: the sizes
in bedrock-agentcore-limits.html, runtimes and system in
runtime-code-deploy-supported-runtimes.html, the rest in
runtime-get-started-code-deploy-python.html. Of INIT's limit none of them
speaks. Messages of the service that users have reported name 30 s
(https://github.com/awslabs/fullstack-solution-template-for-agentcore/issues/93) or 60 s
(https://github.com/aws/bedrock-agentcore-starter-toolkit/issues/356). The shorter one
counts, and what takes longer is a warning. That it starts Python with the code's
directory among those whose `.pth` files are obeyed is written nowhere: so nothing is
nested for it.
"""

SERVICES: Final = {each.key: each for each in (LAMBDA, AGENTCORE)}
"""By what the option `target` calls them."""
