"""Verifying: where archives are unpacked to, and what one function leaves the next."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.verify import unpacking
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.archives import Archives
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.packaging.verify.verified import verify
from tests.machine import mounted
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc
from tests.trees import is_root
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import TypeAlias

    Tree: TypeAlias = dict[str, bytes | int]


WORKS: Final = "def handler(event, context):\n    return event\n"
MIB: Final = 1 << 20
FILES: Final = {
    "a.py": "first",
    "tool": "#!/bin/sh",
    "pkg/__init__.py": "",
    "pkg/deep/data.txt": "x" * 9000,
}


def archive_of(
    path: Path, files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """An archive with these files; `tool` is executable."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100755 if name == "tool" else 0o100644) << 16
            archive.writestr(info, content, method)
    return path


def tree_of(root: str | Path) -> Tree:
    """All that is below a directory: the content of files, the modes of directories."""
    root = Path(root)
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = os.readlink(path).encode()
        elif path.is_dir():
            found[name] = mode
        else:
            found[name] = path.read_bytes()
            assert (0o555 if name == "tool" else 0o444) == mode
    return found


def expected(files: Mapping[str, str | bytes]) -> Tree:
    """What is there if nothing is but these files."""
    found: Tree = {}
    for name, content in files.items():
        found[name] = content.encode() if isinstance(content, str) else content
        for parent in Path(name).parents:
            found[parent.as_posix()] = 0o555
    del found["."]
    return found


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files are, and what stands for memory; nothing is left there."""
    home = tmp_path / "places"
    for name in ("temporary", "memory"):
        (home / name).mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(home / "temporary"))
    monkeypatch.setattr(unpacking, "MEMORY", str(home / "memory"))
    yield home
    assert [] == [*home.glob("*/*")]


# -- one archive --------------------------------------------------------------------


def test_modes_are_the_archives_without_writing(tmp_path: Path) -> None:
    """Directories and executables 0555, all others 0444; /tmp can be written."""
    archive = tmp_path / "function.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name, mode in [("bin/tool", 0o755), ("a/b.txt", 0o644), ("c.txt", 0)]:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            target.writestr(info, name)
        target.writestr("empty/", "")
    before = os.umask(0o077)
    try:
        with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
            root = Path(place.task_root)
            modes = {
                path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in (root, *root.rglob("*"))
            }
            assert b"a/b.txt" == (root / "a/b.txt").read_bytes()
            assert not Path(place.home_dir).exists()
            (Path(place.tmp_dir) / "x").write_text("")
            if not is_root():
                with pytest.raises(PermissionError):
                    (root / "a/new").write_text("")
    finally:
        os.umask(before)
    assert {
        ".": 0o555,
        "bin": 0o555,
        "bin/tool": 0o555,
        "a": 0o555,
        "a/b.txt": 0o444,
        "c.txt": 0o444,
    } == modes


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size_bytes", [0, 1, MIB + 1, 33 * MIB])
def test_what_is_unpacked_is_what_was_packed(
    tmp_path: Path, method: int, size_bytes: int
) -> None:
    """Of any size; what is large is not held in memory."""
    content = (b"0123456789abcdef" * (size_bytes // 16 + 1))[:size_bytes]
    archive = archive_of(tmp_path / "f.zip", {"d/x.bin": content}, method)
    with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
        assert content == Path(place.task_root, "d/x.bin").read_bytes()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size_bytes", [1000, 33 * MIB])
@pytest.mark.parametrize("is_header", [True, False])
def test_what_is_damaged_is_an_error(
    tmp_path: Path, method: int, size_bytes: int, is_header: bool
) -> None:
    """Nothing is imported then; the file is named."""
    archive = archive_of(
        tmp_path / "f.zip", {"x.bin": b"ab" * (size_bytes // 2)}, method
    )
    data = bytearray(archive.read_bytes())
    data[0 if is_header else 36] ^= 0xFF
    archive.write_bytes(data)
    with Workspace() as workspace, pytest.raises(VerifyError) as caught:
        verify(Archives(archive), Function("a.handler"), sys.executable, workspace)
    assert "x.bin is damaged" in caught.value.reason
    assert caught.value.hint


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil.py", "a/../../evil.py"])
def test_members_outside_are_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written then."""
    archive = archive_of(tmp_path / "f.zip", {name: ""})
    with (
        Workspace() as workspace,
        pytest.raises(VerifyError, match="outside of the task root"),
        workspace.unpacked(Archives(archive)),
    ):
        pytest.fail("It was unpacked.")


