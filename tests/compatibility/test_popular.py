"""Popular libraries with native code answer alike, however they are nested.

A case is a row of `CASES`. Its probe is a module in `probes` with a function `probe`,
whose answer has to be JSON, and alike whenever it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from typing import NamedTuple
from typing import cast

import pytest

from poetry_plugin_package_function.runtimes import UNZIPPED_LIMIT_BYTES
from tests.compatibility.function import Environment


class Case(NamedTuple):
    """Libraries, and what is asked of them.

    Attributes:
        requirements: Pins of all that is installed: nothing is added to them.
        probe: The module that asks.
        apart: Extension modules that are nested without their package, if a little of
            the function has to be nested.
    """

    requirements: str
    probe: str
    apart: tuple[str, ...] = ()


CASES: Final = [
    # Their libraries are found by the DT_RPATH of the extension modules only.
    Case("pillow==9.5.0", "pillow", apart=("PIL._imagingft",)),
    Case("pillow==10.4.0", "pillow", apart=("PIL._imagingft",)),
    Case("pillow==12.2.0", "pillow", apart=("PIL._avif",)),
]

PROBES: Final = Path(__file__).with_name("probes")
HANDLER: Final = """\
from my_app.probe import probe


def handler(event, context):
    return probe()
"""


@pytest.fixture(params=CASES, ids=lambda case: case.requirements, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    """Each of them."""
    return cast("Case", request.param)


@pytest.fixture(scope="module")
def environment(case: Case) -> Environment:
    """Its libraries, and a project that asks them."""
    probe = (PROBES / f"{case.probe}.py").read_bytes()
    sources = {"__init__.py": b"", "handler.py": HANDLER.encode(), "probe.py": probe}
    return Environment(case.requirements, sources)


@pytest.fixture(scope="module")
def expected(
    environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> object:
    """What the probe answers where nothing is nested."""
    return environment.flat(tmp_path_factory.mktemp("flat")).answer("handler")


def layers_size(environment: Environment) -> int:
    """What has to be kept for layers, so that a little has to be nested."""
    limit_bytes = min(UNZIPPED_LIMIT_BYTES, int(environment.size_bytes * 0.97))
    return UNZIPPED_LIMIT_BYTES - limit_bytes


def test_all_of_it_is_nested(
    environment: Environment, expected: object, tmp_path: Path
) -> None:
    """The answer is that of the flat function."""
    function = environment.nested(tmp_path, layers_size=layers_size(environment))

    assert expected == function.answer("handler")


def test_a_little_of_it_is_nested(
    case: Case, environment: Environment, expected: object, tmp_path: Path
) -> None:
    """The answer is that of the flat function; the rest has stayed where it is."""
    function = environment.nested(tmp_path, "", layers_size(environment))

    assert case.apart == function.extensions
    assert expected == function.answer("handler")
