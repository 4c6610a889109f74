"""What is packaged has the limits of the service that it is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.sources.environment import this_machine
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.warned import Severity
from poetry_plugin_package_function.report.warned import warnings
from poetry_plugin_package_function.services import AGENTCORE
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import SERVICES
from tests.packaging.elf_files import elf
from tests.trees import finished
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.services import Service


X86_64, ARM64 = elf(machine=62), elf(machine=183)


def packaged(
    directory: Path,
    *libraries: tuple[str, bytes],
    python: str = "3.13",
    service: Service | None = None,
    **flags: Any,
) -> Report:
    """Packages an environment with libraries, as `--venv` does."""
    venv = make_venv(directory / "venv", python=python)
    install(venv, "my_app", {"my_app/__init__.py": "x = 1\n" * 1000})
    install(venv, "native", {"native/__init__.py": ""})
    (site_packages,) = venv.glob("lib/python*/site-packages")
    for name, content in libraries:
        (site_packages / name).write_bytes(content)
    project = read_project(make_project(directory / "project", "my-app"))
    output = str(directory / "x.zip")
    given = {"output": output, "venv": str(venv), **flags}
    (settings,) = resolve(given, project, None, default_output_dir=Path.cwd())
    if service is not None:
        settings = replace(settings, service=service)
    return finished(venv, project, settings)


@pytest.mark.parametrize(
    ("libraries", "machine"),
    [
        ((), ""),
        ((("a.so", X86_64),), "x86_64"),
        ((("a.so", ARM64),), "aarch64"),
        ((("a.so", ARM64), ("b.so", X86_64)), "x86_64"),
        ((("a.so", ARM64), ("b.so", X86_64), ("c.so", ARM64)), "aarch64"),
        ((("a.so", elf(machine=243)),), ""),
    ],
)
def test_an_environment_says_what_it_is_made_for(
    tmp_path: Path, libraries: tuple[tuple[str, bytes], ...], machine: str
) -> None:
    """Lambda's runtime of its Python, and the machine that most of its code is for."""
    report = packaged(tmp_path, *libraries)

    assert report.is_derived
    assert report.target is not None
    assert (LAMBDA, machine) == (report.target.service, report.target.machine)
    assert LAMBDA.runtime("3.13") == report.target.runtime


def test_what_the_audit_finds_is_a_warning_unless_a_target_is_named(
    tmp_path: Path,
) -> None:
    """-q does not hide it; who names a target wants to know for sure."""
    libraries = (("a.so", ARM64), ("b.so", ARM64), ("c.so", X86_64))
    report = packaged(tmp_path / "said", *libraries)

    (found,) = [each for each in warnings(report) if "cannot work" in each.text]
    assert found.severity is Severity.DEFECT
    assert found.text.startswith("1 file cannot work on python3.13 on aarch64 (Amazon")
    assert "name it: --runtime, --architecture." in found.text
    named: tuple[dict[str, Any], ...] = (
        {"runtime": "python3.13"},
        {"architecture": "arm64"},
        {"platform": "manylinux_2_28_aarch64"},
        {"target": "agentcore"},
    )
    for number, flags in enumerate(named):
        with pytest.raises(IncompatibleTargetError, match=r"-bit code for .*target is"):
            packaged(tmp_path / f"{number}", *libraries, **flags)


def test_a_python_that_the_service_has_no_runtime_of(tmp_path: Path) -> None:
    """Made for none is a warning, as before; AgentCore is refused by name."""
    report = packaged(tmp_path / "said", ("a.so", X86_64), python="3.15")
    assert report.target is not None  # a preview
    report = packaged(tmp_path / "old", ("a.so", X86_64), python="3.9")
    assert (None, ()) == (report.target, report.findings)
    with pytest.raises(IncompatibleTargetError, match="AgentCore has no runtime of it"):
        packaged(tmp_path / "agent", python="3.15", target="agentcore")


def test_what_this_machine_has_built_is_not_looked_at(tmp_path: Path) -> None:
    report = packaged(tmp_path, ("a.so", ARM64), ("b.so", X86_64), platform="host")
    assert (None, ()) == (report.target, report.findings)
    assert LAMBDA is report.service
    assert 262_144_000 == report.limit_bytes


def test_another_cloud_has_no_limit(tmp_path: Path) -> None:
    """Nothing is nested for it, whatever its size."""
    report = packaged(tmp_path, platform="manylinux_2_28_x86_64")
    assert (Layout.FLAT, None) == (report.layout, report.limit_bytes)


def test_agentcore_takes_more_and_nests_nothing(tmp_path: Path) -> None:
    """Unzipped and zipped sizes have a limit each; both name what is largest."""
    report = packaged(tmp_path / "fits", target="agentcore")
    assert 786_432_000 == report.limit_bytes
    for number, (limits, words) in enumerate(
        (
            ({"unzipped_limit_bytes": 5120}, "and AgentCore takes less than 5 KB: "),
            ({"zipped_limit_bytes": 512}, "and AgentCore takes 1 KB at most: "),
        )
    ):
        service = replace(AGENTCORE, **limits)  # type: ignore[arg-type]
        with pytest.raises(PackageTooLargeError, match=words) as raised:
            packaged(tmp_path / f"{number}", target="agentcore", service=service)
        assert "my-app 1.0" in str(raised.value).replace("_", "-")
        assert "or deploy a container image." in raised.value.hint


def test_each_service_is_whole() -> None:
    """Names are unique, runtimes in order, and the first architecture is a default."""
    for key, service in SERVICES.items():
        assert key == service.key
        minors = [int(each.python.partition(".")[2]) for each in service.runtimes]
        assert sorted(minors) == minors
        assert service.architectures
        assert f"<{service.name}>" == repr(service)
    assert this_machine() in ("", "x86_64", "aarch64")