@pytest.mark.parametrize("content", [None, b"PK"])
def test_an_archive_that_cannot_be_unpacked_is_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    """Missing or broken."""
    archive = tmp_path / "f.zip"
    if content is not None:
        archive.write_bytes(content)
    with (
        Workspace() as workspace,
        pytest.raises(VerifyError, match="could not be unpacked"),
        workspace.unpacked(Archives(archive)),
    ):
        pytest.fail("It was unpacked.")


def test_what_lies_around_is_removed_whatever_its_mode(tmp_path: Path) -> None:
    """And no link is followed."""
    outside = write_files(tmp_path / "outside", {"kept.txt": ""})
    outside.chmod(0o500)
    archive = archive_of(tmp_path / "f.zip", FILES)
    with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
        closed = write_files(Path(place.tmp_dir) / "closed", {"deep/x.txt": ""})
        os.symlink(outside, closed / "link")
        (closed / "deep").chmod(0)
        closed.chmod(0)
    assert not Path(place.scratch).exists()
    assert (outside / "kept.txt").exists()
    assert 0o500 == stat.S_IMODE(outside.stat().st_mode)


@pytest.mark.parametrize("which", ["task_root", "tmp_dir"])
def test_a_link_in_the_place_of_our_directory_is_not_followed(
    tmp_path: Path, places: Path, which: str
) -> None:
    """What a handler has moved away cannot be known, but nothing else is removed."""
    outside = write_files(tmp_path / "outside", {"kept.txt": ""})
    archive = archive_of(tmp_path / "f.zip", FILES)
    with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
        ours = Path(getattr(place, which)).parent
        ours = ours.parent if which == "task_root" else ours
        ours.rename(tmp_path / "moved")
        ours.symlink_to(outside)
    assert (outside / "kept.txt").exists()
    ours.unlink()


def test_sizes_are_in_whole_blocks(tmp_path: Path) -> None:
    """Links count as themselves."""
    write_files(tmp_path / "d", {"a": "x", "b/c": "x" * 4097, "empty": ""})
    assert 3 * 4096 == verifier.size_bytes(str(tmp_path / "d"))


def test_what_a_closed_wheel_has_stands_for_the_runtimes(tmp_path: Path) -> None:
    """It is laid out where it is looked for, out of the wheel."""
    wheel = archive_of(tmp_path / "x-1-py3-none-any.whl", {"boto3/data.txt": "data"})
    with zipfile.ZipFile(wheel) as opened:
        provided = [
            Entry(each.filename, member_of(str(wheel), each), each.file_size)
            for each in opened.infolist()
        ]
    code = (
        "import boto3, pathlib\n"
        "(path,) = boto3.__path__\n"
        f"assert 'data' == pathlib.Path(path, 'data.txt').read_text()\n{WORKS}"
    )
    archive = archive_of(tmp_path / "f.zip", {"a.py": code})
    function = Function("a.handler")
    with Workspace() as workspace:
        result = verify(
            Archives(archive), function, sys.executable, workspace, provided=provided
        )
    assert result.is_complete, result


# -- memory, and where there is none ------------------------------------------------


def test_memory_is_where_archives_are_unpacked(tmp_path: Path, places: Path) -> None:
    """What is the function's `/tmp` is not: how much that takes is not known."""
    archive = archive_of(tmp_path / "f.zip", FILES)
    with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
        assert place.task_root.startswith(f"{places}/memory/")
        assert place.tmp_dir.startswith(f"{places}/temporary/")


