"""When libraries are extracted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from tests.compatibility.function import Function


ONE_AFTER_THE_OTHER: Final = [
    "use_opencv",
    "use_google_storage",
    "use_matplotlib",
    "use_sklearn",
    "use_boto3",
    "use_azure_storage",
    "use_pandas",
    "use_cryptography",
    "use_grpc",
    "use_pyarrow",
    "use_opentelemetry",
    "use_fork",
    "use_spawn",
]
SMALLER: Final = [
    "use_google_storage",
    "use_google_protobuf",
    "use_grpc",
    "use_azure_storage",
    "use_azure_identity",
    "use_cryptography",
    "use_pydantic",
    "use_opentelemetry",
    "use_tzdata",
    "use_certifi",
    "use_numpy",
]


def test_one_process_uses_one_library_after_the_other(
    flat_function: Function, nested_function: Function
) -> None:
    """What is imported late is found as what is imported early."""
    expected = flat_function.answer("use_all", ONE_AFTER_THE_OTHER)
    assert expected == nested_function.answer("use_all", ONE_AFTER_THE_OTHER)


def test_some_libraries_are_nested_and_some_are_not(
    flat_function: Function, mixed_function: Function
) -> None:
    """Libraries find each other wherever they are, in shared namespaces, too."""
    expected = flat_function.answer("use_all", SMALLER)
    assert expected == mixed_function.answer("use_all", SMALLER)


def test_what_is_not_imported_is_not_extracted(nested_function: Function) -> None:
    """A handler that needs no library leaves `/tmp` empty."""
    outcome = nested_function.run("use_nothing", {"number": 1})
    assert None is outcome.init_error, outcome.stderr
    assert [{"echo": '{"number": 1}'}] == [each.value for each in outcome.results]
    assert 0 == outcome.tmp_bytes


def test_one_library_is_extracted_without_the_others(nested_function: Function) -> None:
    """A handler that needs one small library leaves little in `/tmp`."""
    outcome = nested_function.run("use_certifi", {})
    assert None is outcome.init_error, outcome.stderr
    assert 0 < outcome.tmp_bytes < nested_function.extracted_bytes / 100


def test_an_extension_module_is_extracted_without_its_package(
    flat_function: Function, apart_function: Function
) -> None:
    """It finds the libraries that have stayed, and its package does without it."""
    assert ("pyarrow._flight",) == apart_function.extensions
    outcome = apart_function.run("use_pyarrow", {})
    assert None is outcome.init_error, outcome.stderr
    assert 0 == outcome.tmp_bytes
    for use in "use_pyarrow", "use_pyarrow_flight":
        assert flat_function.answer(use) == apart_function.answer(use)


def test_an_eager_function_extracts_all_in_init(eager_function: Function) -> None:
    """With `eager` it is all there before the first event, whatever is imported."""
    outcome = eager_function.run("use_nothing")
    assert None is outcome.init_error, outcome.stderr
    assert eager_function.extracted_bytes <= outcome.tmp_bytes


def test_an_eager_function_answers_as_a_flat_one(
    flat_function: Function, eager_function: Function
) -> None:
    """What libraries do does not depend on when they were extracted."""
    expected = flat_function.answer("use_all", SMALLER)
    assert expected == eager_function.answer("use_all", SMALLER)
