"""The page of sizes of what has been packaged; the page itself is in treemap.py."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.result import Report


def sizes_page(report: Report, files: Iterable[FileSize]) -> bytes:
    """Writes the page.

    Args:
        report: What has been packaged.
        files: All files in it.
    """
    # Few ask for it, and each run would wait for what it imports.
    from poetry_plugin_package_function.report.treemap import Sizes
    from poetry_plugin_package_function.report.treemap import as_html

    return as_html(
        Sizes(
            title=report.function or report.distribution_name,
            output_bytes=report.output_bytes,
            unzipped_bytes=report.unzipped_bytes,
            limit_bytes=report.limit_bytes,
            files=[*files],
            owners=report.distributions,
        )
    )
