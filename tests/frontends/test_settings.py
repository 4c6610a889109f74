from __future__ import annotations

import os

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.configuration.options import KEYS
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.services import AGENTCORE
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.settings import Settings
from tests.trees import make_project


def resolved(
    directory: Path, table: str = "", name: str | None = "my-app", **flags: Any
) -> Settings:
    project = read_project(make_project(directory / "project", name, table))
    named = {key.replace("_", "-").strip("-"): value for key, value in flags.items()}
    default = project.directory / "dist"
    (found,) = resolve(named, project, None, default_output_dir=default)
    assert {*found.targets} <= found.results
    return replace(found, results=frozenset())


def problems(directory: Path, table: str = "", **flags: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        resolved(directory, table, **flags)
    assert 2 == raised.value.exit_status
    return raised.value.lines


def test_defaults(tmp_path: Path) -> None:
    """Nothing said: the archive is dist/<distribution_name>.zip, all else is empty."""
    expected = Settings(output=tmp_path / "project/dist/my_app.zip")
    assert expected == resolved(tmp_path)


def test_the_table_says_all_that_flags_say(tmp_path: Path) -> None:
    """Every key has the name of its option; paths start at the project's directory."""
    settings = resolved(
        tmp_path,
        """
        with = ["aws", "a,b"]
        without = ["main"]
        extras = ["x y"]
        python = "3.13"
        output-dir = "build"
        report = "build/report.json"
        exclude = ["tests/"]
        include = ["a.py", {include = "*.py", from = "src", to = "lib/"}]
        layers-size = "40 MB"
        nest = ["scipy"]
        keep-flat = ["numpy", "pandas"]
        eager = true
        """,
    )

    project = tmp_path / "project"
    assert (
        Settings(
            output=project / "build/my_app.zip",
            report=project / "build/report.json",
            exclude=("tests/",),
            include=(Inclusion("a.py", "."), Inclusion("*.py", "src", "lib")),
            layers_size_bytes=41_943_040,
            nest=frozenset({"scipy"}),
            keep_flat=frozenset({"numpy", "pandas"}),
            eager=True,
            with_groups=frozenset({"aws", "a", "b"}),
            without_groups=frozenset({"main"}),
            extras=frozenset({"x", "y"}),
            python="3.13",
        )
        == settings
    )


def test_flags_beat_the_table(tmp_path: Path, in_directory: Path) -> None:
    """A flag replaces its key; its paths start at the current directory."""
    settings = resolved(
        tmp_path,
        'with = ["a"]\noutput = "x.zip"\nlayers-size = 5\nreport = "r.json"\n',
        with_=["b"],
        output="y.zip",
        layers_size="7",
        report=None,
    )

    assert frozenset({"b"}) == settings.with_groups
    assert in_directory / "y.zip" == settings.output
    assert 7 == settings.layers_size_bytes
    assert tmp_path / "project/r.json" == settings.report


def test_the_python_of_what_is_there(tmp_path: Path) -> None:
    """Said together, --python is the one that compiles and imports."""
    settings = resolved(tmp_path, "", venv="v", python="3.13")
    over_table = resolved(tmp_path, 'venv = "v"', python="3.13")

    assert "3.13" == settings.python
    assert ("3.13", settings.venv) == (over_table.python, Path.cwd() / "v")


@pytest.mark.parametrize(
    ("table", "flags", "silent"),
    [
        ('output = "x.zip"', {"output_dir": "d"}, "output"),
        ('only = ["a"]', {"with_": ["b"]}, "only_groups"),
        ('with = ["a"]', {"only": ["b"]}, "with_groups"),
        ("all-groups = true", {"only": ["b"]}, "all_groups"),
        ('without = ["a"]', {"all_groups": True}, "without_groups"),
        ("all-extras = true", {"extras": ["b"]}, "all_extras"),
        ('extras = ["a"]', {"all_extras": True}, "extras"),
        ('extras = ["a"]', {"venv": "v"}, "extras"),
        ('python = "3.13"', {"venv": "v"}, "python"),
        ('venv = "v"', {"with_": ["b"]}, "venv"),
    ],
)
def test_a_flag_silences_what_it_excludes(
    tmp_path: Path, table: str, flags: dict[str, Any], silent: str
) -> None:
    """A flag also beats those keys of the table that make no sense beside it."""
    settings = resolved(tmp_path, table, **flags)

    if silent == "output":
        assert Path.cwd() / "d/my_app.zip" == settings.output
    else:
        assert not getattr(settings, silent)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"output": "a", "output_dir": "b"}, "--output-dir excludes --output."),
        (
            {"only": ["a"], "with_": ["b"], "without": ["c"]},
            "--with, --without exclude --only.",
        ),
        ({"all_groups": True, "only": ["a"]}, "--only excludes --all-groups."),
        ({"all_extras": True, "extras": ["a"]}, "--extras excludes --all-extras."),
        (
            {"venv": "v", "extras": ["e"], "with_": ["a"]},
            "--with, --extras exclude --venv.",
        ),
    ],
)
def test_what_makes_no_sense_together(
    tmp_path: Path, flags: dict[str, Any], expected: str
) -> None:
    """Options that exclude each other are refused, not ranked."""
    assert (expected,) == problems(tmp_path, **flags)


