"""What the two ZIPs hold, and what is held against the limit."""

from __future__ import annotations

import io
import re
import stat
import zipfile

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.megabytes import megabytes
from tests.nested.function import PADDING
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


MY_APP = Source({"my_app/__init__.py": "", "my_app/api.py": "def handler(): ...\n"})


def inner_of(archive: Path, name: str) -> zipfile.ZipFile:
    with zipfile.ZipFile(archive) as outer:
        return zipfile.ZipFile(io.BytesIO(outer.read(name)))


def names_in(archive: zipfile.ZipFile) -> list[str]:
    return [each for each in archive.namelist() if ".dist-info/" not in each]


def test_the_layout_is_that_of_package_python_function(tmp_path: Path) -> None:
    """The inner ZIP is stored in the entry package, with a stub for its module."""
    report = MY_APP.package(tmp_path)
    with zipfile.ZipFile(report.output_file) as outer:
        members = {each.filename: each for each in outer.infolist()}
        assert [
            "_package_function.pth",
            "my_app/.dependencies.zip",
            "my_app/.dependencies/settings.json",
            "my_app/.dependencies/extraction.py",
            "my_app/.dependencies/loader.py",
            "my_app/.dependencies/located.py",
            "my_app/.dependencies/moved/my_app/__init__.py",
            "my_app/__init__.py",
            "my_app/api.py",
            "padding/__init__.py",
        ] == names_in(outer)
    inner = members["my_app/.dependencies.zip"]
    assert zipfile.ZIP_STORED == inner.compress_type
    assert inner.file_size == inner.compress_size
    assert {stat.S_IFREG | 0o644} == {
        each.external_attr >> 16 for each in members.values()
    }
    assert report.nested is not None
    assert "my_app/.dependencies.zip" == report.nested.archive


def test_both_zips_hold_what_a_flat_one_would(tmp_path: Path) -> None:
    """Names, contents and modes are those of the flat result of the same tree."""
    flat = MY_APP.package(tmp_path / "flat", nested=False)
    nested = MY_APP.package(tmp_path / "nested")
    with (
        zipfile.ZipFile(flat.output_file) as one,
        zipfile.ZipFile(nested.output_file) as outer,
        inner_of(nested.output_file, "my_app/.dependencies.zip") as inner,
    ):
        assert ["padding/__init__.py", "padding/text.txt"] == inner.namelist()
        for name in one.namelist():
            place, found = outer, name
            if name in inner.namelist():
                place = inner
            elif name == "my_app/__init__.py":
                found = f"my_app/.dependencies/moved/{name}"
            assert one.read(name) == place.read(found)
            attributes = one.getinfo(name).external_attr
            assert attributes == place.getinfo(found).external_attr


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the place or the time gets into a nested result."""
    one = MY_APP.package(tmp_path / "one").output_file.read_bytes()
    other = MY_APP.package(tmp_path / "other").output_file.read_bytes()
    assert one == other


def test_included_data_stays_where_it_is(tmp_path: Path) -> None:
    """Only what a stub stands for makes room."""
    source = Source(
        {"my_app/__init__.py": ""},
        table='include = ["config/*.toml", "tool.py"]',
        beside={"config/settings.toml": "a = 1\n", "tool.py": "VALUE = 1\n"},
    )
    report = source.package(tmp_path)
    with zipfile.ZipFile(report.output_file) as outer:
        assert b"a = 1\n" == outer.read("config/settings.toml")
        assert b"VALUE" not in outer.read("tool.py")
        assert b"VALUE = 1\n" == outer.read("my_app/.dependencies/moved/tool.py")


def test_the_limit_counts_the_files_of_the_outer_zip(tmp_path: Path) -> None:
    """Each of them counts, and nothing in the inner ZIP does."""
    report = MY_APP.package(tmp_path)
    with zipfile.ZipFile(report.output_file) as outer:
        counted = sum(each.file_size for each in outer.infolist())
        inner = outer.getinfo("my_app/.dependencies.zip").file_size
    assert counted == report.unzipped_bytes
    assert inner < counted
    assert report.uncompressed_bytes > sum(len(text) for text in PADDING.values())


def test_the_nested_result_must_be_smaller_than_the_limit(tmp_path: Path) -> None:
    """One byte below it is taken; equality is refused, as Lambda refuses it."""
    size = MY_APP.package(tmp_path / "any").unzipped_bytes
    fits = MY_APP.package(tmp_path / "fits", limit_bytes=size + 1)
    assert (size, size + 1) == (fits.unzipped_bytes, fits.limit_bytes)
    with pytest.raises(PackageTooLargeError, match=": 1 KB too many") as raised:
        MY_APP.package(tmp_path / "equal", limit_bytes=size)
    assert "padding 1.0" in str(raised.value)
    assert not (tmp_path / "equal" / "function.zip").exists()


def test_the_error_counts_what_nest_asks_for(tmp_path: Path) -> None:
    """Tiny files take more nested than flat; if `nest` names them, they are nested."""
    names = ("__init__", *(f"m{number}" for number in range(500)))
    tiny = {f"tiny/{name}.py": "" for name in names}
    source = Source({"my_app/__init__.py": ""}, dependencies={"tiny": tiny})
    with pytest.raises(PackageTooLargeError) as raised:
        source.package(tmp_path)
    assert re.search(r"nested they still have .*: [\d.]+ [KM]B too", str(raised.value))


def test_stubs_and_loader_count_against_the_limit(tmp_path: Path) -> None:
    """An inner ZIP that fits is not enough."""
    report = MY_APP.package(tmp_path / "any")
    with zipfile.ZipFile(report.output_file) as outer:
        inner = outer.getinfo("my_app/.dependencies.zip").file_size
    with pytest.raises(PackageTooLargeError):
        MY_APP.package(tmp_path / "inner-fits", limit_bytes=inner + 1)


@pytest.mark.parametrize("size", [1, 2000])
def test_what_is_far_beyond_the_limit_is_refused_with_its_size(
    tmp_path: Path, size: int
) -> None:
    """The size in the message is that of the whole result, however small the limit."""
    whole = MY_APP.package(tmp_path / "any").unzipped_bytes
    with pytest.raises(PackageTooLargeError, match=f"still have {megabytes(whole)} "):
        MY_APP.package(tmp_path / "refused", limit_bytes=size)


def test_without_an_entry_module_the_candidates_are_listed(tmp_path: Path) -> None:
    """There is no place for a stub: the error names what could have been meant."""
    source = Source({}, dependencies={"helper": {"helper.py": "", "helper.dat": ""}})
    with pytest.raises(SourceError, match=r"Top-level names: helper, padding\."):
        source.package(tmp_path)
    assert not (tmp_path / "function.zip").exists()


def test_names_are_checked_although_nothing_is_nested(tmp_path: Path) -> None:
    """A typing error is told when it is made, not when the tree has grown."""
    source = Source(MY_APP.files, table='nest = ["paddign"]\nkeep-flat = ["more"]\n')
    with pytest.raises(SourceError) as raised:
        source.package(tmp_path, nested=False)
    assert (
        "nest: paddign is not installed.\nkeep-flat: more is not installed."
        == raised.value.reason
    )
    assert "padding" in raised.value.hint
