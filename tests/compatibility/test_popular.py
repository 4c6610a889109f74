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

from poetry_plugin_package_function.services import LAMBDA
from tests.compatibility.function import Environment


class Case(NamedTuple):
    """Libraries, and what is asked of them.

    Attributes:
        requirements: Pins of all that is installed, the best known first: nothing is
            added to them.
        probe: The module that asks.
        apart: Extension modules that are nested without their package, if a little of
            the function has to be nested.
    """

    requirements: str
    probe: str
    apart: tuple[str, ...] = ()


_GEO: Final = (
    "rasterio==1.4.4 fiona==1.10.1 pyproj==3.7.2 affine==3.0.1 attrs==26.1.0 "
    "certifi==2026.10.19.post1 click-plugins==1.1.1.2 click==8.5.1 cligj==0.7.2 "
    "numpy==2.4.6 pyparsing==3.3.3"
)
_OPENTELEMETRY: Final = (
    "opentelemetry-distro==0.66b1 opentelemetry-exporter-otlp==1.45.1 "
    "certifi==2026.10.19.post1 charset-normalizer==3.5.3 "
    "googleapis-common-protos==1.76.0 grpcio==1.85.3 idna==3.20 "
    "opentelemetry-api==1.45.1 opentelemetry-exporter-http-transport==0.66b1 "
    "opentelemetry-exporter-otlp-common==0.66b1 "
    "opentelemetry-exporter-otlp-proto-common==1.45.1 "
    "opentelemetry-exporter-otlp-proto-grpc==1.45.1 "
    "opentelemetry-exporter-otlp-proto-http==1.45.1 "
    "opentelemetry-instrumentation-logging==0.66b1 "
    "opentelemetry-instrumentation-urllib3==0.66b1 "
    "opentelemetry-instrumentation==0.66b1 opentelemetry-proto==1.45.1 "
    "opentelemetry-sdk==1.45.1 opentelemetry-semantic-conventions==0.66b1 "
    "opentelemetry-util-http==0.66b1 packaging==26.4 protobuf==7.36.2 "
    "requests==2.34.2 typing_extensions==4.16.0 urllib3==2.8.0 wrapt==2.5.2"
)

CASES: Final = [
    # Their libraries are found by the DT_RPATH of the extension modules only.
    Case("pillow==9.5.0", "pillow", apart=("PIL._imagingft",)),
    Case("pillow==10.4.0", "pillow", apart=("PIL._imagingft",)),
    Case("pillow==12.2.0", "pillow", apart=("PIL._avif",)),
    # Each has libraries and data files of its own, which the others must not find.
    Case(_GEO, "geo"),
    # All of it is found by entry points, and it wraps what others import.
    Case(_OPENTELEMETRY, "opentelemetry_distro"),
    # A program, which has to be executable where it is extracted to.
    Case("imageio-ffmpeg==0.6.0", "ffmpeg"),
]

PROBES: Final = Path(__file__).with_name("probes")
HANDLER: Final = """\
from my_app.probe import probe


def handler(event, context):
    return probe()
"""


@pytest.fixture(
    params=CASES, ids=lambda case: case.requirements.split()[0], scope="module"
)
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
    limit_bytes = min(LAMBDA.unzipped_limit_bytes, int(environment.size_bytes * 0.97))
    return LAMBDA.unzipped_limit_bytes - limit_bytes


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