def test_the_same_in_the_table(tmp_path: Path) -> None:
    """So are keys."""
    (problem,) = problems(tmp_path, 'output = "a"\noutput-dir = "b"')

    label = "[tool.poetry-plugin-package-function]"
    assert f"{label} output-dir excludes {label} output." == problem


def test_every_problem_is_listed(tmp_path: Path) -> None:
    """Unknown keys and bad values, of the table and of flags, come in one error."""
    found = problems(
        tmp_path,
        """
        exlude = []
        zzz = 1
        with = "aws"
        without = [1]
        all-extras = "yes"
        python = 3.13
        report = ""
        exclude = ["!"]
        include = "a.py"
        """,
        layers_size="much",
    )

    label = "[tool.poetry-plugin-package-function]"
    assert sorted(found) == sorted(
        [
            f"{label} exlude: unknown key. Did you mean `exclude`?",
            f"{label} zzz: unknown key.",
            f"{label} with: expected a list of strings, got 'aws'.",
            f"{label} without: expected a list of strings, got [1].",
            f"{label} all-extras: expected true or false, got 'yes'.",
            f"{label} python: expected a string, got 3.13.",
            f"{label} report: expected a string, got ''.",
            f"{label} exclude: '!' is not a gitignore pattern.",
            f"{label} include: expected a list, got 'a.py'.",
            "--layers-size: expected bytes, or a size as 40MB, got 'much'.",
        ]
    )


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("1", "expected a path, a glob or"),
        ('{from = "src"}', "expected a path, a glob or"),
        ('{include = "a", form = "src"}', "expected a path, a glob or"),
        ('{include = ["a"]}', "expected a path, a glob or"),
        ('"/etc/passwd"', "'/etc/passwd' is not below the project's directory"),
        ('"C:/passwords"', "'C:/passwords' is not below the project's directory"),
        ('"../shared/*.py"', "'../shared/*.py' is not below the project's directory"),
        ('{include = "a", to = "../b"}', "'../b' is not below the archive's root"),
        ('"a/../b"', "'a/../b' may have `..` at its start only"),
        ('".."', "'..' is not below the project's directory"),
        ('{include = "a", to = "/b"}', "'/b' is not below the project's"),
        ('""', "'' is not below the project's directory"),
        ('"."', "'.' is not below the project's directory"),
    ],
)
def test_bad_inclusions(tmp_path: Path, item: str, message: str) -> None:
    """Each is shown as it was written, with what is expected."""
    (problem,) = problems(tmp_path, f"include = [{item}]")

    assert message in problem


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("123", 123),
        ("40MB", 41_943_040),
        ("40 MiB", 41_943_040),
        ("1.5kb", 1536),
        ("2KiB", 2048),
        ("262143999", 262_143_999),
    ],
)
def test_sizes(tmp_path: Path, text: str, size_bytes: int) -> None:
    """Bytes, or units as Lambda has them: MB and MiB are the same."""
    assert size_bytes == resolved(tmp_path, layers_size=text).layers_size_bytes


@pytest.mark.parametrize("text", ["40GB", "-1", "1e6", "MB", "4 0", "9" * 400])
def test_bad_sizes(tmp_path: Path, text: str) -> None:
    """What is not clearly a size is refused."""
    (problem,) = problems(tmp_path, layers_size=text)
    assert f"--layers-size: expected bytes, or a size as 40MB, got {text!r}." == problem


@pytest.mark.parametrize("value", ["262144000", "-1", "true"])
def test_sizes_that_leave_nothing(tmp_path: Path, value: str) -> None:
    """The numbers that are shared are named."""
    (problem,) = problems(tmp_path, f"layers-size = {value}")
    assert ("250 MB that" in problem) == (value == "262144000")


def test_archive_and_report_in_one_file(tmp_path: Path) -> None:
    """One would overwrite the other."""
    (problem,) = problems(tmp_path, output="a.zip", report="./a.zip")
    assert problem.startswith("Archives, the report and the sizes are files")


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "poetry.lock", "uv.lock", "pylock.toml", "app.py"]
)
@pytest.mark.parametrize("key", ["output", "report"])
def test_results_do_not_replace_sources(tmp_path: Path, key: str, name: str) -> None:
    """A slip of the pen must not cost the user a file of the project."""
    (problem,) = problems(tmp_path, f'{key} = "{name}"')
    assert problem.endswith(f"{name} would be overwritten: it is no result of ours.")


