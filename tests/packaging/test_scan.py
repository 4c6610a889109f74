from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import tomllib

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.tree import Tree
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line
from poetry_plugin_package_function.packaging.tree.scan import scan
from poetry_plugin_package_function.values import Inclusion
from tests.trees import install
from tests.trees import is_root
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import write_files


def scanned(
    venv: Path,
    *,
    name: str | None = "my-app",
    project: Path | None = None,
    seeds: frozenset[str] = frozenset(),
    exclude: tuple[str, ...] = (),
    include: tuple[Inclusion, ...] = (),
    results: frozenset[str] = frozenset(),
) -> Tree:
    return scan(
        [site_packages_of(venv)],
        project_name=canonicalize_name(name) if name else None,
        project_directory=project or venv.parent,
        seeds=seeds,
        exclude=exclude,
        include=include,
        results=results,
    )


def names(tree: Tree) -> list[str]:
    return [entry.name for entry in tree.entries]


# -- the order and what is left out ---------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "owner"),
    [("my-app", "zoo", "my-app"), ("ant", "zoo", "zoo"), ("ant", "my-app", "my-app")],
)
def test_a_file_of_two_distributions(
    tmp_path: Path, first: str, second: str, owner: str
) -> None:
    """It is that of the one that is installed over the other: the project, at last."""
    venv = make_venv(tmp_path / "venv")
    for name in (first, second):
        install(venv, name.replace("-", "_"), {"shared.py": "A = 1\n"})

    (entry,) = (each for each in scanned(venv).entries if each.name == "shared.py")

    assert owner == entry.distribution


def test_ordered_by_archive_name(tmp_path: Path) -> None:
    """Order is that of names as strings, not of directories and their files."""
    files = ["a/c.py", "a-b.py", "a.py", "a/b/d.py", "Z.py", "é.py"]
    venv = make_venv(tmp_path / "venv", dict.fromkeys(files, ""))

    assert sorted(files) == names(scanned(venv))


def test_bytecode_and_installers_marks_are_left_out(tmp_path: Path) -> None:
    """No cached bytecode, nothing that tells of the installer or of this machine."""
    venv = make_venv(
        tmp_path / "venv",
        {
            "m/__init__.py": "",
            "m/__pycache__/__init__.cpython-311.pyc": b"\0",
            "m/__init__.pyc": b"\0",
            "m/old.pyo": b"\0",
            "_virtualenv.py": "",
            "_virtualenv.pth": "import _virtualenv",
            "pip-24.0.virtualenv": "",
        },
    )
    marks = ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"]
    install(venv, "dep", {"dep.py": ""}, marks=dict.fromkeys(marks, "{}"))

    assert names(scanned(venv)) == [
        "dep-1.0.dist-info/METADATA",
        "dep-1.0.dist-info/RECORD",
        "dep-1.0.dist-info/WHEEL",
        "dep.py",
        "m/__init__.py",
    ]


def test_modules_that_exist_only_as_bytecode_are_kept(tmp_path: Path) -> None:
    """A `.pyc` without a source beside it is the module, not a cache of it."""
    venv = make_venv(tmp_path / "venv", {"m/__init__.py": "", "m/closed.pyc": b"\0"})

    assert ["m/__init__.py", "m/closed.pyc"] == names(scanned(venv))


def test_marks_are_only_marks_at_the_top(tmp_path: Path) -> None:
    """Vendored metadata, and files of such names elsewhere, are part of a wheel."""
    files = ["v/dep-1.0.dist-info/INSTALLER", "v/RECORD", "v/_virtualenv.py"]
    venv = make_venv(tmp_path / "venv", dict.fromkeys(files, "x"))

    assert sorted(files) == names(scanned(venv))


def test_exclude_works_as_gitignore(tmp_path: Path) -> None:
    """Patterns without a slash match everywhere, later ones can take back."""
    venv = make_venv(
        tmp_path / "venv",
        dict.fromkeys(["p/tests/a.py", "p/data/b.bin", "p/data/c.bin", "d.md"], ""),
    )

    tree = scanned(venv, exclude=("tests/", "*.bin", "!c.bin", "/d.md"))

    assert ["p/data/c.bin"] == names(tree)


