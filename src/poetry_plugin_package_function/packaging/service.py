"""The packaging service: from an environment to finished archives and their report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import cast

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.archive.output import discarding
from poetry_plugin_package_function.packaging.archive.output import replacing
from poetry_plugin_package_function.packaging.budgets import check_budgets
from poetry_plugin_package_function.packaging.describing import Written
from poetry_plugin_package_function.packaging.describing import report_of
from poetry_plugin_package_function.packaging.describing import with_profile
from poetry_plugin_package_function.packaging.init_budget import check_init
from poetry_plugin_package_function.packaging.job import Job
from poetry_plugin_package_function.packaging.job import Part
from poetry_plugin_package_function.packaging.job import Wishes
from poetry_plugin_package_function.packaging.native.strip import Stripper
from poetry_plugin_package_function.packaging.nesting.stubs import loader_entries
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.profiles.needs import Needs
from poetry_plugin_package_function.packaging.progress import NoProgress
from poetry_plugin_package_function.packaging.shipping import missing_code
from poetry_plugin_package_function.packaging.shipping import shipped
from poetry_plugin_package_function.packaging.sources.environment import check_python
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.tree.layers import PREFIX
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.writing import write


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.archive.kept_streams import (
        KeptStreams,
    )
    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
    from poetry_plugin_package_function.packaging.writing import Measured


@dataclass(frozen=True)
class Pending:
    """Archives that are written, and not yet at their places.

    Attributes:
        report: All that is known of them.
        measured: What they take.
        outputs: Where to write what goes to the settings' targets: what describes the
            archives is left to the caller.
    """

    report: Report
    measured: Measured
    outputs: Mapping[Path, BinaryIO]


@contextmanager
def package(
    order: Order,
    progress: Progress | None = None,
    workspace: Workspace | None = None,
) -> Iterator[Pending]:
    """Writes archives and verifies them: see `write_archives` and `verified`.

    Args:
        order: What is packaged.
        progress: Is called with how far it has come.
        workspace: Where archives are unpacked to be verified, if several are.
    """
    with write_archives(order, progress) as written:
        yield verified(written, workspace)


@contextmanager
def write_archives(
    order: Order,
    progress: Progress | None = None,
    kept: KeptStreams | None = None,
    stripper: Stripper | None = None,
) -> Iterator[Written]:
    """Writes archives, which appear at their places when the block ends.

    So does all else that is written to the outputs meanwhile. On any exception, and in
    a dry run, what was there before stays.

    Args:
        order: What is packaged.
        progress: Is called with how far it has come.
        kept: What has been compressed for other functions of the run, if there are.
        stripper: What has been stripped for them.

    Raises:
        ChangedSourceError: A wheel is not the one that was installed.
        SourceError: Something cannot be read, or cannot work on Lambda.
        PackageTooLargeError: It fits neither flat nor nested.
        IncompatibleTargetError: It cannot work on its target.
        OutputError: A result cannot be written.
    """
    settings = order.settings
    progress = progress or NoProgress()
    check_python(order.environment.site_packages, settings, order.target)
    with scratch_directory() as scratch:
        included = find_included(
            settings.include, order.project.directory, matcher(settings.exclude)
        )
        what = shipped(order, included, stripper or Stripper(scratch))
        tree = what.tree
        order = _with_machine(order, tree)
        findings = _findings(tree, order)
        bytecode = _bytecode(tree, order, scratch, progress)
        opened = discarding if settings.dry_run else replacing
        with opened(*settings.targets) as outputs:
            measured = write(
                Job(
                    _parts(outputs, order),
                    tree,
                    bytecode.entries if bytecode else (),
                    order.timestamp,
                    settings.layers_size_bytes,
                    _wishes(order),
                    scratch,
                    progress,
                    kept,
                    settings.receiver,
                )
            )
            for source in order.environment.sources:
                source.check()
            missing = missing_code(tree, order)
            yield Written(
                *(order, measured, outputs, what.overlaps, findings),
                *(what.stripped, bytecode, included.passed_over),
                f"{missing.reason} {missing.hint}" if missing else "",
            )


def verified(written: Written, workspace: Workspace | None = None) -> Pending:
    """Judges what has been written: by its size, and by importing the handler.

    Args:
        written: The archives.
        workspace: Where they are unpacked, if others are there, too.

    Raises:
        BudgetError: They are larger than the user lets them be, or INIT is longer.
        VerifyError: Lambda could not import the handler.
    """
    report, settings = report_of(written), written.order.settings
    check_budgets(report, settings)  # an import may take a minute
    found = None
    if settings.handler is not None:
        from poetry_plugin_package_function.packaging.verification import verify_handler

        found = verify_handler(
            settings.handler, written.measured, written.order, workspace
        )
        check_init(found, report, settings)
    report = with_profile(replace(report, verified=found), written)
    return Pending(report, written.measured, written.outputs)


def _with_machine(order: Order, tree: Tree) -> Order:
    """Finds out what an environment that was given is for, if nobody says it."""
    if not order.is_derived:
        return order
    from poetry_plugin_package_function.packaging.audit.faults import machine_of

    return replace(order, machine=machine_of(tree.machine_code.values()))


def _findings(tree: Tree, order: Order) -> tuple[Finding, ...]:
    if order.target is None or order.settings.no_audit:
        return ()
    from poetry_plugin_package_function.packaging.audit.findings import audit
    from poetry_plugin_package_function.packaging.audit.findings import check

    # Without a machine no code is for one of those that it could be: none will do.
    target = replace(order.target, machine=order.target.machine or "x86_64")
    findings = audit(tree, target)
    if not order.is_derived:
        check(findings)
    return findings


def _bytecode(
    tree: Tree, order: Order, scratch: Path, progress: Progress
) -> Bytecode | None:
    if not order.settings.compiles:
        return None
    from poetry_plugin_package_function.packaging.bytecode.compilation import Cache
    from poetry_plugin_package_function.packaging.bytecode.compilation import compiled
    from poetry_plugin_package_function.packaging.bytecode.compilation import (
        find_interpreter,
    )

    # check_python has seen that there is one.
    python = cast("Path", order.environment.site_packages.interpreter)
    interpreter = find_interpreter(python)
    pins = {each.name: each.pin for each in tree.distributions if each.pin}
    cache = Cache(order.bytecode_dir, pins) if order.bytecode_dir else None
    entries = tree.entries
    limit_bytes = limit_for(order.settings.layers_size_bytes, order.settings.receiver)
    if layout_for(tree.size_bytes, limit_bytes) is Layout.NESTED:
        entries = (*entries, *loader_entries(tree))  # it runs in each cold start
    return compiled(entries, interpreter, cache, scratch, progress)


def _parts(outputs: Mapping[Path, BinaryIO], order: Order) -> tuple[Part, ...]:
    """Says what goes into which of the settings' archives, in their order."""
    settings = order.settings
    output = outputs[settings.output]
    if settings.layer_only:
        return (Part(output, prefix=PREFIX),)
    if settings.layer_output is None:
        return (Part(output),)
    is_of_layer = is_dependency(order.project.normalized_name)
    return (
        Part(output, lambda entry: not is_of_layer(entry)),
        Part(outputs[settings.layer_output], is_of_layer, PREFIX),
    )


def _wishes(order: Order) -> Wishes:
    """Says what is to be nested, and what is not."""
    settings, profile = order.settings, order.profile
    nest, keep_flat = (
        frozenset(map(canonicalize_name, names))
        for names in (settings.nest, settings.keep_flat)
    )
    needs = Needs(profile, order.project.normalized_name) if profile else None
    return Wishes(nest, keep_flat, settings.eager, needs)