@pytest.mark.parametrize("text", ["a\0b", "~no-such-user/x.zip"])
def test_what_is_no_path(tmp_path: Path, text: str) -> None:
    """It is shown, with the reason."""
    (problem,) = problems(tmp_path, output=text)
    assert f"--output: {text!r} is not a path: " in problem


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ('"../common"', Inclusion("common", "..")),
        ('"../common/*.py"', Inclusion("common/*.py", "..")),
        (
            '{ include = "**/*", from = "../common", to = "c" }',
            Inclusion("**/*", "../common", "c"),
        ),
        ('{ include = "../x.py", from = "src" }', Inclusion("x.py", ".")),
    ],
)
def test_files_beside_the_project(
    tmp_path: Path, item: str, expected: Inclusion
) -> None:
    """What is in the same Git checkout can be included; it keeps its place there."""
    (tmp_path / ".git").mkdir()
    assert (expected,) == resolved(tmp_path, f"include = [{item}]").include


def test_files_that_others_do_not_have(tmp_path: Path) -> None:
    """Who has the project's checkout only could not package it."""
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (problem,) = problems(tmp_path, 'include = ["../common"]')
    assert problem.endswith(
        f"'../common' is not below the project's Git checkout, {tmp_path}/project:"
        " make it a path dependency."
    )


def test_an_empty_flag(tmp_path: Path) -> None:
    """A variable that is not set must not change where the result goes."""
    (problem,) = problems(tmp_path, output="")
    assert "--output: expected a string, got ''." == problem


def test_a_project_without_a_name(tmp_path: Path) -> None:
    """`package-mode = false` projects may have none: their directories have."""
    assert "project.zip" == resolved(tmp_path, name=None).output.name
    assert "f.zip" == resolved(tmp_path, name=None, output="f.zip").output.name
    nameless = Project(Path("/"), None, {}, frozenset())
    with pytest.raises(ConfigError, match="has a name to call the archive by"):
        resolve({}, nameless, None, default_output_dir=tmp_path)


def test_home_and_links_in_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is the home directory, and links are followed to what they stand for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link.zip").symlink_to("real.zip")

    expected = Path(os.path.realpath(tmp_path / "real.zip"))
    assert expected == resolved(tmp_path, output="~/link.zip").output


def test_every_key_is_documented() -> None:
    """docs/configuration.md has a heading for each key of the table."""
    text = Path("docs/configuration.md").read_text(encoding="utf-8")
    assert [] == [key for key in KEYS if f"### `{key}`" not in text]


# -- what it is made for --


def test_a_runtime_is_a_target(tmp_path: Path) -> None:
    """Lambda's own default architecture is x86_64, whatever this machine is."""
    settings = resolved(tmp_path, runtime="python3.13")
    found = settings.target("3.11")

    assert found is not None
    assert ("3.13", "x86_64") == (found.python, found.machine)
    assert (2, 34) == found.system.glibc
    other = resolved(tmp_path, 'runtime = "python3.11"\narchitecture = "arm64"')
    found = other.target(None)
    assert found is not None
    assert ("3.11", "aarch64", (2, 26)) == (
        *(found.python, found.machine),
        found.system.glibc,
    )


def test_a_platform_has_the_python_that_there_is(tmp_path: Path) -> None:
    settings = resolved(tmp_path, platform="manylinux_2_28_aarch64")
    found = settings.target("3.12")

    assert found is not None
    assert ("3.12", "aarch64", None) == (found.python, found.machine, found.runtime)
    assert settings.target(None) is None


def test_without_a_runtime_it_is_that_of_the_python_that_there_is(
    tmp_path: Path,
) -> None:
    """On x86_64, as Lambda has it, whatever this machine is."""
    found = resolved(tmp_path).target("3.12")
    assert found is not None
    assert "python3.12 on x86_64 (Amazon Linux 2023, glibc 2.34)" == str(found)
    assert found.service is LAMBDA
    arm = resolved(tmp_path, architecture="arm64").target("3.12")
    assert arm is not None
    assert "aarch64" == arm.machine
    assert resolved(tmp_path).target("3.9") is None
    assert resolved(tmp_path).target(None) is None


def test_this_machines_own_build_has_no_target(tmp_path: Path) -> None:
    """Lambda's limits hold all the same; another cloud's are its own."""
    host = resolved(tmp_path, platform="host")
    assert (None, LAMBDA) == (host.target("3.12"), host.receiver)
    assert resolved(tmp_path, platform="manylinux_2_28_x86_64").receiver is None


