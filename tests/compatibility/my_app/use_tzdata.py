# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import datetime
import zoneinfo

import tzdata

from my_app.facts import facts_of


# Not the machine's own.
zoneinfo.reset_tzpath(to=[])


def handler(event: object, context: object) -> dict[str, object]:
    zone = zoneinfo.ZoneInfo("America/St_Johns")
    moments = [datetime.datetime(2024, month, 1, tzinfo=zone) for month in (1, 7)]
    return {
        "moments": [moment.isoformat() for moment in moments],
        "zones": len(zoneinfo.available_timezones()),
        "facts": facts_of("tzdata", tzdata, "zoneinfo/America/St_Johns"),
    }
