"""The packaging service: from site-packages to a finished archive and its report."""

from __future__ import annotations

import gc

from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import deflate as libdeflate

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.archive.output import replacing
from poetry_plugin_package_function.packaging.archive.overwriting import (
    refuse_overwriting,
)
from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
from poetry_plugin_package_function.packaging.bytecode.compilation import Cache
from poetry_plugin_package_function.packaging.bytecode.compilation import compiled
from poetry_plugin_package_function.packaging.bytecode.compilation import (
    find_interpreter,
)
from poetry_plugin_package_function.packaging.bytecode.compilation import sources_of
from poetry_plugin_package_function.packaging.describing import compiled_by
from poetry_plugin_package_function.packaging.describing import described
from poetry_plugin_package_function.packaging.describing import layer_of
from poetry_plugin_package_function.packaging.nesting.nested_zip import refuse_own_names
from poetry_plugin_package_function.packaging.nesting.planner import Wishes
from poetry_plugin_package_function.packaging.nesting.planner import loader_entries
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.result import Report
from poetry_plugin_package_function.packaging.sources.environment import check_python
from poetry_plugin_package_function.packaging.sources.environment import find_python
from poetry_plugin_package_function.packaging.sources.environment import runs_here
from poetry_plugin_package_function.packaging.sources.included import IncludedSource
from poetry_plugin_package_function.packaging.sources.installed import InstalledSource
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import wheels_in
from poetry_plugin_package_function.packaging.tree.assemble import Selection
from poetry_plugin_package_function.packaging.tree.assemble import assemble
from poetry_plugin_package_function.packaging.tree.assemble import nothing_to_package
from poetry_plugin_package_function.packaging.tree.layers import PREFIX
from poetry_plugin_package_function.packaging.tree.layers import check_halves
from poetry_plugin_package_function.packaging.tree.layers import dependencies_of
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.tree.metadata import with_stable_metadata
from poetry_plugin_package_function.packaging.tree.overlaps import overlaps
from poetry_plugin_package_function.packaging.tree.standard_library import shadows
from poetry_plugin_package_function.packaging.writing import Job
from poetry_plugin_package_function.packaging.writing import Part
from poetry_plugin_package_function.packaging.writing import write
from poetry_plugin_package_function.runtimes import MIB


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.bytecode.compilation import (
        Interpreter,
    )
    from poetry_plugin_package_function.packaging.native.strip import Stripper
    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.sources.entry import Source
    from poetry_plugin_package_function.packaging.sources.environment import (
        SitePackages,
    )
    from poetry_plugin_package_function.packaging.sources.facts import FactsCache
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Measured
    from poetry_plugin_package_function.packaging.writing import Progress
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