def test_agentcore_has_a_system_and_an_architecture_of_its_own(tmp_path: Path) -> None:
    settings = resolved(tmp_path, 'target = "agentcore"')
    for runtime in (None, RUNTIMES["python3.11"]):
        found = replace(settings, runtime=runtime).target("3.11")
        assert found is not None
        assert "python3.11 on aarch64 (Amazon Linux 2023, glibc 2.34)" == str(found)
    assert AGENTCORE is settings.receiver


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("layer = true", "layer: AgentCore has no layers. Leave it out."),
        ("layer-only = true", "layer-only: AgentCore has no layers."),
        ('layers-size = "1MB"', "layers-size: AgentCore has no layers."),
        ("eager = true", "eager: AgentCore has no nested ZIPs."),
        ('nest = ["a"]', "nest: AgentCore has no nested ZIPs"),
        ('keep-flat = ["a"]', "keep-flat: AgentCore has no nested ZIPs"),
        ("exclude-provided = true", "AgentCore has no AWS SDK of its own. Leave it"),
        (
            'memory-size = 512\nhandler = "a.b"',
            "memory-size: AgentCore has no memory that can be chosen.",
        ),
        ('architecture = "x86_64"', "AgentCore has no x86_64; it has arm64."),
        ('runtime = "python3.15"', "AgentCore has no python3.15; it has python3.10,"),
    ],
)
def test_what_agentcore_does_not_have(tmp_path: Path, table: str, problem: str) -> None:
    """In the table as on the command line; the line to change is named."""
    (found,) = problems(tmp_path, f'target = "agentcore"\n{table}')
    assert problem in found


def test_a_flag_names_another_service(tmp_path: Path) -> None:
    """What the table has for Lambda only goes; what is a flag itself is refused."""
    table = 'layer = true\nexclude-provided = true\nlayers-size = "1MB"'
    settings = resolved(tmp_path, table, target="agentcore")
    assert (None, False, 0) == (
        *(settings.layer_output, settings.excludes_provided),
        settings.layers_size_bytes,
    )
    (found,) = problems(tmp_path, 'target = "agentcore"', layer=True)
    assert "--layer: AgentCore has no layers. Leave it out." == found


def test_what_another_cloud_does_not_have(tmp_path: Path) -> None:
    """A flag that names it silences a table's; beside it each is refused."""
    platform = "manylinux_2_28_x86_64"
    settings = resolved(tmp_path, "exclude-provided = true", platform=platform)
    assert not settings.excludes_provided
    flags: dict[str, Any] = {"exclude-provided": True, "platform": platform}
    (found,) = problems(tmp_path, **flags)
    assert (
        "--exclude-provided: another cloud has no AWS SDK of its own. Leave it out."
        == found
    )
    for flag, value in (("layer", True), ("layers-size", "1MB"), ("eager", True)):
        both: dict[str, Any] = {flag: value, "platform": platform}
        (found,) = problems(tmp_path, **both)
        assert found.startswith(f"--{flag}: another cloud has no ")
    host = resolved(tmp_path, "exclude-provided = true", platform="host")
    assert host.excludes_provided


@pytest.mark.parametrize("written", ["3.10", "3.1", '"3.10"'])
def test_a_runtime_that_is_written_as_a_number(tmp_path: Path, written: str) -> None:
    """What is meant is named; TOML knows no difference between 3.10 and 3.1."""
    (problem,) = problems(tmp_path, f"runtime = {written}")
    assert problem.endswith("runtime: Lambda has no '3.10'. Did you mean python3.10?")


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"runtime": "python3.9"}, "--runtime: Lambda has 'python3.9' no longer; it"),
        (
            {"runtime": "3.13"},
            "--runtime: Lambda has no '3.13'. Did you mean python3.13?",
        ),
        ({"runtime": "3.99"}, "--runtime: Lambda has no '3.99'; it has"),
        (
            {"runtime": "python3.13", "architecture": "aarch64"},
            "got 'aarch64'. Lambda calls it 'arm64'.",
        ),
        ({"platform": "win_amd64"}, "expected a tag of Linux with glibc"),
        ({"target": "azure"}, "expected one of lambda, agentcore, got 'azure'."),
        (
            {"target": "agentcore", "platform": "manylinux_2_28_x86_64"},
            "--target excludes --platform.",
        ),
        ({"architecture": "arm64", "platform": "host"}, "architecture excludes --pl"),
        (
            {"runtime": "python3.13", "platform": "manylinux_2_28_x86_64"},
            "--runtime excludes --platform.",
        ),
        ({"memory-size": "512"}, "--memory-size: has no effect without `handler`."),
        ({"memory-size": "64"}, "expected megabytes from 128 to 32,768, got '64'."),
        ({"memory-size": "127"}, "expected megabytes from 128 to 32,768, got '127'."),
        (
            {"memory-size": 32_769},
            "expected megabytes from 128 to 32,768, got 32769.",
        ),
        ({"runtime": "python3.9"}, "no longer; it has python3.10,"),
        ({"runtime": "custom"}, "For a runtime of your own give its `platform`, such"),
        ({"memory-size": "1GB"}, "expected megabytes"),
        (
            {"ephemeral-storage": "511"},
            "--ephemeral-storage: expected megabytes from 512 to 10,240, got '511'.",
        ),
        (
            {"ephemeral-storage": 10_241},
            "--ephemeral-storage: expected megabytes from 512 to 10,240, got 10241.",
        ),
        ({"ephemeral-storage": True}, "expected megabytes from 512 to 10,240"),
    ],
)
def test_targets_that_make_no_sense(
    tmp_path: Path, flags: dict[str, Any], problem: str
) -> None:
    (found,) = problems(tmp_path, **flags)
    assert problem in found