def test_record_names_what_is_shipped(tmp_path: Path) -> None:
    """RECORD is rewritten: sorted, without what is left out, and with itself."""
    venv = make_venv(tmp_path / "venv")
    info = install(
        venv, "dep", {"dep.py": "x = 1\n", "dep_tests.py": ""}, marks={"INSTALLER": "?"}
    )
    with (info / "RECORD").open("a") as record:
        record.write("../../../bin/dep,sha256=x,3\n__pycache__/dep.pyc,,\n")

    tree = scanned(venv, exclude=("dep_tests.py",))

    (written,) = (e for e in tree.entries if e.name == "dep-1.0.dist-info/RECORD")
    assert isinstance(written.source, bytes)
    rows = [row.split(",") for row in written.source.decode().splitlines()]
    assert [row[0] for row in rows] == [
        "dep-1.0.dist-info/METADATA",
        "dep-1.0.dist-info/RECORD",
        "dep-1.0.dist-info/WHEEL",
        "dep.py",
    ]
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).decode()
    assert [f"sha256={digest.rstrip('=')}", "6"] == rows[3][1:]
    assert ["", ""] == rows[1][1:]


def test_record_does_not_vouch_for_changed_files(tmp_path: Path) -> None:
    """Where a file no longer has the recorded size, its hash is not repeated."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "dep", {"dep.py": "x = 1\n"})
    (site_packages_of(venv) / "dep.py").write_text("x = 10\n")

    tree = scanned(venv)

    (written,) = (e for e in tree.entries if e.name.endswith("RECORD"))
    assert isinstance(written.source, bytes)
    assert b"\ndep.py,,\n" in written.source


def test_no_record_is_made_up(tmp_path: Path) -> None:
    """A distribution without a RECORD, as of an operating system, gets none."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {"dep.py": ""}) / "RECORD").unlink()

    assert "dep-1.0.dist-info/RECORD" not in names(scanned(venv))


def test_paths_of_path_dependencies_are_not_shipped(tmp_path: Path) -> None:
    """Builders write absolute paths into METADATA: those differ with the directory."""
    trees = []
    for place in ("one", "another"):
        venv = make_venv(tmp_path / place)
        metadata = (
            f"Requires-Dist: a[x,y] @ file:///{place}/a ; extra == 'z'\n"
            f"Requires-Dist: b@ file:///{place}%20/b\nRequires-Dist: c (>=1)\n"
            "\nRequires-Dist: in the text @ file:///stays\n"
        )
        install(venv, "my_app", {"my_app.py": ""}, metadata=metadata)
        install(venv, "lib", {"lib.py": ""}, metadata=metadata)
        trees.append(scanned(venv))

    contents = [
        {e.name: e.source for e in t.entries if "info" in e.name} for t in trees
    ]
    own = contents[0]["my_app-1.0.dist-info/METADATA"]
    of_lib = contents[0]["lib-1.0.dist-info/METADATA"]
    for name in ("METADATA", "RECORD"):
        for each in ("my_app", "lib"):
            file = f"{each}-1.0.dist-info/{name}"
            assert contents[0][file] == contents[1][file]
    assert isinstance(own, bytes)
    assert b"Requires-Dist: a[x,y] ; extra == 'z'\nRequires-Dist: b\n" in own
    assert isinstance(of_lib, bytes)
    assert of_lib.endswith(b"c (>=1)\n\nRequires-Dist: in the text @ file:///stays\n")


