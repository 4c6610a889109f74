"""From what has been written to the report of it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

import deflate as libdeflate

from poetry_plugin_package_function.packaging.nesting.writing import spared_bytes
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.profiles.needs import Needs
from poetry_plugin_package_function.packaging.profiles.needs import age_of
from poetry_plugin_package_function.packaging.profiles.observed import observed
from poetry_plugin_package_function.packaging.project_code.candidates import candidates
from poetry_plugin_package_function.packaging.result import Compiled
from poetry_plugin_package_function.packaging.result import Guided
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.result import Layer
from poetry_plugin_package_function.packaging.result import Report
from poetry_plugin_package_function.packaging.tree.dependency_paths import (
    dependency_paths,
)
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.tree.layers import unread_path_files
from poetry_plugin_package_function.packaging.tree.standard_library import shadows


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
    from poetry_plugin_package_function.packaging.job import Job
    from poetry_plugin_package_function.packaging.native.strip import Stripped
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.writing import Measured


@dataclass(frozen=True)
class Written:
    """Archives that are written, and not yet verified.

    Attributes:
        order: What they are made of.
        measured: What is known of them.
        outputs: Where to write what goes to the settings' targets.
        overlaps: Files that several distributions have.
        findings: Of the audit.
        stripped: What has been stripped, if anything was to be.
        bytecode: What has been compiled, if anything was to be.
        passed_over: What `include` finds, and is shipped only if it is named.
        no_code: Why there may be nothing to run, and what to do; "" if there is.
    """

    order: Order
    measured: Measured
    outputs: Mapping[Path, BinaryIO]
    overlaps: tuple[Overlap, ...]
    findings: tuple[Finding, ...]
    stripped: Stripped | None
    bytecode: Bytecode | None
    passed_over: tuple[str, ...] = ()
    no_code: str = ""


def report_of(written: Written) -> Report:
    """Puts together all that is known of archives before the handler is imported."""
    order, measured, bytecode = written.order, written.measured, written.bytecode
    settings, project, job = order.settings, order.project, measured.job
    parts = dict(zip(settings.archives, measured.parts, strict=True))
    return Report(
        output_file=settings.output,
        distribution_name=project.distribution_name or settings.output.stem,
        function=settings.function,
        kind=Kind.LAYER if settings.layer_only else Kind.FUNCTION,
        dry_run=settings.dry_run,
        layout=Layout.NESTED if measured.nested else Layout.FLAT,
        output_bytes=parts[settings.output].output_bytes,
        uncompressed_bytes=job.size_bytes,
        compressed_bytes=measured.compressed_bytes,
        unzipped_bytes=measured.unzipped_bytes,
        limit_bytes=limit_for(settings.layers_size_bytes, settings.receiver),
        layers_size_bytes=settings.layers_size_bytes,
        files=len(job.entries),
        sha256=parts[settings.output].sha256,
        python=order.python,
        source_date_epoch=order.timestamp.epoch_s,
        compressor=f"deflate {libdeflate.__version__}",
        compression_level=measured.level,
        entry_modules=tuple(module.name for module in job.tree.entry_modules),
        distributions=_distributions(order, measured),
        left_out=tuple(each.name for each in job.tree.left_out),
        nested=measured.nested,
        bytecode=_compiled(bytecode, job) if bytecode else None,
        target=order.target,
        is_derived=order.is_derived,
        chosen=order.chosen,
        provided=job.tree.provided,
        findings=written.findings,
        stripped=written.stripped,
        layer=_layer(order, measured) if job.has_layer else None,
        overlaps=written.overlaps,
        shadows=shadows(job.tree.entries, order.python),
        superseded=job.tree.superseded,
        ephemeral_storage_mb=settings.ephemeral_storage_mb,
        passed_over=written.passed_over,
        no_code=written.no_code,
        handler_code=order.code,
        handler_candidates=_candidates(order, measured),
        aws_services=job.tree.aws_services,
        aws_suggestion=job.tree.aws_suggestion,
    )


def _candidates(order: Order, measured: Measured) -> tuple[str, ...]:
    if order.settings.handler is not None or order.settings.layer_only:
        return ()
    return candidates(measured.job.entries, order.project.normalized_name)


def _distributions(order: Order, measured: Measured) -> tuple[DistributionSize, ...]:
    """Adds what is known of distributions beside their sizes."""
    project_name = order.project.normalized_name
    shipped = measured.job.tree.distributions
    paths = dependency_paths(shipped, project_name, order.project.direct)
    units = measured.nested.units if measured.nested else ()
    nested = {
        name
        for unit in units
        if not (unit.tests or unit.extension)
        for name in unit.names
    }
    return tuple(
        each._replace(
            path=paths.get(each.name, ()),
            nested=each.name in nested,
            layer=measured.job.has_layer and each.name not in ("", project_name),
        )
        for each in measured.distributions
    )


def _layer(order: Order, measured: Measured) -> Layer:
    is_of_layer = is_dependency(order.project.normalized_name)
    names = (each.name for each in measured.job.entries if is_of_layer(each))
    place = order.settings.archives[-1]
    return Layer(place, *measured.parts[-1], unread_path_files(names))


def _compiled(bytecode: Bytecode, job: Job) -> Compiled:
    shipped, needs = job.bytecode, job.wishes.needs
    there = {each.name for each in shipped}
    return Compiled(
        bytecode.python,
        len(shipped),
        sum(each.size_bytes for each in shipped),
        bytecode.skipped,
        tuple(
            sorted(
                {
                    each.distribution or ""
                    for each in bytecode.entries
                    if each.name not in there
                    and (needs is None or needs.of_bytecode(each))
                }
            )
        ),
    )


def with_profile(report: Report, written: Written) -> Report:
    """Adds what a profile is right about, or would bring.

    Args:
        report: It knows whether the handler has been imported.
        written: The archives.
    """
    seen = _observed(report, written)
    profile = written.order.profile
    if profile is None:
        return replace(report, observed=seen, spared_bytes=_spared(seen, written))
    project_name = written.order.project.normalized_name
    shipped = written.measured.job.tree.distributions
    age = age_of(profile, (each for each in shipped if each.name != project_name))
    if not written.order.runs_here:
        # Markers may keep these from any machine that could write a profile.
        age = replace(age, unknown=())
    missing = sorted(
        filter(None, (seen.init.keys() if seen else {}) - profile.init.keys())
    )
    return replace(report, observed=seen, guided=Guided(age, tuple(missing)))


def _observed(report: Report, written: Written) -> Profile | None:
    verified, job = report.verified, written.measured.job
    if verified is None or not verified.is_complete:
        return None
    return observed(
        job.tree.entries,
        job.tree.distributions,
        written.order.project.normalized_name,
        verified.init_files,
        verified.event_files,
    )


def _spared(seen: Profile | None, written: Written) -> int:
    """What INIT would not have to extract with a profile; 0 if that is not known."""
    measured = written.measured
    if seen is None or measured.nested is None:
        return 0
    return spared_bytes(
        measured.job,
        measured.nested.units,
        measured.zipped_bytes,
        Needs(seen, written.order.project.normalized_name),
    )