def test_what_goes_with_a_target(tmp_path: Path) -> None:
    settings = resolved(
        tmp_path,
        'memory-size = 512\nhandler = "a.b"\nenvironment = { B1 = "2", A1 = "1" }',
        platform="manylinux2014_x86_64",
        no_audit=True,
    )
    assert (("A1", "1"), ("B1", "2")) == settings.environment
    assert (True, 512) == (settings.no_audit, settings.memory_size_mb)
    table = 'runtime = "python3.12"\nplatform = "manylinux2014_x86_64"'
    (found,) = problems(tmp_path, table)
    assert "excludes" in found
    silenced = resolved(
        tmp_path, 'platform = "manylinux2014_x86_64"', runtime="python3.12"
    )
    found_target = silenced.target(None)
    assert found_target is not None
    assert found_target.runtime is not None


def test_flags_silence_what_goes_with_what_they_silence(tmp_path: Path) -> None:
    """Another cloud's platform beside a table that is for Lambda."""
    table = 'runtime = "python3.13"\narchitecture = "arm64"'
    settings = resolved(tmp_path, table, platform="manylinux_2_28_x86_64")
    found = settings.target("3.12")

    assert found is not None
    assert ("3.12", "x86_64", None) == (found.python, found.machine, found.runtime)


@pytest.mark.parametrize(
    ("value", "flag", "expected"),
    [
        ("true", False, (True, None)),
        ("false", True, (True, None)),
        ('"1.40.4"', False, (True, "1.40.4")),
        ('"1.40.4"', True, (True, "1.40.4")),
        ("false", False, (False, None)),
    ],
)
def test_whose_sdk_it_is(
    tmp_path: Path, value: str, flag: bool, expected: tuple[bool, str | None]
) -> None:
    """A flag that can only say yes does not take back what the table says more."""
    table = f'runtime = "python3.13"\nexclude-provided = {value}'
    settings = resolved(tmp_path, table, exclude_provided=flag)

    assert expected == (settings.excludes_provided, settings.provided_version)


@pytest.mark.parametrize("value", ['"newest"', "1.40", "[]", '"1"'])
def test_what_is_no_version_of_an_sdk(tmp_path: Path, value: str) -> None:
    (found,) = problems(tmp_path, f'runtime = "python3.13"\nexclude-provided = {value}')
    assert "expected true, false or the version of the runtime's boto3" in found


def test_variables_are_strings(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, 'handler = "a.b"\nenvironment = { A = 1 }')
    assert "environment: expected a table of strings" in found


def test_lambdas_names_are_checked_with_all_else(tmp_path: Path) -> None:
    """Of a handler and of variables, in one message."""
    table = 'handler = "sys.exit"\nenvironment = { AWS_REGION = "x" }\nstrip = 1'
    strip, handler, environment = problems(tmp_path, table)
    assert "strip: expected true or false" in strip
    assert "handler: Lambda cannot use built-in module sys" in handler
    assert "environment: Lambda reserves AWS_REGION" in environment


# -- layers --------------------------------------------------------------------------


def test_where_a_layer_goes(tmp_path: Path) -> None:
    """Beside the function, unless it is said."""
    dist = tmp_path / "project/dist"
    settings = resolved(tmp_path, "layer = true")
    assert (dist / "my_app.zip", dist / "my_app-layer.zip") == settings.archives
    settings = resolved(tmp_path, 'layer = true\noutput = "a.zip"\nreport = "r.json"')
    project = tmp_path / "project"
    assert (
        *(project / "a.zip", project / "a-layer.zip", project / "r.json"),
    ) == settings.targets
    settings = resolved(tmp_path, "layer = true", layer_output=str(tmp_path / "l.zip"))
    assert tmp_path / "l.zip" == settings.layer_output
    settings = resolved(tmp_path, "layer-only = true")
    assert (dist / "my_app-layer.zip",) == settings.archives


