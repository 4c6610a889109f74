"""Whether the machine code of a finished tree can work on its target.

What is found is an error if something that is there to be used cannot be, and a warning
if it may well never be used: docs/audit.md has the rules.
"""

from __future__ import annotations

import posixpath

from collections import defaultdict
from email.parser import HeaderParser
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.packaging.audit.faults import Reason
from poetry_plugin_package_function.packaging.audit.faults import fault_of
from poetry_plugin_package_function.packaging.audit.faults import has_tag_of
from poetry_plugin_package_function.packaging.audit.faults import is_host_code
from poetry_plugin_package_function.packaging.audit.faults import is_looked_for
from poetry_plugin_package_function.packaging.audit.faults import is_tagged_module
from poetry_plugin_package_function.packaging.audit.faults import too_new
from poetry_plugin_package_function.packaging.audit.system_libraries import Presence
from poetry_plugin_package_function.packaging.audit.system_libraries import presence
from poetry_plugin_package_function.packaging.elf.values import is_called_library
from poetry_plugin_package_function.packaging.native.linker import Linker
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.sources.modules import module_path
from poetry_plugin_package_function.runtimes import platform_tags


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.audit.faults import Fault
    from poetry_plugin_package_function.packaging.elf.values import Elf
    from poetry_plugin_package_function.packaging.elf.values import Linkage
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.runtimes import Target


class Finding(NamedTuple):
    """Something in the tree that cannot work on the target, or may not.

    Attributes:
        distribution: Whose it is; "" for files of none.
        file: Its name in the archive.
        what: What is wrong, measured and as the target has it; a sentence whose subject
            is the file.
        hint: What to do.
        is_warning: Whether the package may work all the same.
    """

    distribution: str
    file: str
    what: str
    hint: str
    is_warning: bool


def audit(tree: Tree, target: Target) -> tuple[Finding, ...]:
    """Looks at all machine code of a tree.

    Returns:
        What is found, ordered by distribution and file.
    """
    return tuple(sorted(_Audit(tree, target).findings()))


def check(findings: Iterable[Finding]) -> None:
    """Refuses a tree with errors.

    Raises:
        IncompatibleTargetError: There are some. It names all of them.
    """
    errors = [each for each in findings if not each.is_warning]
    if not errors:
        return
    lines = []
    for distribution, own in _grouped(errors, lambda each: each.distribution):
        lines.append(f"{distribution or NOBODYS}:")
        for what, alike in _grouped(own, lambda each: each.what):
            more = f" (and {len(alike) - 1:,} more)" if len(alike) > 1 else ""
            lines.append(f"  {alike[0].file} {what}{more}")
        lines += [f"  -> {hint}" for hint, _ in _grouped(own, lambda each: each.hint)]
    raise IncompatibleTargetError(
        ("The package has code that cannot work on its target.", *lines),
        "Fix what is listed, or package it as it is: --no-audit.",
    )


_TESTS: Final = frozenset(("test", "tests"))


