"""The one timestamp of all members."""

from __future__ import annotations

import re

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceDateEpochError


if TYPE_CHECKING:
    from collections.abc import Mapping


EARLIEST_EPOCH_S: Final = 315_532_800
"""1980-01-01 00:00:00 UTC, the first time that an MS-DOS date can hold."""

LATEST_EPOCH_S: Final = 4_354_819_199
"""2107-12-31 23:59:59 UTC, the last one: seven bits for the years from 1980."""


class DosTime(NamedTuple):
    """A time as ZIPs hold it. Source: APPNOTE.TXT 6.3.10, 4.4.6.

    Attributes:
        epoch_s: Seconds since 1970-01-01 00:00:00 UTC.
        date: Years since 1980, month and day in 7, 4 and 5 bits.
        time: Hour, minute and half of the second in 5, 6 and 5 bits.
    """

    epoch_s: int
    date: int
    time: int


def dos_time(epoch_s: int) -> DosTime:
    """Converts seconds since 1970, in UTC whatever the machine's time zone is."""
    at = datetime.fromtimestamp(epoch_s, UTC)
    return DosTime(
        epoch_s,
        (at.year - 1980) << 9 | at.month << 5 | at.day,
        at.hour << 11 | at.minute << 5 | at.second // 2,
    )


def archive_time(environ: Mapping[str, str]) -> DosTime:
    """Takes the time from `SOURCE_DATE_EPOCH`; 1980-01-01 where it is not set.

    Source: https://reproducible-builds.org/specs/source-date-epoch/

    Raises:
        SourceDateEpochError: It is not an integer, or not within what a ZIP can hold.
    """
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return dos_time(EARLIEST_EPOCH_S)
    if not re.fullmatch(r"-?[0-9]+", text):
        raise SourceDateEpochError(
            f"SOURCE_DATE_EPOCH is not an integer: {text!r}.",
            "Set it to seconds since 1970-01-01, such as the output of"
            " `git log -1 --format=%ct`, or unset it.",
        )
    # A thousand digits are no time either, and int() refuses even more of them.
    if len(text) > 20 or not EARLIEST_EPOCH_S <= int(text) <= LATEST_EPOCH_S:
        raise SourceDateEpochError(
            f"SOURCE_DATE_EPOCH is {text[:24]}, and a ZIP holds times from"
            f" {EARLIEST_EPOCH_S} (1980-01-01) to {LATEST_EPOCH_S} (2107-12-31) only.",
            "Set it to a time between the two, or unset it.",
        )
    return dos_time(int(text))
