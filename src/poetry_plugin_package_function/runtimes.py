"""AWS Lambda's limits, as data. All sizes are in bytes."""

from __future__ import annotations

from typing import Final


UNZIPPED_LIMIT_BYTES: Final = 262_144_000
"""What a function and all its layers must stay *below* when unzipped.

The service's message is "Unzipped size must be smaller than 262144000 bytes".
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

DIRECT_UPLOAD_LIMIT_BYTES: Final = 52_428_800
"""The largest ZIP (50 MB) that can be uploaded directly; a larger one goes through S3.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

MIB: Final = 1_048_576
"""`EphemeralStorage.Size` counts in these.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

DEFAULT_EPHEMERAL_STORAGE_BYTES: Final = 512 * MIB
"""The size of `/tmp` when `EphemeralStorage.Size` is not set."""

MAX_EPHEMERAL_STORAGE_BYTES: Final = 10_240 * MIB
"""The largest `/tmp` that can be configured."""