class _Audit:
    """What is known of a tree's machine code, to judge each file of it."""

    def __init__(self, tree: Tree, target: Target) -> None:
        """Looks at all machine code, and at what is called so."""
        self._tree = tree
        self._target = target
        self._names = {entry.name for entry in tree.entries}
        self._platforms = _platforms(tree.entries)
        self._entries: dict[str, Entry] = {}
        self._faults: dict[str, Fault] = {}
        self._working: dict[str, Elf] = {}
        self._linkages: dict[str, Linkage] = {}
        for entry in tree.entries:
            name = entry.name
            code = tree.machine_code.get(name)
            if code is None and not name.endswith(".so"):
                continue
            elf = code and code.elf
            if elf is not None and not is_host_code(elf):
                continue
            self._entries[name] = entry
            fault = fault_of(entry, code, target)
            if fault is not None:
                self._faults[name] = fault
            elif elf is not None:
                self._working[name] = elf
                if elf.linkage is not None:
                    self._linkages[name] = elf.linkage

    def findings(self) -> Iterator[Finding]:
        """Judges each file."""
        for name, fault in self._faults.items():
            yield self._cannot_work(
                name,
                fault.what,
                self._may_be_unused(name) or self._has_another(name, fault),
                is_damaged=fault.reason is Reason.DAMAGE,
            )
        for name, linkage in self._linkages.items():
            given = self._given.get(name, set())
            for what in too_new(self._working[name], given, self._target):
                yield self._cannot_work(name, what, self._may_be_unused(name))
            yield from self._missing(name, linkage)

    def _owner(self, name: str) -> str:
        return self._entries[name].distribution or ""

    def _is_own(self, name: str) -> bool:
        """Whether a file is one of the project's own."""
        entry = self._entries[name]
        return entry.included or entry.distribution in self._own_distributions

    @cached_property
    def _own_distributions(self) -> frozenset[str]:
        """The project's: that of the modules which others are imported through."""
        paths = tuple(each.path for each in self._tree.entry_modules)
        return frozenset(
            str(entry.distribution)
            for entry in self._tree.entries
            if entry.distribution
            and entry.name.startswith(paths)
            and "/".join(module_parts(entry.name)) in paths
        )

    def _is_for(self, platform: str, name: str) -> bool:
        """Whether the wheel that a file is from has a tag for platforms called so."""
        return any(
            platform in each for each in self._platforms.get(self._owner(name), ())
        )

    # -- what cannot work ------------------------------------------------------------

    def _cannot_work(
        self, name: str, what: str, is_warning: bool, *, is_damaged: bool = False
    ) -> Finding:
        owner = self._owner(name)
        python, system = self._target.python, self._target.system
        tag = platform_tags(system, self._target.machine)[0]
        if is_warning:
            hint = "It may stay if nothing loads it; `exclude` leaves it out."
        elif not owner or self._is_own(name):
            hint = (
                f"Replace it by a build for {self._target}, or leave it out with"
                " `exclude`."
            )
        elif is_damaged:
            hint = f"Install {owner} again."
        else:
            hint = (
                f"Install a version of {owner} with a wheel for CPython {python} and"
                f" {tag} (or an older glibc), or build it on such a system."
            )
        return Finding(owner, name, what, hint, is_warning)

    def _may_be_unused(self, name: str) -> bool:
        """Whether it is a test's, or a wheel for all systems can do without it.

        Such wheels choose among their files. But what has the target's own tag is what
        its Python takes, unless there is something else to choose.
        """
        if self._is_own(name):
            return False
        if not _TESTS.isdisjoint(name.split("/")[:-1]):
            return True
        return "any" in self._platforms.get(self._owner(name), ()) and (
            not has_tag_of(name, self._target)
            or self._has_source(name)
            or self._has_other_build(name)
        )

    def _has_another(self, name: str, fault: Fault) -> bool:
        """Whether something is there that is loaded in place of a file."""
        owner = self._owner(name)
        if fault.reason is Reason.DAMAGE:
            return not is_called_library(name)
        if self._has_other_build(name):
            return True
        is_seen = is_looked_for(name, self._target)
        if not is_seen and self._has_source(name):
            return True
        if not owner or self._is_own(name):
            return False
        if fault.reason is Reason.SYSTEM:
            return not is_seen and self._is_for("linux", name)
        own = (each for each in self._working if self._owner(each) == owner)
        if fault.reason is Reason.LIBC and not has_tag_of(name, self._target):
            linkages = (self._linkages.get(each) for each in own)
            return any(each and "libc.so.6" in each.needed for each in linkages)
        if fault.reason is Reason.MACHINE and not is_tagged_module(name):
            return any(own)
        return False

    def _has_other_build(self, name: str) -> bool:
        """Whether another file can be loaded as the same module."""
        return not self._working_builds.get(module_path(name), set()) <= {name}

    @cached_property
    def _working_builds(self) -> Mapping[str, set[str]]:
        """The files of each module that can be loaded."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self._working:
            if module_parts(name):
                found[module_path(name)].add(name)
        return found

    def _has_source(self, name: str) -> bool:
        stem = module_path(name)
        return not self._names.isdisjoint((f"{stem}.py", f"{stem}/__init__.py"))

    # -- what is needed of others ----------------------------------------------------

    @cached_property
    def _given(self) -> Mapping[str, set[str]]:
        """What each is given files of the tree for, as its DT_NEEDED has them."""
        # Not in the task root: LD_LIBRARY_PATH has the system's directories before it.
        linker = Linker(self._linkages, [{}, {name: name for name in self._linkages}])
        given: dict[str, set[str]] = defaultdict(set)
        for name in self._linkages:
            for link in linker.load(name, 1):
                given[link.user].add(link.needed)
        return given

    def _missing(self, name: str, linkage: Linkage) -> Iterator[Finding]:
        owner = self._owner(name)
        system = (self._target.runtime or self._target.system).name
        is_of_others = owner and not self._is_own(name)
        without = (
            f", or take a build of {owner} that does without it" if is_of_others else ""
        )
        hint = (
            "Put the library into `lib` in the package (`include`) or in a layer"
            f"{without}: headless ones do without graphics."
        )
        for library in self._not_in_tree(linkage):
            found = presence(library, self._target)
            if found is not Presence.THERE:
                doubt = "may lack" if found is Presence.MAYBE else "lacks"
                what = f"needs {library}, which the package lacks, and {system} {doubt}"
                is_warning = found is Presence.MAYBE or self._is_spared(name, found)
                yield Finding(owner, name, what, hint, is_warning)

    def _not_in_tree(self, linkage: Linkage) -> Iterator[str]:
        for needed in linkage.needed:
            library = posixpath.basename(needed)
            if library not in self._offered:
                yield library

    @cached_property
    def _offered(self) -> frozenset[str | None]:
        """What libraries of the tree are called.

        It does not matter where they are: many packages load their libraries before
        those that need them, and then the name is enough.
        """
        names = self._names - self._faults.keys()
        sonames = (each.soname for each in self._linkages.values())
        return frozenset((*map(posixpath.basename, names), *sonames))

    def _is_spared(self, name: str, found: Presence) -> bool:
        """Whether what lacks a library may be a part of a distribution that few use.

        Wheels of an index have all that they need, apart from what PEP 600 allows,
        which has graphical libraries, and what their makers have left out on purpose.
        """
        if self._may_be_unused(name):
            return True
        owner = self._owner(name)
        if not self._is_for("manylinux", name):
            return False
        return found is Presence.UNKNOWN or any(
            self._owner(each) == owner and each not in self._lacking
            for each in self._working
            if _is_module(each)
        )

    @cached_property
    def _lacking(self) -> frozenset[str]:
        """All that needs a library that is nowhere, directly or through others."""
        users: dict[str, set[str]] = defaultdict(set)
        pending = []
        for name, linkage in self._linkages.items():
            for needed in linkage.needed:
                users[posixpath.basename(needed)].add(name)
            if any(
                presence(each, self._target) is Presence.MISSING
                for each in self._not_in_tree(linkage)
            ):
                pending.append(name)
        found: set[str] = set()
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                soname = self._linkages[name].soname or ""
                pending += users[posixpath.basename(name)] | users[soname]
        return frozenset(found)


def _platforms(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """Reads which platforms the wheel of each distribution is for.

    Format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    found = {}
    for entry in entries:
        directory, _, file = entry.name.partition("/")
        if file == "WHEEL" and directory.endswith(".dist-info") and entry.distribution:
            text = read(entry.content).decode(errors="replace")
            tags = HeaderParser().parsestr(text).get_all("Tag", [])
            found[str(entry.distribution)] = frozenset(
                platform
                for tag in tags
                for platform in tag.strip().rpartition("-")[2].split(".")
            )
    return found


def _is_module(name: str) -> bool:
    parts = module_parts(name)
    return bool(parts) and not parts[-1].startswith("lib")


def _grouped(
    findings: Iterable[Finding], key: Callable[[Finding], str]
) -> list[tuple[str, list[Finding]]]:
    """Groups in the order of the first of each."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for each in findings:
        groups[key(each)].append(each)
    return list(groups.items())
