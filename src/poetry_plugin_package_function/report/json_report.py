"""The report as JSON, for programs; its schema ships beside this file."""

from __future__ import annotations

import base64
import json

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.escaping import printable_json
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.report.changes import as_document
from poetry_plugin_package_function.report.init_document import init_document
from poetry_plugin_package_function.report.made_for import made_for


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.aws.data import AwsServices
    from poetry_plugin_package_function.packaging.project_code.handler_code import (
        HandlerCode,
    )
    from poetry_plugin_package_function.packaging.result import Guided
    from poetry_plugin_package_function.packaging.result import Layer
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.event_call import Called
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Nested
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.runtimes import Target


SCHEMA_VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""


def code_sha256(sha256: str) -> str:
    """What Lambda calls CodeSha256 and Terraform `source_code_hash`."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def as_json(report: Report, changes: Changes | None = None) -> bytes:
    """Writes the report, with what has changed since the previous one."""
    return _written(_document(report, changes))


def as_json_array(reports: Iterable[tuple[Report, Changes | None]]) -> bytes:
    """Writes several reports."""
    return _written([_document(report, changes) for report, changes in reports])


def _written(document: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    text = printable_json(json.dumps(document, indent=2, ensure_ascii=False))
    return f"{text}\n".encode(errors="surrogateescape")


def _document(report: Report, changes: Changes | None) -> dict[str, Any]:
    """Makes the document of a report.

    The first six fields after the version are those of package-python-function 1.0.0,
    with their names and meanings.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "output_file": str(report.output_file),
        "distribution_name": report.distribution_name,
        "output_bytes": report.output_bytes,
        "uncompressed_bytes": report.uncompressed_bytes,
        "compressed_bytes": report.compressed_bytes,
        "nested_zip": report.layout is Layout.NESTED,
        "function": report.function,
        "kind": str(report.kind),
        "dry_run": report.dry_run,
        "layout": str(report.layout),
        "unzipped_bytes": report.unzipped_bytes,
        "limit_bytes": report.limit_bytes,
        "layers_size_bytes": report.layers_size_bytes,
        "files": report.files,
        "layer": report.layer and _layer(report.layer),
        "code_sha256": code_sha256(report.sha256),
        "sha256": report.sha256,
        "python": report.python,
        "source_date_epoch": report.source_date_epoch,
        "compressor": report.compressor,
        "compression_level": report.compression_level,
        "entry_modules": report.entry_modules,
        "handler_candidates": report.handler_candidates,
        "distributions": [
            {**each._asdict(), "name": each.name or None}
            for each in report.distributions
        ],
        "comparison": changes and as_document(changes),
        "left_out": report.left_out,
        "provided": sorted(report.provided.names),
        "aws_services": report.aws_services and _aws_services(report.aws_services),
        "aws_suggestion": report.aws_suggestion and _suggestion(report.aws_suggestion),
        "nested": report.nested and _nested(report.nested),
        "made_for": made_for(report)[0],
        "target": report.target and _target(report, report.target),
        "stripped": report.stripped and report.stripped._asdict(),
        "findings": [each._asdict() for each in report.findings],
        "overlaps": [
            {**each._asdict(), "shipped": each.shipped or None}
            for each in report.overlaps
        ],
        "shadows": [
            {**each._asdict(), "distribution": each.distribution or None}
            for each in report.shadows
        ],
        "superseded": [each._asdict() for each in report.superseded],
        "handler_code": report.handler_code and _handler_code(report.handler_code),
        "passed_over": report.passed_over,
        "verified": report.verified and _verified(report.verified),
        "profile": report.guided and _guided(report.guided),
        "spared_bytes": report.spared_bytes,
        "written_profile": report.written_profile
        and {
            "file": str(report.written_profile.file),
            "changed": report.written_profile.changed,
        },
        "bytecode": report.bytecode
        and {
            **report.bytecode._asdict(),
            "left_out": [name or None for name in report.bytecode.left_out],
        },
    }


def _layer(layer: Layer) -> dict[str, object]:
    return {
        "output_file": str(layer.output_file),
        "output_bytes": layer.output_bytes,
        "unzipped_bytes": layer.unzipped_bytes,
        "files": layer.files,
        "code_sha256": code_sha256(layer.sha256),
        "sha256": layer.sha256,
        "unread": layer.unread,
    }


def _nested(nested: Nested) -> dict[str, object]:
    return {
        "archive": nested.archive,
        "sha256": nested.sha256,
        "extracted_bytes": nested.extracted_bytes,
        "tmp_bytes": nested.tmp_bytes,
        "units": [
            {
                "distributions": unit.names,
                "tests": unit.tests,
                "extension": unit.extension or None,
                "modules": [module.name for module in unit.modules],
                "files": len(unit.entries),
                "extracted_bytes": unit.size_bytes,
                "tmp_bytes": unit.tmp_bytes,
                "at_init": unit.at_init,
                "why": unit.why,
            }
            for unit in nested.units
        ],
    }


def _aws_services(services: AwsServices) -> dict[str, object]:
    return {
        **services._asdict(),
        "why_not": services.why_not or None,
        "askers": [
            {**each._asdict(), "distribution": each.distribution or None}
            for each in services.askers
        ],
    }


def _suggestion(services: AwsServices) -> dict[str, object]:
    return {"names": services.names, "left_out_bytes": services.left_out_bytes}


def _handler_code(code: HandlerCode) -> dict[str, object]:
    return {
        "module": code.module,
        "place": code.place,
        "why": code.why,
        "files": [entry.name for entry in code.entries],
    }


def _verified(verified: Verified) -> dict[str, object]:
    return {
        "handler": verified.handler,
        "unchecked": verified.unchecked or None,
        "made_up": verified.made_up,
        "init_s": verified.init_s,
        "peak_bytes": verified.peak_bytes,
        "tmp_bytes": verified.tmp_bytes,
        "unused": verified.unused,
        "init": verified.init and init_document(verified.init),
        "event": verified.event and _called(verified.event),
    }


def _called(called: Called) -> dict[str, object]:
    return {
        "file": called.event,
        "unchecked": called.unchecked or None,
        "duration_s": called.duration_s,
        "peak_bytes": called.peak_bytes,
        "tmp_bytes": called.tmp_bytes,
        "result": None if called.unchecked else called.result,
        "result_bytes": called.result_bytes,
        "output": called.output,
    }


def _guided(guided: Guided) -> dict[str, object]:
    return {
        "others": [
            {"name": name, "profiled": was, "version": now}
            for name, was, now in guided.age.others
        ],
        "unknown": guided.age.unknown,
        "missing": guided.missing,
    }


def _target(report: Report, target: Target) -> dict[str, object]:
    return {
        "service": target.service.key if target.service else None,
        "runtime": target.runtime.name if target.runtime else None,
        "is_named": report.chosen is None and not report.is_derived,
        "python": target.python,
        "architecture": target.architecture or None,
        "machine": target.machine or None,
        "glibc": ".".join(map(str, target.system.glibc)),
    }
