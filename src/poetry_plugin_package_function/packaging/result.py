"""What is known of finished archives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.tree.sdk import NOTHING_PROVIDED
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.aws.data import AwsServices
    from poetry_plugin_package_function.packaging.native.strip import Stripped
    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.plan import Layout
    from poetry_plugin_package_function.packaging.profiles.needs import Age
    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.project_code.handler_code import (
        HandlerCode,
    )
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.tree.sdk import Provided
    from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Nested
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.services import Service


class Kind(StrEnum):
    """What an archive is for."""

    FUNCTION = "function"
    LAYER = "layer"


class Layer(NamedTuple):
    """What is known of a layer's archive; sizes are in bytes.

    Attributes:
        output_file: Where it is.
        output_bytes: Its size.
        unzipped_bytes: What Lambda counts of it.
        files: How many it holds.
        sha256: Its digest, in hexadecimal.
        unread: `.pth` files in it, which Python does not obey there.
    """

    output_file: Path
    output_bytes: int
    unzipped_bytes: int
    files: int
    sha256: str
    unread: tuple[str, ...] = ()


class Guided(NamedTuple):
    """What a profile that has been used is not right about.

    Attributes:
        age: What it knows in other versions, and what it does not know.
        missing: Distributions that INIT needs, and not according to it; empty if the
            handler has not been imported.
    """

    age: Age
    missing: tuple[str, ...] = ()


class WrittenProfile(NamedTuple):
    """A profile that the run writes, or would write if it were no dry run.

    Attributes:
        file: Where it is.
        changed: Whether it is new, or says something else than before.
        text: What has become of it, in words.
    """

    file: Path
    changed: bool
    text: str


@dataclass(frozen=True)
class Report:
    """All that is known of a finished archive; sizes are in bytes.

    Each field is described in docs/report.md, but for `no_code`, a warning,
    `ephemeral_storage_mb`, a setting: what the function has in `/tmp`, if that is said,
    and `observed`: what the import of the handler has needed, if it was imported.
    """

    output_file: Path
    distribution_name: str
    layout: Layout
    output_bytes: int
    uncompressed_bytes: int
    compressed_bytes: int
    unzipped_bytes: int
    limit_bytes: int | None
    layers_size_bytes: int
    files: int
    sha256: str
    python: str | None
    source_date_epoch: int
    compressor: str
    compression_level: int
    entry_modules: tuple[str, ...]
    distributions: tuple[DistributionSize, ...]
    left_out: tuple[str, ...]
    nested: Nested | None
    bytecode: Compiled | None = None
    target: Target | None = None
    is_derived: bool = False
    chosen: Path | None = None
    provided: Provided = NOTHING_PROVIDED
    findings: tuple[Finding, ...] = ()
    verified: Verified | None = None
    stripped: Stripped | None = None
    function: str | None = None
    kind: Kind = Kind.FUNCTION
    dry_run: bool = False
    layer: Layer | None = None
    overlaps: tuple[Overlap, ...] = ()
    shadows: tuple[Shadow, ...] = ()
    superseded: tuple[Shadow, ...] = ()
    ephemeral_storage_mb: int | None = None
    passed_over: tuple[str, ...] = ()
    no_code: str = ""
    handler_code: HandlerCode | None = None
    handler_candidates: tuple[str, ...] = ()
    aws_services: AwsServices | None = None
    aws_suggestion: AwsServices | None = None
    observed: Profile | None = None
    guided: Guided | None = None
    spared_bytes: int = 0
    written_profile: WrittenProfile | None = None

    @property
    def service(self) -> Service | None:
        """Whose limits hold: Lambda's where this machine's own build is packaged."""
        return self.target.service if self.target else LAMBDA

    @property
    def own_layer(self) -> Layer | None:
        """The layer that has been packaged with the function; None for one alone."""
        return self.layer if self.kind is Kind.FUNCTION else None


class Compiled(NamedTuple):
    """What has been compiled.

    Attributes:
        python: The interpreter's full version: another one makes other bytecode.
        files: How many `.pyc` files are shipped.
        size_bytes: The sum of them.
        skipped: Names of sources that do not compile.
        left_out: Distributions whose bytecode did not fit; "" for files that are no
            distribution's.
    """

    python: str
    files: int
    size_bytes: int
    skipped: tuple[str, ...]
    left_out: tuple[str, ...]