@pytest.mark.parametrize(
    "what", ["absent", "noexec", "read-only", "full", "little memory", "no /proc"]
)
def test_where_memory_will_not_do_it_is_the_disk(
    tmp_path: Path, places: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """As in containers, from whose `/dev/shm` no code can be loaded."""
    if what == "absent":
        monkeypatch.setattr(unpacking, "MEMORY", str(tmp_path / "nowhere"))
    elif what in ("little memory", "no /proc"):
        meminfo = tmp_path / "meminfo"
        if what == "little memory":
            meminfo.write_text("MemTotal: 99 kB\nMemAvailable: 1 kB\n")
        monkeypatch.setattr(unpacking, "MEMINFO", str(meminfo))
    else:
        flag = {"noexec": os.ST_NOEXEC, "read-only": os.ST_RDONLY, "full": 0}[what]
        blocks = 1 if what == "full" else 1 << 30
        status = os.statvfs_result(
            (512, 512, blocks, blocks, blocks, *(9,) * 3, flag, 255)
        )
        monkeypatch.setattr(os, "statvfs", lambda _: status)
    archive = archive_of(tmp_path / "f.zip", FILES)
    with Workspace() as workspace, workspace.unpacked(Archives(archive)) as place:
        assert place.task_root.startswith(f"{places}/temporary/")
        assert expected(FILES) == tree_of(place.task_root)


@pytest.mark.parametrize("memory", ["none", "full later"])
def test_a_full_disk(
    tmp_path: Path, places: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    """It is an error that says where; memory that is full is none."""
    small = archive_of(tmp_path / "1.zip", FILES)
    large = archive_of(tmp_path / "2.zip", {**FILES, "large": os.urandom(4 * MIB)})
    with mounted(tmp_path / "full", "size=1m") as full, Workspace() as workspace:
        if memory == "none":
            monkeypatch.setattr(unpacking, "MEMORY", str(tmp_path / "nowhere"))
            monkeypatch.setattr("tempfile.tempdir", str(full))
            with (
                pytest.raises(VerifyError, match=f"into {full}: .*No space left"),
                workspace.unpacked(Archives(large)),
            ):
                pytest.fail("It was unpacked.")
        else:
            monkeypatch.setattr(unpacking, "MEMORY", str(full))
            with workspace.unpacked(Archives(small)) as place:
                assert place.task_root.startswith(f"{full}/")
            with workspace.unpacked(Archives(large)) as place:
                assert place.task_root.startswith(f"{places}/temporary/")
                assert 4 * MIB == Path(place.task_root, "large").stat().st_size
                assert [] == [*full.iterdir()]


@needs_gcc
def test_code_finds_in_memory_what_it_finds_on_lambda(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directories, files by `__file__` and libraries by `$ORIGIN`."""
    monkeypatch.undo()  # the real memory, if there is one, and the real directories
    libdep = linked(tmp_path / "libdep.so.1", "-Wl,-soname,libdep.so.1")
    user = linked(tmp_path / "libuser.so", "-Wl,-rpath,$ORIGIN/../foo", libdep)
    code = (
        "import ctypes, os, sys\n"
        "here = os.path.dirname(os.path.realpath(__file__))\n"
        "assert here == os.environ['LAMBDA_TASK_ROOT'] == sys.path[0] == os.getcwd()\n"
        "ctypes.CDLL(os.path.join(here, 'bar/libuser.so'))\n"
        "assert ['a.py', 'bar', 'foo'] == sorted(os.listdir(here))\n"
        "entries = [*os.scandir(here), *os.scandir('bar'), *os.scandir('foo')]\n"
        "assert not any(each.is_symlink() for each in entries)\n"
        f"{WORKS}"
    )
    files = {
        "a.py": code.encode(),
        "bar/libuser.so": user.read_bytes(),
        "foo/libdep.so.1": libdep.read_bytes(),
    }
    archive = archive_of(tmp_path / "f.zip", files)
    with Workspace() as workspace:
        result = verify(
            Archives(archive), Function("a.handler"), sys.executable, workspace
        )
    assert result.is_complete, result


KILLED: Final = """\
import os, signal, sys
from pathlib import Path
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.verify import unpacking
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.archives import Archives
unpacking.MEMORY = sys.argv[2]
with unpacking.Workspace() as workspace:
    with workspace.unpacked(Archives(Path(sys.argv[1]))):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_has_left_in_memory_is_removed(
    tmp_path: Path, places: Path
) -> None:
    """By the next one; what a run still has, and what is somebody else's, stays."""
    memory = places / "memory"
    archive = archive_of(tmp_path / "f.zip", FILES)
    subprocess.run(
        [sys.executable, "-c", KILLED, str(archive), str(memory)],
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    (left,) = memory.iterdir()
    (fresh := memory / f"{left.name}-fresh").mkdir()
    (other := memory / "other").mkdir()
    (link := memory / f"{left.name}-link").symlink_to(tmp_path)
    for each in (left, other, link):
        os.utime(each, (0, 0), follow_symlinks=False)
    with Workspace() as one, one.unpacked(Archives(archive)) as place:
        assert not left.exists()
        os.utime(Path(place.task_root).parents[1], (0, 0))
        with Workspace() as two, two.unpacked(Archives(archive)):
            assert expected(FILES) == tree_of(place.task_root)
    assert {fresh, other, link} == set(memory.iterdir())
    fresh.rmdir()
    other.rmdir()
    link.unlink()


# -- one archive after another ------------------------------------------------------


def test_what_is_the_same_stays(tmp_path: Path) -> None:
    """Functions share what they have in common; nothing is made anew."""
    first = archive_of(tmp_path / "1.zip", {**FILES, "old/x.py": "", "kind": "file"})
    later = {**FILES, "a.py": "other", "new/y.py": "", "kind/z.py": ""}
    second = archive_of(tmp_path / "2.zip", later)
    with Workspace() as workspace:
        with workspace.unpacked(Archives(first)) as place:
            root = Path(place.task_root)
            before = {name: (root / name).stat() for name in FILES}
        with workspace.unpacked(Archives(second)) as place:
            assert str(root) == place.task_root
            assert expected(later) == tree_of(root)
            after = {name: (root / name).stat() for name in FILES}
    for name in FILES.keys() - {"a.py"}:
        assert os.path.samestat(before[name], after[name]), name
        assert before[name].st_ctime_ns == after[name].st_ctime_ns, name


def _overwrite(root: Path, outside: Path) -> None:
    """As carefully as that can be done: size, mode and time are what they were."""
    path = root / "a.py"
    before = path.stat()
    path.chmod(0o600)
    path.write_text("wrong")
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(root: Path, outside: Path) -> None:
    root.chmod(0o700)
    (root / "a.py").unlink()
    (root / "a.py").symlink_to(outside / "kept.txt")


def _add(root: Path, outside: Path) -> None:
    (root / "pkg").chmod(0o700)
    write_files(root / "pkg", {"new.py": "", "more/new.py": ""})
    (root / "pkg/link").symlink_to(outside)
    (root / "pkg/more").chmod(0)


def _remove(root: Path, outside: Path) -> None:
    for path in (root, root / "pkg", root / "pkg/deep"):
        path.chmod(0o700)
    shutil.rmtree(root / "pkg/deep")
    (root / "pkg/deep").symlink_to(outside)


def _make_executable(root: Path, outside: Path) -> None:
    (root / "a.py").chmod(0o555)


def _close(root: Path, outside: Path) -> None:
    (root / "pkg").chmod(0)


def _map(root: Path, outside: Path) -> None:
    import mmap

    (root / "a.py").chmod(0o644)
    with (
        (root / "a.py").open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as memory,
    ):
        memory[0] = 0
    (root / "a.py").chmod(0o444)


def _take_the_root(root: Path, outside: Path) -> None:
    root.rename(root.with_name("elsewhere"))
    root.symlink_to(outside)


@pytest.mark.parametrize(
    "change",
    [
        _overwrite,
        _replace,
        _add,
        _remove,
        _make_executable,
        _close,
        _map,
        _take_the_root,
    ],
)
def test_what_a_function_has_done_is_undone_for_the_next(
    tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    """Root can write anywhere, and so can who owns the files; no link is followed."""
    outside = write_files(tmp_path / "outside", {"kept.txt": "kept", "a.py": "kept"})
    before = tree_of_outside(outside)
    archive = archive_of(tmp_path / "f.zip", FILES)
    with Workspace() as workspace:
        with workspace.unpacked(Archives(archive)) as place:
            change(Path(place.task_root), outside)
        with workspace.unpacked(Archives(archive)) as place:
            assert expected(FILES) == tree_of(place.task_root)
    assert before == tree_of_outside(outside)


def tree_of_outside(root: Path) -> Mapping[str, tuple[int, bytes]]:
    """What must not change."""
    return {
        path.name: (path.stat().st_mode, path.read_bytes()) for path in root.iterdir()
    }


def test_a_handler_does_not_see_what_another_has_written(tmp_path: Path) -> None:
    """Neither in the task root nor in `/tmp`."""
    writes = (
        "import os, tempfile\n"
        "os.chmod('.', 0o700)\n"
        "os.chmod('shared.py', 0o600)\n"
        "open('shared.py', 'w').write('VALUE = 2')\n"
        "open('stranger.py', 'w').close()\n"
        f"open(tempfile.gettempdir() + '/left', 'w').close()\n{WORKS}"
    )
    reads = (
        "import os, shared, tempfile\n"
        "assert 1 == shared.VALUE\n"
        "assert not os.path.exists('stranger.py')\n"
        f"assert [] == os.listdir(tempfile.gettempdir())\n{WORKS}"
    )
    common = {"shared.py": "VALUE = 1"}
    with Workspace() as workspace:
        for number, code in enumerate((writes, reads, writes, reads)):
            archive = archive_of(tmp_path / f"{number}.zip", {"a.py": code, **common})
            result = verify(
                Archives(archive), Function("a.handler"), sys.executable, workspace
            )
            assert result.is_complete, result
