"""The packaging service: from a virtual environment to an archive for Lambda.

Nothing in here imports Poetry or cleo.
"""

from __future__ import annotations
