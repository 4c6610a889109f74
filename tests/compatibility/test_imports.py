"""What is traced of real libraries' imports is what Python itself says of them."""

from __future__ import annotations

import sys

from collections import Counter
from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.compatibility.environment import libraries
from tests.compatibility.environment import pins
from tests.packaging.tracing import traced


if TYPE_CHECKING:
    from pathlib import Path


_WEB: Final = (
    "sqlalchemy==2.1.9 fastapi==0.165.0 starlette==1.10.0 anyio==4.16.0"
    " opentelemetry-api==1.45.2 annotated-doc==0.0.7 greenlet==3.5.6 idna==3.20"
    " annotated-types==0.8.0 pydantic==2.14.3 pydantic_core==2.50.4"
    " typing-inspection==0.4.5 typing_extensions==4.16.0"
)
_TOLERANCE: Final = 0.05
"""What is between the two clocks, and the tracer's own time."""


@pytest.mark.parametrize(
    ("requirements", "code"),
    [
        (None, "import pandas"),
        (None, "import pydantic\nclass A(pydantic.BaseModel):\n    x: int"),
        (None, "import boto3\nboto3.client"),
        (None, "import cryptography.hazmat.primitives.ciphers.aead"),
        (None, "import scipy.stats, scipy.sparse.linalg"),
        (None, "import sklearn.linear_model, pyarrow.parquet"),
        (_WEB, "import sqlalchemy.orm\nsqlalchemy.create_engine('sqlite://')"),
        (_WEB, "import fastapi"),
    ],
)
def test_imports_are_those_that_python_names(
    tmp_path: Path, requirements: str | None, code: str
) -> None:
    """The same modules, as often, and times that come to the same.

    Python does not name what `importlib.import_module` is asked for.
    """
    place = libraries(requirements or pins())
    rows, _, imported = traced(sys.executable, tmp_path, code, [place])
    assert len(rows) > 10
    ours = Counter(row.module for row in rows)
    theirs = Counter(name for name, _ in imported)
    assert Counter() == theirs - ours
    beyond = ours - theirs
    assert sum(beyond.values()) < len(rows) / 4
    ours_us = sum(row.elapsed_s * 1e6 for row in rows if row.module not in beyond)
    theirs_us = sum(taken for name, taken in imported if name not in beyond)
    assert theirs_us == pytest.approx(ours_us, rel=_TOLERANCE)
