"""Projects whose code comes in by `include`, with data of all kinds beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


SOURCE = Source(
    {},
    dependencies={"dep": {"dep.py": "VALUE = 7\n"}},
    table='include = ["app", "*.py", "*.json", "data", "functions"]',
    beside={
        "app/__init__.py": "import dep\n",
        "app/settings.json": "1",
        "app/sub/data.txt": "22",
        "config.py": "import dep\nVALUE = dep.VALUE\nFILE = __file__\n",
        "config.json": "333",
        "data/x.json": "4444",
        "my-func.py": "import dep\ndef handler(event, context): return dep.VALUE\n",
        "functions/get-user/handler.py": "import dep\nVALUE = dep.VALUE\n",
    },
)

SNIPPETS = {
    "data below the current directory": """\
from pathlib import Path
names = ["app/settings.json", "app/sub/data.txt", "config.json", "data/x.json"]
show([Path(name).read_text() for name in names])
""",
    "data beside the modules": """\
from pathlib import Path
import app, config
beside = Path(app.__file__).parent / "settings.json", Path(config.FILE).parent
show([beside[0].read_text(), (beside[1] / "config.json").read_text()])
""",
    "a module whose name is no identifier": """\
import importlib
show(importlib.import_module("my-func").handler({}, None))
""",
    "a module in directories of such names": """\
import importlib
show(importlib.import_module("functions.get-user.handler").VALUE)
""",
    "a module run by its path": """\
import runpy
found = runpy.run_path("config.py")
show([found["VALUE"], found["__name__"], os.path.basename(found["FILE"])])
""",
    "a module under a name of its user's": """\
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("env_py", "config.py")
module = module_from_spec(spec)
spec.loader.exec_module(module)
show([module.VALUE, module.__name__])
""",
}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_the_same_as_flat(tmp_path: Path, snippet: str) -> None:
    """Handlers and data are found as they are in a flat result."""
    answers = []
    for nested in (False, True):
        (tmp_path / str(nested)).mkdir()
        function = SOURCE.unpacked(tmp_path / str(nested), nested=nested)
        assert nested == (function.report.nested is not None)
        answers.append(function.ask(SNIPPETS[snippet]))

    assert answers[0] == answers[1]