@pytest.mark.parametrize(
    ("written", "shipped"),
    [
        ("a @ https://host/a-1.0.whl?token=abc", "a"),
        ("a[x,y] @ git+ssh://git@host/a@main ; extra == 'z'", "a[x,y] ; extra == 'z'"),
        ("a@https://me:secret@host/a; python_version < '4'", "a; python_version < '4'"),
        ("a @ git+file:///home/me/a@0123 ; os_name == '@'", "a ; os_name == '@'"),
        ("a (>=1) ; os_name == '@'", "a (>=1) ; os_name == '@'"),
    ],
)
def test_addresses_of_dependencies_are_not_shipped(
    written: str, shipped: str, tmp_path: Path
) -> None:
    """They may hold a token; neither the project nor what it requires names them."""
    venv = make_venv(tmp_path / "venv")
    metadata = "Summary: mail me @ work\nRequires-Dist: "
    for name in ("my_app", "lib"):
        install(venv, name, {f"{name}.py": ""}, metadata=f"{metadata}{written}\n")

    contents = {each.name: each.source for each in scanned(venv).entries}
    for name in ("my_app", "lib"):
        content = contents[f"{name}-1.0.dist-info/METADATA"]
        if isinstance(content, str):  # nothing had to be cut
            content = Path(content).read_bytes()
        assert isinstance(content, bytes)
        assert content.endswith(f"\n{metadata}{shipped}\n".encode())


def test_own_metadata_does_not_tell_its_builder(tmp_path: Path) -> None:
    """What poetry-core's versions write differently is not shipped for the project."""
    trees = []
    for number, (version, where) in enumerate([("2.3", ""), ("2.4", "licenses/")]):
        venv = make_venv(tmp_path / f"venv{number}")
        install(
            venv,
            "my_app",
            {"my_app.py": ""},
            metadata=f"Summary: About\nClassifier: {version}\n"
            "Requires-Python: >=3.11\nProvides-Extra: x\nRequires-Dist: b\n"
            "Requires-Dist: a (>=1) ; extra == 'x'\n\nThe long description",
            marks={f"{where}LICENSE": "MIT", "entry_points.txt": "[x]\n"},
        )
        info = site_packages_of(venv) / "my_app-1.0.dist-info"
        (info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: poetry-core {version}\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        )
        trees.append(scanned(venv))

    contents = [
        {e.name: e.source for e in tree.entries if isinstance(e.source, bytes)}
        for tree in trees
    ]
    assert contents[0] == contents[1]
    assert contents[0]["my_app-1.0.dist-info/METADATA"] == (
        b"Metadata-Version: 2.1\nName: my_app\nVersion: 1.0\nSummary: About\n"
        b"Requires-Python: >=3.11\nRequires-Dist: a (>=1) ; extra == 'x'\n"
        b"Requires-Dist: b\nProvides-Extra: x\n"
    )
    assert "my_app-1.0.dist-info/entry_points.txt" in names(trees[0])
    assert names(trees[0]) == names(trees[1])


# -- seeds ---------------------------------------------------------------------------


SEEDS = frozenset({"pip", "setuptools"})


def test_seeds_go_unless_something_needs_them(tmp_path: Path) -> None:
    """Pip goes with all its files; what it shares with nobody, and nothing else."""
    venv = make_venv(tmp_path / "venv", {"mine.py": ""})
    install(venv, "pip", {"pip/__init__.py": ""})
    install(venv, "setuptools", {"setuptools/__init__.py": "", "pkg_resources.py": ""})
    install(venv, "dep", {"dep.py": ""}, metadata="Requires-Dist: Setuptools (>=1)\n")

    tree = scanned(venv, seeds=SEEDS)

    assert ["pip"] == [each.name for each in tree.left_out]
    assert not [name for name in names(tree) if name.startswith("pip")]
    assert {"setuptools/__init__.py", "pkg_resources.py", "mine.py"} < set(names(tree))


def test_all_metadata_of_a_seed_go(tmp_path: Path) -> None:
    """Also what its RECORD does not name: somebody has added to it."""
    venv = make_venv(tmp_path / "venv")
    info = install(venv, "pip", {"pip/__init__.py": ""})
    (info / "added.txt").write_text("added")
    install(venv, "demo", {"demo.py": ""})

    found = names(scanned(venv, seeds=SEEDS))

    assert "demo.py" in found
    assert [] == [name for name in found if name.startswith("pip")]


