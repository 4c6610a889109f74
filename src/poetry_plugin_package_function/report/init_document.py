"""Where INIT goes, as a report has it: docs/init.md, schema.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.verify.init import Cost


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.verify.init import Import
    from poetry_plugin_package_function.packaging.verify.init import Init


def init_document(init: Init) -> dict[str, object]:
    """Makes what a report has of INIT; times are rounded to microseconds."""
    inside = [each for each in init.distributions if each.name is not None]
    outside = next((each for each in init.distributions if each.name is None), Cost(""))
    return {
        "start_s": _rounded(init.start_s),
        "loader_s": _rounded(init.loader_s),
        "imports_s": _rounded(init.imports_s),
        "runs": init.runs,
        "empty_s": init.empty_s and _rounded(init.empty_s),
        "distributions": [
            {"name": each.name or None, **_cost(each)} for each in inside
        ],
        "outside": _cost(outside),
        "imports": [*map(_import, init.imports)],
        "elsewhere": [*map(_import, init.elsewhere)],
    }


def _cost(cost: Cost) -> dict[str, object]:
    return {
        "modules": cost.modules,
        "own_s": _rounded(cost.own_s),
        "cumulative_s": _rounded(cost.cumulative_s),
        "memory_bytes": cost.memory_bytes,
        "cumulative_memory_bytes": cost.cumulative_memory_bytes,
        "read_bytes": cost.read_bytes,
        "extracted_bytes": cost.extracted_bytes,
        "line": cost.line or None,
    }


def _import(each: Import) -> dict[str, object]:
    return {
        "parent": None if each.parent < 0 else each.parent,
        "module": each.module,
        "file": each.file or None,
        "distribution": each.distribution or None,
        "own_s": _rounded(each.own_s),
        "cumulative_s": _rounded(each.cumulative_s),
        "memory_bytes": each.memory_bytes,
        "line": each.line or None,
    }


def _rounded(seconds: float) -> float:
    return round(seconds, 6)