@pytest.mark.parametrize("memory_mb", [128, 10_240, 32_768])
def test_memory_that_lambda_has(tmp_path: Path, memory_mb: int) -> None:
    """From the smallest function to the largest on Managed Instances."""
    table = f'handler = "a.b"\nmemory-size = {memory_mb}'
    assert memory_mb == resolved(tmp_path, table).memory_size_mb


@pytest.mark.parametrize(
    ("table", "expected_mib"),
    [
        ("", None),
        ("ephemeral-storage = 512", 512),
        ("ephemeral-storage = 10240", 10240),
    ],
)
def test_room_that_lambda_has_in_tmp(
    tmp_path: Path, table: str, expected_mib: int | None
) -> None:
    """It counts without a handler, too: what is nested is extracted there."""
    found = resolved(tmp_path, table)
    assert expected_mib == found.ephemeral_storage_mb


def test_flags_for_layers_silence_what_they_exclude(tmp_path: Path) -> None:
    """A table may be for functions that are nested, and have handlers."""
    table = 'nest = ["scipy"]\neager = true\nhandler = "a.b"\nmemory-size = 512\n'
    settings = resolved(tmp_path, table, layer=True)
    assert (False, frozenset()) == (settings.eager, settings.nest)
    assert "a.b" == settings.handler
    table += 'environment = {AB = "b"}\ninclude = ["a"]\nephemeral-storage = 600\n'
    settings = resolved(tmp_path, table, layer_only=True)
    found = (settings.handler, settings.include, settings.environment)
    assert (None, (), ()) == found
    assert (None, None) == (settings.memory_size_mb, settings.ephemeral_storage_mb)


def test_layers_that_make_no_sense(tmp_path: Path) -> None:
    label = "[tool.poetry-plugin-package-function]"
    table = "layer = true\neager = true\n"
    assert (f"{label} eager excludes {label} layer.",) == problems(tmp_path, table)
    assert (
        "--layer-output: has no effect without `layer` or `layer-only`.",
    ) == problems(tmp_path, layer_output="a.zip")
    (problem,) = problems(tmp_path, layer=True, output="a.zip", layer_output="a.zip")
    assert problem.startswith("Archives, the report and the sizes are files")


# -- several functions ---------------------------------------------------------------


LABEL = "[tool.poetry-plugin-package-function.functions"
FUNCTIONS = """
with = ["shared"]
handler = "a.b"
[tool.poetry-plugin-package-function.functions.api]
handler = "api.handler"
only = ["main"]
[tool.poetry-plugin-package-function.functions.worker]
layer = true
"""


def all_resolved(
    directory: Path, table: str, *names: str, **flags: Any
) -> tuple[Settings, ...]:
    project = read_project(make_project(directory / "project", "my-app", table))
    named = {key.replace("_", "-").strip("-"): value for key, value in flags.items()}
    return resolve(named, project, names, default_output_dir=project.directory / "dist")


def all_problems(
    directory: Path, table: str, *names: str, **flags: Any
) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        all_resolved(directory, table, *names, **flags)
    return raised.value.lines


def test_a_functions_table_beats_the_one_of_all(tmp_path: Path) -> None:
    """And silences keys of that which make no sense beside its own."""
    api, worker = all_resolved(tmp_path, FUNCTIONS)

    dist = tmp_path / "project/dist"
    assert ("api", "worker") == (api.function, worker.function)
    assert (dist / "api.zip",) == api.archives
    assert (dist / "worker.zip", dist / "worker-layer.zip") == worker.archives
    assert ("api.handler", "a.b") == (api.handler, worker.handler)
    assert [{"main"}, set()] == [api.only_groups, api.with_groups]
    assert {"shared"} == worker.with_groups


def test_flags_beat_both(tmp_path: Path) -> None:
    flags = {"with_": ["x"], "handler": "x.y"}
    for settings in all_resolved(tmp_path, FUNCTIONS, **flags):
        assert "x.y" == settings.handler
        assert [{"x"}, set()] == [settings.with_groups, settings.only_groups]


def test_some_of_the_functions(tmp_path: Path) -> None:
    """In the order in which they are named, and each once."""
    found = all_resolved(tmp_path, FUNCTIONS, "worker", "api", "worker")
    assert ["worker", "api"] == [each.function for each in found]
    (only,) = all_resolved(tmp_path, FUNCTIONS, "worker", output="x.zip")
    assert Path.cwd() / "x.zip" == only.output