def test_seeds_that_seeds_need_are_kept_with_them(tmp_path: Path) -> None:
    """What a kept seed requires is kept as well."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})
    install(venv, "setuptools", {"s.py": ""}, metadata="Requires-Dist: pip\n")
    install(venv, "dep", {"dep.py": ""}, metadata="Requires-Dist: setuptools\n")

    assert () == scanned(venv, seeds=SEEDS).left_out


def test_an_extra_is_no_need(tmp_path: Path) -> None:
    """A requirement of an extra that may not be installed keeps no seed."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})
    install(venv, "d", {"d.py": ""}, metadata="Requires-Dist: pip ; extra == 'x'\n")

    assert ["pip"] == [each.name for each in scanned(venv, seeds=SEEDS).left_out]


def test_what_is_no_seed_stays(tmp_path: Path) -> None:
    """Without seeds, as in an environment made from the lock, nothing is left out."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})

    assert "pip.py" in names(scanned(venv))


# -- what cannot be shipped ------------------------------------------------------------


def test_dangling_link(tmp_path: Path) -> None:
    """A link to nothing is named, with what it points at."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (site_packages_of(venv) / "gone.so").symlink_to("nowhere.so")

    with pytest.raises(
        SourceError, match=r"gone\.so is a symbolic link to nowhere\.so"
    ):
        scanned(venv)


@pytest.mark.parametrize("target", [".", "..", "/", "p", "../../.."])
def test_looping_directory_link(tmp_path: Path, target: str) -> None:
    """A link to a directory that it is itself in is found, not followed for ever."""
    venv = make_venv(tmp_path / "venv", {"p/a.py": ""})
    link = site_packages_of(venv) / ("p/loop" if target != "p" else "p/q")
    link.symlink_to(target if target != "p" else link.parent)

    with pytest.raises(SourceError, match="which it is itself in"):
        scanned(venv)


def test_links_to_one_another(tmp_path: Path) -> None:
    """Two links that only loop together are found as well."""
    venv = make_venv(tmp_path / "venv", {"a/x.py": "", "b/y.py": ""})
    root = site_packages_of(venv)
    (root / "a/to_b").symlink_to(root / "b")
    (root / "b/to_a").symlink_to(root / "a")

    with pytest.raises(SourceError, match="which it is itself in"):
        scanned(venv)


