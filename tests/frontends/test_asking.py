"""Python is asked in the background what Poetry is going to ask it."""

from __future__ import annotations

import subprocess
import sys

import pytest


# In a process of its own: what Poetry imports warns, and nothing has been asked yet.
ASKED = """\
import subprocess
import threading

from poetry.config.config import Config
from poetry.utils.env.python import Python

from poetry_plugin_package_function.bundling.asking import ask_python

def no_process(*arguments, **options):
    raise SystemError("Python was asked once more")

def ask_and_wait():
    ask_python()
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join()
"""
REMEMBERED = """
ask_and_wait()
subprocess.run = no_process
python = Python.get_preferred_python(Config(use_environment=False))
assert python.executable.is_absolute()
assert 3 == python.patch_version.major
"""
FAILING = """
subprocess.run = no_process
ask_and_wait()
"""


@pytest.mark.parametrize("code", [REMEMBERED, FAILING])
def test_python_is_asked_early(code: str) -> None:
    """Poetry starts no process of its own then; what fails is left for it to say."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED + code], capture_output=True, text=True
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