def test_a_project_that_is_one_function(tmp_path: Path) -> None:
    (settings,) = all_resolved(tmp_path, 'report = "dist/{name}.json"')
    assert settings.function is None
    assert tmp_path / "project/dist/my_app.json" == settings.report
    (problem,) = all_problems(tmp_path, "", "api")
    assert "The project has no function 'api': it has no tables" in problem


def test_names_stand_in_paths(tmp_path: Path) -> None:
    table = 'report = "{name}.json"\noutput-dir = "out/{name}"\n' + FUNCTIONS
    api, worker = all_resolved(tmp_path, table, compare="old/{name}.json")

    project = tmp_path / "project"
    assert (project / "api.json", project / "worker.json") == (
        *(api.report, worker.report),
    )
    assert project / "out/api/api.zip" == api.output
    assert Path.cwd() / "old/worker.json" == worker.compare


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    """Only a project at the root of the file system has none."""
    nameless = Project(Path("/"), None, {}, frozenset())
    flags = {"output": "a.zip", "report": "{name}.json"}
    with pytest.raises(ConfigError) as raised:
        resolve(flags, nameless, None, default_output_dir=tmp_path)
    expected = "--report: the project has no name to put for {name}."
    assert (expected,) == raised.value.lines


def test_the_project_itself_passes_over_its_functions(tmp_path: Path) -> None:
    """`package-python-function` without `--function`."""
    settings = resolved(tmp_path, FUNCTIONS)
    assert (None, "a.b") == (settings.function, settings.handler)


def test_a_function_may_be_called_as_its_project(tmp_path: Path) -> None:
    """Whoever packages the one does not package the other."""
    table = "[tool.poetry-plugin-package-function.functions.my_app]\n"
    archive = tmp_path / "project/dist/my_app.zip"
    assert archive == resolved(tmp_path, table).output
    (settings,) = all_resolved(tmp_path, table)
    assert archive == settings.output


def test_what_is_wrong_with_functions(tmp_path: Path) -> None:
    """All of it, each once, and by the name of its table."""
    found = all_problems(
        tmp_path,
        """
        eagr = true
        [tool.poetry-plugin-package-function.functions.api]
        hander = "x.y"
        functions = {}
        [tool.poetry-plugin-package-function.functions.worker]
        layer = true
        eager = true
        """,
    )
    assert (
        f"{LABEL[:-10]}] eagr: unknown key. Did you mean `eager`?",
        f"{LABEL}.api] hander: unknown key. Did you mean `handler`?",
        f"{LABEL}.api] functions: unknown key.",
        f"{LABEL}.worker] eager excludes {LABEL}.worker] layer.",
    ) == found


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("functions = 1", f"{LABEL}]: expected a table for each function, got 1."),
        ("[tool.x]", None),
        ("functions = {a = 1}", f"{LABEL}] a: expected a table, got 1."),
        ('functions = {"a b" = {}}', f"{LABEL}] 'a b': a name has letters, digits,"),
        (f"functions = {{{'a' * 65} = {{}}}}", "at most 64 of them."),
    ],
)
def test_functions_that_are_none(
    tmp_path: Path, table: str, expected: str | None
) -> None:
    if expected is None:
        assert 1 == len(all_resolved(tmp_path, table))
        return
    (problem,) = all_problems(tmp_path, table)
    assert expected in problem


def test_what_has_no_effect_for_some_functions(tmp_path: Path) -> None:
    """The table of all needs to have an effect for one of them; its own has to."""
    table = 'memory-size = 512\nhandler = "x.y"\n'
    functions = "".join(
        f"[tool.poetry-plugin-package-function.functions.{name}]\n{keys}\n"
        for name, keys in (("a", "layer-only = true"), ("b", 'handler = "x.y"'))
    )
    a, b = all_resolved(tmp_path, table + functions)
    assert (None, 512) == (a.memory_size_mb, b.memory_size_mb)
    found = all_problems(tmp_path, functions.replace("-only", "-output") + "")
    assert found == (f"{LABEL}.a] layer-output: expected a string, got True.",)
    (problem,) = all_problems(
        tmp_path, FUNCTIONS.replace("layer = true", 'layer-output = "x"')
    )
    assert (
        f"{LABEL}.worker] layer-output: has no effect without `layer` or `layer-only`."
        == problem
    )
    (problem,) = all_problems(
        tmp_path, FUNCTIONS.replace("handler", "python"), memory_size="512"
    )
    assert "--memory-size: has no effect without `handler`." == problem