def package(
    site_packages: SitePackages,
    project: Project,
    settings: Settings,
    time: DosTime,
    *,
    seeds: frozenset[str] = frozenset(),
    only: frozenset[NormalizedName] | None = None,
    facts: FactsCache,
    bytecode_dir: Path | None = None,
    serialize: Callable[[Report], bytes],
    draw: Callable[[Report, Iterable[FileSize]], bytes],
    progress: Progress | None = None,
) -> Report:
    """Writes the archive and, if the settings name one, the report file.

    Both appear at their places when both are complete; on any exception what was there
    before stays.

    Args:
        site_packages: What to package.
        project: Whose code it is.
        settings: What goes in, and where the results go.
        time: Of all members.
        seeds: Distributions that are shipped only if something needs them.
        only: Distributions that are shipped at most; None for all that are there.
        facts: What is known of wheels.
        bytecode_dir: Where bytecode of wheels is kept, if it is.
        serialize: Makes the content of the report file.
        draw: Makes the page that shows sizes.
        progress: Hears how far it has come.

    Raises:
        ChangedSourceError: A wheel is not the one that was installed.
        SourceError: Something cannot be read, or cannot work on Lambda.
        PackageTooLargeError: It fits neither flat nor nested.
        IncompatibleTargetError: It cannot work on its target.
        VerifyError: Lambda could not import the handler.
        OutputError: A result cannot be written.
    """
    limit_bytes = limit_for(settings.layers_size_bytes)
    project_name = canonicalize_name(project.name) if project.name else None
    target = settings.target(site_packages.python)
    check_python(site_packages, settings, target)
    interpreter = find_interpreter(site_packages.venv) if settings.compiles else None
    with _no_garbage_collection(), ExitStack() as stack:
        targets = frozenset(map(str, settings.targets))
        results = targets.union(map(str, settings.results))
        sources = _sources(site_packages, project, settings, facts)
        selection = Selection(
            project_name,
            seeds,
            only,
            settings.exclude,
            settings.excludes_provided,
            settings.provided_version,
            results,
        )
        tree = assemble(sources, selection)
        found_overlaps = overlaps(tree)
        stripper = _stripper(stack) if settings.strips else None
        if stripper is not None:
            replaced = stripper.strip(tree.entries)
            entries = (replaced.get(each.name, each) for each in tree.entries)
            tree = replace(tree, entries=tuple(entries))
        tree = with_stable_metadata(tree, project_name)
        refuse_overwriting(tree, results, targets)
        if not tree.entries:
            raise nothing_to_package(site_packages.directories[0])
        refuse_own_names(tree)
        is_of_layer = is_dependency(project_name)
        if settings.layer_only:
            tree = dependencies_of(tree, is_of_layer)
        elif settings.layer_output:
            check_halves(tree, is_of_layer)
        findings: tuple[Finding, ...] = ()
        if target is not None and not settings.no_audit:
            findings = _audited(tree, target)
        bytecode = Bytecode()
        if interpreter is not None:
            pins = {each.name: each.pin for each in tree.distributions if each.pin}
            cache = Cache(bytecode_dir, pins) if bytecode_dir else None
            bytecode = stack.enter_context(
                _compiled(tree, limit_bytes, interpreter, cache, progress)
            )
        with replacing(*settings.targets) as opened:
            streams = iter(opened)
            measured = write(
                Job(
                    tuple(_parts(streams, settings, is_of_layer)),
                    tree,
                    bytecode.entries,
                    time,
                    settings.layers_size_bytes,
                    Wishes(
                        frozenset(map(canonicalize_name, settings.nest)),
                        frozenset(map(canonicalize_name, settings.keep_flat)),
                        settings.eager,
                    ),
                    progress,
                )
            )
            verified = None
            if settings.handler is not None:
                verified = _verified(measured, settings, site_packages, target, sources)
            parts = dict(zip(settings.archives, measured.parts, strict=True))
            report = Report(
                output_file=settings.output,
                distribution_name=project.distribution_name or settings.output.stem,
                function=settings.function,
                kind=Kind.LAYER if settings.layer_only else Kind.FUNCTION,
                layout=Layout.NESTED if measured.nested else Layout.FLAT,
                output_bytes=parts[settings.output].output_bytes,
                uncompressed_bytes=measured.job.size_bytes,
                compressed_bytes=measured.compressed_bytes,
                unzipped_bytes=measured.unzipped_bytes,
                limit_bytes=limit_bytes,
                layers_size_bytes=settings.layers_size_bytes,
                files=len(measured.job.entries),
                sha256=parts[settings.output].sha256,
                python=site_packages.python,
                source_date_epoch=time.epoch_s,
                compressor=f"deflate {libdeflate.__version__}",
                compression_level=measured.level,
                entry_modules=tuple(module.name for module in tree.entry_modules),
                distributions=described(measured, project_name, project.direct),
                left_out=tuple(each.name for each in tree.left_out),
                nested=measured.nested,
                bytecode=interpreter
                and compiled_by(interpreter, bytecode, measured.job.bytecode),
                target=target,
                provided=tree.provided,
                findings=findings,
                verified=verified,
                stripped=stripper.result if stripper else None,
                layer=layer_of(settings, measured, is_of_layer),
                overlaps=found_overlaps,
                shadows=shadows(
                    tree.entries, target.python if target else site_packages.python
                ),
            )
            if settings.report:
                next(streams).write(serialize(report))
            if settings.sizes:
                next(streams).write(draw(report, measured.files()))
    return report


