"""What a package imports at once: at its own level, in whatever way that is written."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging import python_source
from poetry_plugin_package_function.packaging.tree import importers
from poetry_plugin_package_function.packaging.tree.importers import is_imported_at_once


def is_imported(sources: dict[str, str]) -> bool:
    texts = {name: text.encode() for name, text in sources.items()}
    return is_imported_at_once(["big", "sub", "_fast"], texts)


@pytest.mark.parametrize(
    "statement",
    [
        "import big.sub._fast",
        "import os, big.sub._fast as fast",
        "from big.sub import _fast",
        "from big.sub._fast import one",
        "from big.sub._fast import *",
        "from .sub import _fast",
        "from . import (\n    more,\n)\nfrom .sub import (  # both\n more, _fast)",
        "from .sub \\\n    import _fast",
        "import os; from .sub import _fast",
        "if os: from .sub import _fast",
        "try:\n    from .sub import _fast\nexcept ImportError:\n    pass",
        "try:\n    pass\nfinally:\n    with a:\n        from .sub import _fast",
        "while a:\n    match a:\n        case 1:\n            from .sub import _fast",
        "class A:\n    from .sub import _fast",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from .sub import _fast",
        "from big.sub.more import one",
        "import big.sub.deep.more",
    ],
)
def test_statements(statement: str) -> None:
    """Each of them imports the module, by itself or by what it imports."""
    sources = {
        "big/__init__.py": f"import os\n{statement}\n",
        "big/sub/__init__.py": "",
        "big/sub/more.py": "from . import _fast\n",
        "big/sub/deep/__init__.py": "from .. import more\n",
        "big/sub/deep/more.py": "",
        "big/last.py": "",
        "big/other.py": "",
    }

    assert is_imported(sources)


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "import big.sub",
        "from . import sub",
        "import _fast",
        "from big import _fast",
        "from .other import _fast",
        "from .. import _fast",
        "def f():\n    from .sub import _fast",
        "async def f():\n    from .sub import _fast",
        "class A:\n    def f(self):\n        from .sub import _fast",
        "if TYPE_CHECKING:\n    from .sub import _fast",
        "if typing.TYPE_CHECKING:\n    from .sub import _fast",
        "# from .sub import _fast",
        '"""\nfrom .sub import _fast\n"""',
        "from .sub import _fast, 1",
        "from .sub import _fast\n\0",
        "from .sub import lazy",
        "lazy from .sub import _fast",
    ],
)
def test_what_imports_something_else_or_later(statement: str) -> None:
    """It may still be imported, and need not be."""
    sources = {
        "big/__init__.py": f"{statement}\n",
        "big/sub/__init__.py": "",
        "big/sub/lazy.py": "def f():\n    import big.sub._fast\n",
        "big/sub/user.py": "import big.sub._fast\n",
        "other/__init__.py": "import big.sub._fast\n",
    }

    assert not is_imported(sources)


@pytest.mark.parametrize(("users", "expected"), [(3, False), (4, True)])
def test_most_of_the_sources(users: int, *, expected: bool) -> None:
    """More than half: whoever uses the package hardly gets around the module."""
    sources = {
        f"big/user{each}.py": "from .core import a\n" for each in range(users - 1)
    }
    others = {f"big/other{each}.py": "" for each in range(5 - users)}
    inits = {"big/__init__.py": "", "big/sub/__init__.py": ""}
    core = {
        "big/core.py": "from .sub import _fast\n",
        "big/data.txt": "",
        "big/a.pyi": "",
    }

    assert expected is is_imported({**sources, **others, **inits, **core})


def test_hardly_anything_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what leads to no package that the module is in, whoever is led to it."""
    seen = []

    def parsed(source: bytes) -> object:
        seen.append(source)
        return python_source.parsed(source)

    monkeypatch.setattr(importers, "parsed", parsed)
    mentioned = "def later():\n    from .sub import more\n"
    sources = {
        "big/__init__.py": mentioned,
        "big/sub/__init__.py": "",
        "big/sub/more.py": "from . import _fast\n",
        "big/sub/core.py": "from . import more\n",
        **{f"big/other{number}.py": "import big\n" for number in range(9)},
    }

    assert not is_imported(sources)
    assert [mentioned.encode()] == seen


def test_a_package_that_is_imported_by_its_own_modules() -> None:
    """`from . import` imports it, too, which no word in the statement says."""
    modules = (f"big/other/x{number}.py" for number in range(6))
    text = "from . import y\ndef later():\n    from ..sub import _fast\n"
    sources = {
        **dict.fromkeys(("big/__init__.py", "big/a.py", "big/sub/__init__.py"), ""),
        "big/other/__init__.py": "from ..sub import _fast\n",
        **dict.fromkeys(modules, text),
    }

    assert is_imported(sources)


NAMES = ("big/__init__.py", "big/sub/__init__.py", "big/x.py", "big/sub/y.py")
STATEMENTS = ("from .sub import _fast", "from . import x", "import big.sub.y", "a = 1")


@given(
    st.dictionaries(
        st.sampled_from((*NAMES, "big/z/__init__.py", "big/z/w.py", "big/last.py")),
        st.lists(st.tuples(st.sampled_from(STATEMENTS), st.booleans()), max_size=3),
    )
)
def test_the_quick_answer_is_the_exact_one(
    texts: dict[str, list[tuple[str, bool]]],
) -> None:
    """Nothing is decided by patterns that parsing would decide in another way."""
    sources = {
        name: "\n".join(
            f"def f():\n    {text}" if is_late else text for text, is_late in lines
        ).encode()
        for name, lines in texts.items()
    }
    module = ["big", "sub", "_fast"]

    imported = importers._Imported(sources)
    reached = {*importers._leading_to(module, sources, imported)}
    inits = {"big/__init__.py", "big/sub/__init__.py"}
    exact = bool(inits & reached) or 2 * len(reached) > len(sources)

    assert exact == is_imported_at_once(module, sources)
