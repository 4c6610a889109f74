from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import SourceDateEpochError
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import LATEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time


def test_the_default_is_the_first_time_a_zip_can_hold() -> None:
    """1980-01-01 00:00:00."""
    assert archive_time({}) == (EARLIEST_EPOCH_S, 0x21, 0)


@pytest.mark.parametrize(
    ("epoch_s", "date", "time"),
    [
        ("315532800", 0x21, 0),
        ("315532803", 0x21, 1),
        ("1700000000", (2023 - 1980) << 9 | 11 << 5 | 14, 22 << 11 | 13 << 5 | 10),
        ("4354819199", 127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29),
    ],
)
def test_times(epoch_s: str, date: int, time: int) -> None:
    """Seconds since 1970 in UTC become MS-DOS dates and times of two seconds."""
    found = archive_time({"SOURCE_DATE_EPOCH": epoch_s})
    assert (int(epoch_s), date, time) == found


@pytest.mark.parametrize(
    "text", ["", " ", "now", "1e20", "1.5", "0x20", "1_000", "+315532800", "٣"]
)
def test_not_an_integer(text: str) -> None:
    """Only digits are an integer here; the text is shown."""
    with pytest.raises(SourceDateEpochError, match="not an integer") as raised:
        archive_time({"SOURCE_DATE_EPOCH": text})
    assert repr(text) in raised.value.reason
    assert 2 == raised.value.exit_status


@pytest.mark.parametrize(
    "text",
    ["-1", "0", "315532799", "4354819200", "9" * 19, "9" * 5000, "-" + "9" * 5000],
)
def test_out_of_range(text: str) -> None:
    """Before 1980, after 2107, and numbers of any length."""
    with pytest.raises(SourceDateEpochError, match="315532800"):
        archive_time({"SOURCE_DATE_EPOCH": text})


@given(st.integers(EARLIEST_EPOCH_S, LATEST_EPOCH_S))
def test_any_time_fits(epoch_s: int) -> None:
    """Date and time fit into 16 bits each for all that is let in."""
    found = archive_time({"SOURCE_DATE_EPOCH": str(epoch_s)})
    assert 0x21 <= found.date <= 0xFFFF
    assert 0 <= found.time <= 0xFFFF
