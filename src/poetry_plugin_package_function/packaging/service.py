"""The packaging service: from an environment to finished archives and their report."""

from __future__ import annotations

from contextlib import contextmanager
from contextlib import nullcontext
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import cast

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.archive.output import discarding
from poetry_plugin_package_function.packaging.archive.output import replacing
from poetry_plugin_package_function.packaging.archive.overwriting import (
    refuse_overwriting,
)
from poetry_plugin_package_function.packaging.aws.data import has_data
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
from poetry_plugin_package_function.packaging.nesting.stubs import refuse_own_names
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.profiles.needs import Needs
from poetry_plugin_package_function.packaging.progress import NoProgress
from poetry_plugin_package_function.packaging.project_code.missing import no_code
from poetry_plugin_package_function.packaging.sources.environment import check_python
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.packaging.sources.modules import known_modules
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.tree.assemble import Selection
from poetry_plugin_package_function.packaging.tree.assemble import assemble
from poetry_plugin_package_function.packaging.tree.layers import PREFIX
from poetry_plugin_package_function.packaging.tree.layers import check_halves
from poetry_plugin_package_function.packaging.tree.layers import dependencies_of
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.tree.layers import is_metadata
from poetry_plugin_package_function.packaging.tree.metadata import with_stable_metadata
from poetry_plugin_package_function.packaging.tree.overlaps import overlaps
from poetry_plugin_package_function.packaging.tree.sdk import SDK
from poetry_plugin_package_function.packaging.writing import write
from poetry_plugin_package_function.services import DEFAULT_TIMEOUT_S


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.archive.kept_streams import (
        KeptStreams,
    )
    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
    from poetry_plugin_package_function.packaging.native.strip import Stripped
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.sources.included import IncludedSource
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Measured


@dataclass(frozen=True)
class Pending:
    """Archives that are written, and not yet at their places.

    Attributes:
        report: All that is known of them.
        files: What each file in them takes.
        outputs: Where to write what goes to the settings' targets: what describes the
            archives is left to the caller.
    """

    report: Report
    files: tuple[FileSize, ...]
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
        tree, found_overlaps, stripped = _tree(
            order, included, stripper or Stripper(scratch)
        )
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
            missing = _missing_code(tree, order)
            yield Written(
                *(order, measured, outputs, found_overlaps, findings),
                *(stripped, bytecode, included.passed_over),
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
    report = report_of(written)
    check_budgets(report, written.order.settings)  # an import may take a minute
    found = _verified(written.measured, written.order, workspace)
    if found is not None:
        check_init(found, report, written.order.settings)
    files = tuple(written.measured.files())
    report = with_profile(replace(report, verified=found), written)
    return Pending(report, files, written.outputs)


def _tree(
    order: Order, included: IncludedSource, stripper: Stripper
) -> tuple[Tree, tuple[Overlap, ...], Stripped | None]:
    """Finds what is shipped."""
    settings, name = order.settings, order.project.normalized_name
    targets = frozenset(map(str, settings.targets))
    results = targets.union(map(str, settings.results))
    selection = Selection(
        name,
        order.environment.seeds,
        order.environment.only,
        settings.exclude,
        settings.excludes_provided,
        settings.provided_version,
        results.union(map(str, settings.profiles)),
        order.python,
    )
    found_code = (order.code,) if order.code else ()
    tree = assemble((*order.environment.sources, included, *found_code), selection)
    tree = _with_aws_services(tree, order)
    found_overlaps = overlaps(tree)
    stripped = None
    if settings.strips:
        entries, stripped = stripper.strip(tree.entries)
        tree = replace(tree, entries=tuple(entries))
    tree = with_stable_metadata(tree, name)
    refuse_overwriting(tree, results, targets)
    if order.needs_code and (error := _missing_code(tree, order)):
        raise error
    if not tree.entries:
        place = order.environment.site_packages.directories[0]
        raise SourceError(
            f"There is nothing to package in {place}.",
            "Add dependencies, `packages` or `include`, or look at `exclude`.",
        )
    refuse_own_names(tree)
    is_of_layer = is_dependency(name)
    if settings.layer_only:
        tree = dependencies_of(tree, is_of_layer)
    elif settings.layer_output:
        check_halves(tree, is_of_layer)
    return tree, found_overlaps, stripped


def _with_aws_services(tree: Tree, order: Order) -> Tree:
    """Leaves out data of AWS's services, or finds out whether that would be worth it.

    A layer may be for functions that nobody knows here: nothing is suggested for one.
    """
    settings, name = order.settings, order.project.normalized_name
    if settings.aws_services is None and (settings.layer_only or not has_data(tree)):
        return tree
    from poetry_plugin_package_function.packaging.aws.needs import suggested
    from poetry_plugin_package_function.packaging.aws.needs import with_aws_services

    if settings.aws_services:
        return with_aws_services(tree, settings.aws_services, name, settings.handler)
    if settings.aws_services is None:
        return replace(tree, aws_suggestion=suggested(tree, name))
    return tree


def _missing_code(tree: Tree, order: Order) -> SourceError | None:
    """The error for an archive with nothing of the project to run; None if it has some.

    A handler may be a dependency's. A layer needs nothing, and a runtime of one's own
    runs `bootstrap`, whatever it is.
    """
    names = {entry.name for entry in tree.entries}
    if order.settings.layer_only or tree.entry_modules or "bootstrap" in names:
        return None
    handler = order.settings.handler
    if handler and tuple(handler_parts(handler)) in known_modules(names):
        return None
    return no_code(order.project, handler)


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


def _verified(
    measured: Measured, order: Order, workspace: Workspace | None
) -> Verified | None:
    settings = order.settings
    if settings.handler is None:
        return None
    from poetry_plugin_package_function.packaging.verify.archives import Archives
    from poetry_plugin_package_function.packaging.verify.archives import Origin
    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
    from poetry_plugin_package_function.packaging.verify.verified import verify

    site_packages = order.environment.site_packages
    for part in measured.job.parts:
        part.stream.flush()
    archive, *layers = (Path(part.stream.name) for part in measured.job.parts)
    origin = Origin(order.project, settings, order.environment.sources)
    with nullcontext(workspace) if workspace else Workspace() as place:
        return verify(
            Archives(
                archive, layers[0] if layers else None, measured.job.entries, origin
            ),
            Function(
                settings.handler,
                python=order.python,
                variables=dict(settings.environment),
                unknown_variables=settings.unknown_variables,
                memory_mb=settings.memory_size_mb,
                ephemeral_storage_mb=settings.ephemeral_storage_mb,
                has_layers=settings.has_layers or settings.layers_size_bytes > 0,
                service=settings.receiver,
                max_init=settings.max_init,
                event=settings.event,
                timeout_s=settings.timeout_s or DEFAULT_TIMEOUT_S,
            ),
            site_packages.interpreter if order.runs_here else None,
            place,
            provided=_stand_ins(order, measured.job.tree),
        )


def _stand_ins(order: Order, tree: Tree) -> list[Entry]:
    """Lists the files of what stands for modules of Lambda's runtime.

    That is the environment's AWS SDK, as far as nothing of it is shipped: because it is
    left to the runtime, or is there for another function or for this alone, or because
    the user leaves its files out.
    """
    if not order.settings.has_sdk:
        return []
    shipped = {each.distribution for each in tree.entries if not is_metadata(each.name)}
    return [
        entry
        for source in order.environment.sources
        for entry in source.files(
            {each.name for each in source.distributions} - SDK, lambda _: False
        )
        if entry.distribution in SDK and entry.distribution not in shipped
    ]