def test_a_link_in_a_circle(tmp_path: Path) -> None:
    """A link that is its own target is named."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (site_packages_of(venv) / "me.py").symlink_to("me.py")

    with pytest.raises(SourceError, match=r"me\.py is a symbolic link to me\.py"):
        scanned(venv)


def test_what_is_excluded_is_no_error(tmp_path: Path) -> None:
    """Excluding a link, a pipe or an unreadable file fixes the error about it."""
    venv = make_venv(tmp_path / "venv", {"d/a.py": ""})
    root = site_packages_of(venv)
    (root / "d/gone").symlink_to("nowhere")
    (root / "d/loop").symlink_to(".")
    (root / "d/me").symlink_to("me")
    os.mkfifo(root / "d/pipe")

    tree = scanned(venv, exclude=("d/gone", "d/loop", "d/me", "/d/pipe"))

    assert ["d/a.py"] == names(tree)


@pytest.mark.parametrize(
    "name",
    ["a.json", "d/a.json", "a[1].json", "*.json", "a?.json", 'a "b".json', "a\\b"],
)
def test_the_line_that_leaves_a_file_out(tmp_path: Path, name: str) -> None:
    """In `pyproject.toml` it leaves out this file, and no other."""
    table = tomllib.loads(exclude_line(name))
    venv = make_venv(tmp_path / "venv", {name: "", f"d/{name}": "", "ab.json": ""})

    tree = scanned(venv, exclude=tuple(table["exclude"]))

    assert sorted({f"d/{name}", "ab.json"} - {name}) == names(tree)


def test_the_result_is_not_packaged(tmp_path: Path) -> None:
    """An earlier result in site-packages is not part of the next one."""
    venv = make_venv(tmp_path / "venv", {"a.py": "", "o.zip": "old", "b/o.zip": ""})
    result = os.path.realpath(site_packages_of(venv) / "o.zip")

    tree = scanned(venv, results=frozenset({result}))

    assert ["a.py", "b/o.zip"] == names(tree)


def test_links_are_followed(tmp_path: Path) -> None:
    """Linked files and directories are shipped as what they point at."""
    outside = write_files(tmp_path / "outside", {"d/x.py": "1", "f.py": "22"})
    venv = make_venv(tmp_path / "venv", {"real.py": ""})
    root = site_packages_of(venv)
    (root / "one").symlink_to(outside / "d")
    (root / "two").symlink_to(outside / "d")
    (root / "f.py").symlink_to(outside / "f.py")

    tree = scanned(venv)

    assert ["f.py", "one/x.py", "real.py", "two/x.py"] == names(tree)
    assert [2, 1, 0, 1] == [entry.size_bytes for entry in tree.entries]


def test_a_fifo(tmp_path: Path) -> None:
    """What is no file, directory or link to one is refused, not opened."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    os.mkfifo(site_packages_of(venv) / "pipe")

    with pytest.raises(SourceError, match="pipe is not a regular file"):
        scanned(venv)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """A name that a ZIP cannot say is shown as its bytes."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    with open(os.fsencode(site_packages_of(venv)) + b"/b\xff.py", "w"):
        pass

    with pytest.raises(SourceError, match=r"b\\xff.py' is not UTF-8"):
        scanned(venv)


def test_names_that_are_too_long(tmp_path: Path) -> None:
    """A name of more than 65,535 bytes is refused with the number and the limit."""
    site_packages = site_packages_of(make_venv(tmp_path / "venv", {"a.py": ""}))
    before = Path.cwd()
    os.chdir(site_packages)
    try:
        # Longer than a path may be: only step by step can it be made.
        for _ in range(300):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
        with open("x.py", "w"):
            pass
    finally:
        os.chdir(before)

    try:
        with pytest.raises(SourceError, match=r"(65,535|File name too long)"):
            scanned(tmp_path / "venv")
    finally:
        subprocess.run(["rm", "-rf", site_packages], check=True)


def test_a_name_longer_than_a_zip_allows(tmp_path: Path) -> None:
    """The target of an inclusion can be as long as anybody writes it."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    write_files(tmp_path, {"b.py": ""})

    with pytest.raises(SourceError, match=r"has 65,540 bytes; a ZIP allows 65,535"):
        scanned(venv, include=(Inclusion("b.py", ".", "x" * 65_535),))


def test_unreadable_directory(tmp_path: Path) -> None:
    """A directory that may not be listed is named."""
    venv = make_venv(tmp_path / "venv", {"p/a.py": ""})
    directory = site_packages_of(venv) / "p"
    directory.chmod(0)
    try:
        if is_root():  # whom permissions do not bind: another user has to look
            looked = _scan_as_nobody(venv)
            assert "p cannot be read: Permission denied." in looked
        else:
            with pytest.raises(SourceError, match="p cannot be read: Permission"):
                scanned(venv)
    finally:
        directory.chmod(0o755)


