# mypy: disable-error-code="import-not-found, import-untyped"
"""Asks for distributions whose modules nobody imports."""

from __future__ import annotations

from importlib import metadata

from my_app.facts import digest
from my_app.facts import installed_files


def handler(event: object, context: object) -> dict[str, object]:
    distributions = list(metadata.distributions())
    owners = metadata.packages_distributions()
    return {
        "distributions": sorted(
            f"{each.name} {each.version}" for each in distributions
        ),
        "entry points": digest(sorted(map(repr, metadata.entry_points()))),
        "owners of google": sorted(set(owners["google"])),
        "owner of cv2": owners["cv2"],
        "files": {
            name: digest(installed_files(name))
            for name in ("pyarrow", "azure-core", "scikit-learn")
        },
    }
