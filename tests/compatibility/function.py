"""Functions with real libraries: their task roots, flat and nested."""

from __future__ import annotations

import json
import sys

from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.runtimes import HOST
from tests.compatibility.environment import distributions
from tests.compatibility.environment import libraries
from tests.compatibility.environment import pins
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import run
from tests.lambda_runtime import unpack
from tests.lambda_runtime.memory import empty_tmp
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lambda_runtime import Outcome


APP: Final = Path(__file__).with_name("my_app")

_LARGE: Final = (
    *("botocore", "cv2", "fontTools", "matplotlib", "opencv_python_headless.libs"),
    *("pandas", "pyarrow", "scipy", "scipy.libs", "sklearn"),
)
_SHARING: Final = ("azure-core", "google-cloud-storage", "protobuf")
_LAYERS_BYTES: Final = 180_000_000
_LAYERS_BESIDE_PYARROW: Final = 50_000_000
_LIMIT_S: Final = 120


@dataclass(frozen=True)
class Function:
    """A task root.

    Attributes:
        task_root: Where it is; none of the tests writes to it.
        extracted_bytes: What a nested one extracts if all is extracted.
        extensions: Extension modules that are nested apart from their packages.
        front: What stands before the task root on `sys.path`.
    """

    task_root: Path
    extracted_bytes: int = 0
    extensions: tuple[str, ...] = ()
    front: Path | None = None

    def run(self, module: str, *events: object) -> Outcome:
        """Runs a module's handler in a new execution environment, with an empty `/tmp`.

        What no event has been sent to has been through INIT.
        """
        client = client_environment(Path(sys.executable), default_cache_dir())
        with empty_tmp() as tmp_dir:
            return run(
                self.task_root,
                f"my_app.{module}.handler",
                events,
                client_python=client,
                tmp_dir=tmp_dir,
                # An ordinary user could write to the kept libraries.
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                init_timeout_s=_LIMIT_S,
                pythonpath_front=self.front,
                invoke_timeout_s=_LIMIT_S,
            )

    def answer(self, module: str, event: object = None) -> object:
        """What a module's handler says to an event; it has to say something."""
        outcome = self.run(module, event)
        assert None is outcome.init_error, _shown(outcome.init_error, outcome)
        (result,) = outcome.results
        assert None is result.error, _shown(result.error, outcome)
        return result.value


@dataclass(frozen=True)
class Environment:
    """What a function is made of.

    Attributes:
        requirements: Pins of all libraries.
        sources: The modules of the project's package, `my_app`.
    """

    requirements: str
    sources: Mapping[str, bytes]

    @property
    def libraries(self) -> Path:
        """Where they are kept."""
        return libraries(self.requirements)

    @property
    def size_bytes(self) -> int:
        """What a flat result has, nearly."""
        paths = (path for path in self.libraries.rglob("*") if path.suffix != ".pyc")
        return sum(path.stat().st_size for path in paths if path.is_file())

    def flat(self, directory: Path) -> Function:
        """The libraries where they are kept, with the project beside them.

        Nothing is linked: OpenCV cannot be imported by a path with a link in it.
        """
        venv = self._virtual_environment(directory / "venv")
        return Function(self.libraries, front=site_packages_of(venv))

    def nested(
        self, directory: Path, table: str | None = None, layers_size: int = 0
    ) -> Function:
        """A nested result, unpacked.

        Args:
            directory: Where to.
            table: Rows of the project's table; None to nest all libraries.
            layers_size: What is kept for layers: that much less is left flat.
        """
        venv = self._virtual_environment(directory / "venv")
        if table is None:
            table = f"nest = {json.dumps(distributions(self.requirements))}"
        pyproject = make_project(directory / "project", "my-app", table)
        report = package_venv(
            venv,
            pyproject,
            directory / "function.zip",
            layers_size=layers_size,
            platform=HOST,  # it runs here
        )
        assert report.nested is not None
        unpack(report.output_file, directory / "task")
        return Function(
            directory / "task",
            report.nested.extracted_bytes,
            tuple(each.extension for each in report.nested.units if each.extension),
        )

    def _virtual_environment(self, directory: Path) -> Path:
        """One with the project in `lib` and the kept libraries in `lib64`."""
        version = f"python3.{sys.version_info.minor}"
        venv = make_venv(directory, python=version.removeprefix("python"))
        (venv / "lib64" / version).mkdir(parents=True)
        (venv / "lib64" / version / "site-packages").symlink_to(self.libraries)
        files = {f"my_app/{name}": text for name, text in self.sources.items()}
        install(venv, "my_app", files)
        return venv


def _whole() -> Environment:
    sources = {path.name: path.read_bytes() for path in sorted(APP.glob("*.py"))}
    return Environment(pins(), sources)


def flat(directory: Path) -> Function:
    """The libraries as they are kept."""
    return _whole().flat(directory)


def nested(directory: Path) -> Function:
    """All libraries, all of them nested."""
    return _whole().nested(directory)


def mixed(directory: Path, *, eager: bool = False) -> Function:
    """The smaller libraries, as many of them nested as the limit asks for.

    Of `google`, `google.cloud` and `azure`, some is nested and some is not.
    """
    rows = [f"exclude = {json.dumps([f'/{name}/' for name in _LARGE])}"]
    rows += [f"nest = {json.dumps(_SHARING)}"]
    if eager:
        rows += ["eager = true"]
    return _whole().nested(directory, "\n".join(rows), _LAYERS_BYTES)


def apart(directory: Path) -> Function:
    """Nothing but pyarrow and NumPy, flat but for tests and an extension module."""
    top_level = sorted(
        path.name for path in libraries(pins()).iterdir() if path.is_dir()
    )
    excluded = [
        f"/{name}/"
        for name in top_level
        if not name.startswith(("pyarrow", "numpy")) and not name.endswith("-info")
    ]
    rows = [f"exclude = {json.dumps(excluded)}"]
    return _whole().nested(directory, "\n".join(rows), _LAYERS_BESIDE_PYARROW)


def saved(function: Function) -> str:
    """A function for another process to load."""
    return json.dumps(asdict(function), default=str)


def loaded(text: str) -> Function:
    """What `saved` has saved."""
    fields = json.loads(text)
    front = fields["front"]
    return Function(
        Path(fields["task_root"]),
        fields["extracted_bytes"],
        tuple(fields["extensions"]),
        front and Path(front),
    )


def _shown(error: object, outcome: Outcome) -> str:
    return f"{json.dumps(error, indent=2)}\n{outcome.stdout}\n{outcome.stderr}"