def test_places_of_a_layer_alone(tmp_path: Path) -> None:
    """What a function is written to is not replaced, nor what tells of it."""
    table = 'layer = true\noutput = "f.zip"\nreport = "r.json"\nsizes = "s.html"\n'
    project = tmp_path / "project"
    found = resolved(tmp_path, table, layer_only=True)
    names = ("f-layer.zip", "r-layer.json", "s-layer.html")
    assert tuple(project / name for name in names) == found.targets
    found = resolved(tmp_path, table, layer_only=True, output="x.zip", report="x.json")
    here = Path.cwd()
    expected = (here / "x.zip", here / "x.json", project / "s-layer.html")
    assert expected == found.targets
    table += 'layer-output = "l.zip"\n'
    assert project / "l.zip" == resolved(tmp_path, table, layer_only=True).output
    said_at_once = table.replace("layer = ", "layer-only = ")
    found = resolved(tmp_path, said_at_once)
    names = ("l.zip", "r.json", "s.html")
    assert tuple(project / name for name in names) == found.targets


def test_a_function_that_is_a_layer(tmp_path: Path) -> None:
    """It is one by its own table, so that places for all are meant for it, too."""
    table = """
        output = "{name}.zip"
        report = "{name}.json"
        [tool.poetry-plugin-package-function.functions.shared]
        layer-only = true
        """
    (shared,) = all_resolved(tmp_path, table)
    project = tmp_path / "project"
    assert (project / "shared.zip", project / "shared.json") == shared.targets
    (shared,) = all_resolved(tmp_path, table.replace("output", "#"))
    assert project / "dist/shared-layer.zip" == shared.output


def test_who_beats_whom_among_groups(tmp_path: Path) -> None:
    """A group that is added beats one that is left out further up, and vice versa."""
    table = 'without = ["a", "b"]\n[tool.poetry-plugin-package-function.functions.f]\n'
    (f,) = all_resolved(tmp_path, table + 'with = ["a"]')
    assert [{"a"}, {"b"}] == [f.with_groups, f.without_groups]
    (f,) = all_resolved(tmp_path, table + 'with = ["a"]', without=["a"])
    assert [set(), {"a"}] == [f.with_groups, f.without_groups]
    both = 'with = ["a"]\nwithout = ["a", "c"]\n'
    assert {"a"} == resolved(tmp_path, both).with_groups


def test_what_flags_silence_may_leave_others_alone(tmp_path: Path) -> None:
    """Nothing is wrong with a table because of an option that beats a part of it."""
    table = 'layer = true\nlayer-output = "x.zip"\n'
    assert resolved(tmp_path, table, eager=True).layer_output is None
    table = 'runtime = "python3.13"\nexclude-provided = true\n'
    settings = resolved(tmp_path, table, platform="manylinux_2_28_x86_64")
    assert (None, False) == (settings.runtime, settings.excludes_provided)


def test_the_table_of_all_is_judged_by_all_functions(tmp_path: Path) -> None:
    """Whichever of them are packaged now, or none by its name."""
    table = """
        layer-output = "{name}-deps.zip"
        memory-size = 128
        [tool.poetry-plugin-package-function.functions.api]
        [tool.poetry-plugin-package-function.functions.worker]
        layer = true
        handler = "a.b"
        """
    (api,) = all_resolved(tmp_path, table, "api")
    assert (tmp_path / "project/dist/api.zip",) == api.archives
    assert (None, None) == (
        *(resolved(tmp_path, table).function, resolved(tmp_path, table).layer_output),
    )


def test_no_function_has_the_results_of_another(tmp_path: Path) -> None:
    """Those of all functions are known to each, and so are the usual places."""
    found = all_resolved(tmp_path, FUNCTIONS, "api", output_dir="elsewhere")
    dist = tmp_path / "project/dist"
    names = ("api.zip", "worker.zip", "worker-layer.zip")
    expected = {Path.cwd() / "elsewhere/api.zip", *(dist / name for name in names)}
    assert [expected] == [settings.results for settings in found]


def test_functions_that_would_overwrite_each_other(tmp_path: Path) -> None:
    """Also if they are packaged one at a time."""
    table = """
        [tool.poetry-plugin-package-function.functions.api]
        layer = true
        [tool.poetry-plugin-package-function.functions.api-layer]
        [tool.poetry-plugin-package-function.functions.other]
        """
    for names in ((), ("api",), ("api-layer", "other")):
        (problem,) = all_problems(tmp_path, table, *names)
        assert "api-layer would all be written to" in problem or (
            "api would all be written to" in problem
        )
    assert 1 == len(all_resolved(tmp_path, table, "other"))
    assert 1 == len(all_resolved(tmp_path, table, "api", output="x.zip"))