def _sources(
    site_packages: SitePackages, project: Project, settings: Settings, facts: FactsCache
) -> tuple[Source, ...]:
    """Finds all that files may come from."""
    name = canonicalize_name(project.name) if project.name else None
    return (
        InstalledSource(site_packages.directories, name),
        *(
            WheelSource(wheel, facts.of(wheel), site_packages.python)
            for wheel in wheels_in(site_packages.venv)
        ),
        IncludedSource(settings.include, project.directory),
    )


def _parts(
    streams: Iterator[BinaryIO],
    settings: Settings,
    is_of_layer: Callable[[Entry], bool],
) -> Iterator[Part]:
    """Tells what goes into which of the settings' archives, in their order."""
    if settings.layer_only:
        yield Part(next(streams), prefix=PREFIX)
    elif settings.layer_output is None:
        yield Part(next(streams))
    else:
        yield Part(next(streams), lambda entry: not is_of_layer(entry))
        yield Part(next(streams), is_of_layer, PREFIX)


# What few ask for is imported when it is asked for: it takes a tenth of a short run.


def _stripper(stack: ExitStack) -> Stripper:
    from poetry_plugin_package_function.packaging.native.strip import Stripper

    directory = TemporaryDirectory(prefix="package-function-")
    return Stripper(Path(stack.enter_context(directory)))


def _audited(tree: Tree, target: Target) -> tuple[Finding, ...]:
    from poetry_plugin_package_function.packaging.audit.findings import audit
    from poetry_plugin_package_function.packaging.audit.findings import check

    findings = audit(tree, target)
    check(findings)
    return findings


def _verified(
    measured: Measured,
    settings: Settings,
    site_packages: SitePackages,
    target: Target | None,
    sources: Iterable[Source],
) -> Verified:
    from poetry_plugin_package_function.packaging.sources.lay_out import lay_out
    from poetry_plugin_package_function.packaging.verify.verified import verify

    memory_mb = settings.memory_size_mb
    python = find_python(site_packages.venv) or site_packages.venv / "bin" / "python"
    provided = measured.job.tree.provided.names
    for part in measured.job.parts:
        part.stream.flush()
    archive, *layers = (Path(part.stream.name) for part in measured.job.parts)
    with TemporaryDirectory(prefix="package-function-") as scratch:
        return verify(
            archive,
            settings.handler or "",
            python if runs_here(target) else None,
            distributions={
                entry.name: entry.distribution
                for entry in measured.job.entries
                if entry.distribution is not None
            },
            memory_bytes=memory_mb and memory_mb * MIB,
            variables=dict(settings.environment),
            python=target.python if target else site_packages.python,
            provided=lay_out(sources, provided, Path(scratch)),
            layer=layers[0] if layers else None,
            has_layers=settings.layers_size_bytes > 0,
        )


def _compiled(
    tree: Tree,
    limit_bytes: int,
    interpreter: Interpreter,
    cache: Cache | None,
    progress: Progress | None,
) -> AbstractContextManager[Bytecode]:
    entries = tree.entries
    if layout_for(tree.size_bytes, limit_bytes) is Layout.NESTED:
        entries = (*entries, *loader_entries(tree))  # it runs in each cold start
    found = tuple(sources_of(entries))
    if progress is not None:
        progress.begin("Compiling", len(found), sum(each.size_bytes for each in found))
    advance = progress.advance if progress else lambda *_: None
    return compiled(found, interpreter, cache, advance)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spares the collector the work: there are no cycles here, and many tuples.

    In Poetry's process it would go through all of Poetry's objects, again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