def _scan_as_nobody(venv: Path) -> str:
    """Scans without root's privileges, in a process that has given them up."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from poetry_plugin_package_function.packaging.tree.scan import scan;"
        "import poetry_plugin_package_function.packaging.sources.distributions;"
        "import pathspec; os.chdir(sys.argv[1]); os.setgroups([]); os.setgid(65534);"
        "os.setuid(65534);\n"
        "try: scan([Path('.')], project_name=None, project_directory=Path('.'))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, site_packages_of(venv)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "line", ["/home/dev", "  /home/dev", "C:\\dev\\src", "D:/dev", "a/../../../dev"]
)
def test_absolute_path_in_a_pth(tmp_path: Path, line: str) -> None:
    """A `.pth` with a path of this machine cannot work on Lambda."""
    venv = make_venv(tmp_path / "venv", {"a.py": "", "dev.pth": f"# me\n{line}\n"})

    with pytest.raises(SourceError, match=r"dev\.pth points at .*dev"):
        scanned(venv)
    assert ["a.py"] == names(scanned(venv, exclude=("*.pth",)))


def test_harmless_pth(tmp_path: Path) -> None:
    """Code and relative paths work on Lambda as here; `.pth`s below do nothing."""
    files = {
        "a.pth": "import a; a.b('/abs')\nimport\tos\nsub\n\n# /abs\n",
        "sub/b.pth": "/abs\n",
    }
    venv = make_venv(tmp_path / "venv", files)

    assert sorted(files) == names(scanned(venv))


def test_editable_installs(tmp_path: Path) -> None:
    """An editable install has its code elsewhere: it is named, with what to do."""
    venv = make_venv(tmp_path / "venv")
    url = '{"url": "file:///x", "dir_info": {"editable": true}}'
    install(venv, "Dev_Dep", {}, marks={"direct_url.json": url})

    with pytest.raises(SourceError, match="dev-dep is an editable install") as raised:
        scanned(venv)
    assert "poetry bundle venv" in raised.value.hint


def test_legacy_editable_installs(tmp_path: Path) -> None:
    """Setuptools' `.egg-link` is an editable install, too."""
    venv = make_venv(tmp_path / "venv", {"dev.egg-link": "/x"})

    with pytest.raises(SourceError, match="dev is an editable install"):
        scanned(venv)


@pytest.mark.parametrize(
    "content", ["{}", "no JSON", "[]", '{"dir_info": {}}', '{"dir_info": null}']
)
def test_other_origins(tmp_path: Path, content: str) -> None:
    """A distribution from a directory, or with a broken mark, is a plain install."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "dep", {"dep.py": ""}, marks={"direct_url.json": content})

    assert "dep.py" in names(scanned(venv))


def test_metadata_that_is_not_utf8(tmp_path: Path) -> None:
    """A RECORD that cannot be read as text names its distribution."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {}) / "RECORD").write_bytes(b"\xff\xfe")

    with pytest.raises(SourceError, match="RECORD is not UTF-8") as raised:
        scanned(venv)
    assert "Install dep again." == raised.value.hint


def test_a_record_that_is_none(tmp_path: Path) -> None:
    """A RECORD that is no table names its distribution."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {}) / "RECORD").write_text("x" * 200_000)

    with pytest.raises(SourceError, match="is not a RECORD: field larger"):
        scanned(venv)


def test_metadata_that_is_a_directory(tmp_path: Path) -> None:
    """A RECORD that cannot be opened is named with the system's reason."""
    venv = make_venv(tmp_path / "venv")
    info = install(venv, "dep", {"dep.py": ""})
    (info / "RECORD").unlink()
    (info / "RECORD").mkdir()

    with pytest.raises(SourceError, match="RECORD cannot be read: Is a directory"):
        scanned(venv)


def test_nothing_to_package(tmp_path: Path) -> None:
    """An empty archive is no function."""
    with pytest.raises(SourceError, match="nothing to package"):
        scanned(make_venv(tmp_path / "venv"))


# -- include -------------------------------------------------------------------------


def test_included_files(tmp_path: Path) -> None:
    """Files, directories and globs come in under their names in the project."""
    venv = make_venv(tmp_path / "venv")
    write_files(
        tmp_path,
        {
            "lambda_function.py": "",
            "data/a.json": "",
            "data/b/c.json": "",
            "data/__pycache__/x.pyc": b"",
            "src/app.py": "",
            "other.txt": "",
        },
    )

    tree = scanned(
        venv,
        include=(
            Inclusion("lambda_function.py", "."),
            Inclusion("data", "."),
            Inclusion("data/*.json", "."),
            Inclusion("*.py", "src", "lib"),
        ),
    )

    assert names(tree) == [
        "data/a.json",
        "data/b/c.json",
        "lambda_function.py",
        "lib/app.py",
    ]
    assert all(entry.included for entry in tree.entries)


