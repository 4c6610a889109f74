"""Names of handlers and of environment variables are those that Lambda takes."""

from __future__ import annotations

import pytest

from poetry_plugin_package_function.lambda_names import wrong_handler
from poetry_plugin_package_function.lambda_names import wrong_variables


@pytest.mark.parametrize(
    "handler",
    ["my_func.handler", "a.b", "a/b.c", "my-func.handler", "x" * 126 + ".y"],
)
def test_a_good_handler_has_no_problems(handler: str) -> None:
    """Lambda takes it."""
    assert [] == [*wrong_handler(handler)]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("x" * 127 + ".y", "129 characters; Lambda allows 128"),
        ("my app.handler", "white space"),
        ("handler", "no dot"),
        ("", "no dot"),
        ("my_app/handler", "no dot"),
        ("my.app/handler", "no function"),
        (".handler", "nothing beside"),
        ("a..b", "nothing beside"),
        ("a.", "nothing beside"),
        ("/a.b", "nothing beside"),
        ("sys.exit", "built-in module sys"),
        ("time.x.handler", "built-in module time"),
        ("time/x.handler", "built-in module time"),
    ],
)
def test_a_bad_handler_is_refused(handler: str, message: str) -> None:
    """With what is wrong."""
    (problem,) = wrong_handler(handler)
    assert message in problem


def test_all_problems_of_a_handler_are_listed() -> None:
    """In one go."""
    assert 3 == len([*wrong_handler("x " * 80)])


def test_good_variables_have_no_problems() -> None:
    """Lambda lets a function set these."""
    free = ("TABLE", "TZ", "LANG", "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "aB_1")
    assert [] == [*wrong_variables(free)]


def test_all_problems_of_variables_are_listed() -> None:
    """Reserved variables and those with malformed names, in one go."""
    names = ("TABLE", "_HANDLER", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "A", "B=C")
    reserved, malformed = wrong_variables(names)
    assert " AWS_LAMBDA_FUNCTION_NAME, AWS_REGION, _HANDLER: " in reserved
    assert " 'A', 'B=C': " in malformed
