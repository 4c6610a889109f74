"""Which of AWS's services are shipped, in words."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.megabytes import megabytes


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.aws.data import AwsServices


_MOST_NAMED: Final = 3


def about_services(services: AwsServices) -> str:
    """Says which of AWS's services are shipped, and what that has saved."""
    names = ", ".join(services.names)
    if services.why_not:
        return f"{names}, without effect: {services.why_not}"
    beside = len(services.beside)
    credentials = f" and {beside} for credentials" if beside else ""
    count = len(services.shipped) + len(services.left_out)
    return (
        f"{names}{credentials}, of botocore's {count:,}:"
        f" {megabytes(services.left_out_bytes)} left out"
    )


def asking_dependencies(services: AwsServices) -> str:
    """Names dependencies that may ask for what is left out; "" if there are none."""
    found = defaultdict(set)
    for each in services.askers:
        if each.distribution:
            found[each.distribution].add(each.service)
    if not found:
        return ""
    return (
        "; ".join(
            f"{name} may ask for {', '.join(sorted(found[name])[:_MOST_NAMED])}"
            f"{' and others' if len(found[name]) > _MOST_NAMED else ''}"
            for name in sorted(found)
        )
        + ": -v says where"
    )