def test_include_passes_over_what_is_no_part_of_the_project(tmp_path: Path) -> None:
    """`**` does not bring in virtual environments, history or earlier results."""
    venv = make_venv(tmp_path / ".venv", {"dep.py": ""})
    write_files(
        tmp_path,
        {
            "a.py": "",
            ".git/config": "",
            "dist/old.zip": "",
            "p/__pycache__/a.pyc": b"",
            "p/b.py": "",
            "p/env/pyvenv.cfg": "",
            "p/env/lib/x.py": "",
        },
    )

    old = os.path.realpath(tmp_path / "dist/old.zip")
    for pattern in ("**/*", "*"):
        tree = scanned(
            venv,
            project=tmp_path,
            include=(Inclusion(pattern, "."),),
            results=frozenset({old}),
        )
        assert ["a.py", "dep.py", "p/b.py"] == names(tree)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "d/b.py", "d/e/c.py"]),
        ("d", ["d/b.py", "d/e/c.json", "d/e/c.py"]),
        ("./d/e/", ["d/e/c.json", "d/e/c.py"]),
        ("d/*/c.*", ["d/e/c.json", "d/e/c.py"]),
        ("d/**/*.json", ["d/e/c.json"]),
        ("[ax].*", ["a.py", "x.txt"]),
        ("?.py", ["a.py"]),
    ],
)
@pytest.mark.parametrize("target", ["", "lib/deep"])
def test_patterns(
    tmp_path: Path, pattern: str, expected: list[str], target: str
) -> None:
    """Files keep their places below `from`, at the root or in `to`."""
    files = ["a.py", "x.txt", "d/b.py", "d/e/c.py", "d/e/c.json"]
    write_files(tmp_path / "src", dict.fromkeys(files, ""))
    venv = make_venv(tmp_path / "venv")

    tree = scanned(venv, include=(Inclusion(pattern, "src", target),))

    placed = [f"{target}/{name}" if target else name for name in expected]
    assert placed == names(tree)


@pytest.mark.parametrize("pattern", ["lambda_functoin.py", "gone/*.py", "*.toml"])
def test_include_that_finds_nothing(tmp_path: Path, pattern: str) -> None:
    """A pattern without a match is a mistake, and is named."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})

    with pytest.raises(SourceError, match=r"include: nothing in .* matches") as raised:
        scanned(venv, include=(Inclusion(pattern, "."),))
    assert repr(pattern) in raised.value.reason


def test_other_links_in_the_project_do_not_matter(tmp_path: Path) -> None:
    """A link that no pattern asks for may be broken."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "b.json").write_text("")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "me").symlink_to("me")

    tree = scanned(venv, include=(Inclusion("*.json", "."),))

    assert ["a.py", "b.json"] == names(tree)


def test_one_file_that_is_a_broken_link(tmp_path: Path) -> None:
    """A link to nothing that is named itself is told; excluded, it is no match."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x").symlink_to("gone")

    with pytest.raises(SourceError, match="x is a symbolic link to gone"):
        scanned(venv, include=(Inclusion("x", "."),))
    with pytest.raises(SourceError, match="nothing in"):
        scanned(venv, exclude=("x",), include=(Inclusion("x", "."),))


def test_include_of_a_dangling_link(tmp_path: Path) -> None:
    """A link to nothing among the included files is named as elsewhere."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x.json").symlink_to("gone.json")

    with pytest.raises(SourceError, match=r"x\.json is a symbolic link to gone\.json"):
        scanned(venv, include=(Inclusion("*.json", "."),))


def test_colliding_names(tmp_path: Path) -> None:
    """Two files of one name are refused, and both are named."""
    venv = make_venv(tmp_path / "venv", {"six.py": "installed"})
    write_files(tmp_path, {"six.py": "mine", "b/six.py": "other"})

    with pytest.raises(SourceError, match=r"name six\.py .*site-packages/six\.py and"):
        scanned(venv, include=(Inclusion("six.py", "."),))
    with pytest.raises(SourceError, match=r"Two files want the name x/six\.py"):
        scanned(
            venv, include=(Inclusion("six.py", ".", "x"), Inclusion("six.py", "b", "x"))
        )


def test_a_file_where_another_needs_a_directory(tmp_path: Path) -> None:
    """One name cannot be a file and a directory."""
    venv = make_venv(tmp_path / "venv", {"data": "a file"})
    write_files(tmp_path, {"x.json": ""})

    with pytest.raises(
        SourceError, match=r"both a file and the directory of .*x\.json"
    ):
        scanned(venv, include=(Inclusion("x.json", ".", "data"),))


# -- the project's own modules ---------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (["my_app/__init__.py", "my_app/sub/__init__.py"], [], ["my_app/"]),
        (["other_name/__init__.py"], [], ["other_name/"]),
        (["fn.py"], [], ["fn"]),
        (["acme/fn/__init__.py", "acme/fn/x.py"], ["acme/dep.py"], ["acme/fn/"]),
        (["acme/a.py", "acme/b.py"], [], ["acme/a", "acme/b"]),
        (["acme/fn/x.py"], ["acme/__init__.py"], ["acme/"]),
        (["b/__init__.py", "a.py", "data/x.txt"], [], ["a", "b/"]),
        (["fast.cpython-311-x86_64-linux-gnu.so"], [], ["fast"]),
        (["closed/__init__.pyc"], [], ["closed/"]),
        (["my-func.py", "f/get-user/h.py"], [], ["f/get-user/h", "my-func"]),
        (["gunicorn.conf.py", "types.pyi", "__init__.py", "__main__.py"], [], []),
    ],
)
def test_entry_modules(
    tmp_path: Path, own: list[str], other: list[str], expected: list[str]
) -> None:
    """The shallowest modules of the project that are no namespace packages."""
    venv = make_venv(tmp_path / "venv", {"unrelated.py": ""})
    install(venv, "my_app", dict.fromkeys(own, ""))
    install(venv, "dep", dict.fromkeys(other, ""))

    modules = scanned(venv).entry_modules

    assert expected == [m.path + ("/" if m.is_package else "") for m in modules]


def test_included_modules_are_the_projects_own(tmp_path: Path) -> None:
    """`package-mode = false` projects have no distribution of their own."""
    venv = make_venv(tmp_path / "venv", {"dep.py": ""})
    write_files(tmp_path, {"lambda_function.py": "", "x.json": ""})

    tree = scanned(
        venv, name=None, include=(Inclusion("lambda_function.py"), Inclusion("x.json"))
    )

    assert (EntryModule("lambda_function", is_package=False),) == tree.entry_modules
    assert "lambda_function" == tree.entry_modules[0].name
    assert "lambda_function.py" == tree.entry_modules[0].file


def test_a_module_called_as_the_project(tmp_path: Path) -> None:
    """Without metadata of the project the name decides, as in the reference."""
    venv = make_venv(tmp_path / "venv", {"My_App/__init__.py": "", "my_app_x.py": ""})

    tree = scanned(venv, name="My-App")

    assert (EntryModule("My_App", is_package=True),) == tree.entry_modules


# -- properties ------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.lists(st.text("abcé-_", min_size=1, max_size=4), min_size=1, max_size=3).map(
            "/".join
        ),
        st.binary(max_size=20),
        max_size=10,
    )
)
def test_any_tree(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    """Every file is there, once, in order, with its size, whatever the names are."""
    kept = {
        name: content
        for name, content in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }
    venv = make_venv(tmp_path_factory.mktemp("tree") / "venv", {"z.py": "", **kept})

    tree = scanned(venv)

    expected = {"z.py": b"", **kept}
    assert sorted(expected) == names(tree)
    assert {name: len(content) for name, content in expected.items()} == {
        entry.name: entry.size_bytes for entry in tree.entries
    }
