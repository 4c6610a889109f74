"""Which shared libraries Lambda's systems have, as data."""

from __future__ import annotations

import re

from enum import Enum
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from poetry_plugin_package_function.runtimes import Target


class Presence(Enum):
    """What is known of a library on a target."""

    THERE = "there"
    MAYBE = "maybe"
    MISSING = "missing"
    UNKNOWN = "unknown"


_GLIBC: Final = frozenset(
    (
        *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"),
        *("libutil.so.1", "libresolv.so.2", "libanl.so.1", "libBrokenLocale.so.1"),
        *("libthread_db.so.1", "libnss_files.so.2", "libnss_dns.so.2"),
    )
)
"""Both glibc 2.26 and 2.34 install these: `shlib-versions` in its sources. `libnsl` and
`libcrypt` have packages of their own in Amazon Linux."""

_OF_MACHINE: Final = {
    # libmvec came to aarch64 with glibc 2.38: its NEWS.
    "x86_64": frozenset(("ld-linux-x86-64.so.2", "libmvec.so.1")),
    "aarch64": frozenset(("ld-linux-aarch64.so.1",)),
}

_OTHERS: Final = frozenset(("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"))
"""Of libgcc, libstdc++ and zlib, which the package managers themselves need. PEP 600
lets wheels rely on them."""

_MAYBE: Final = re.compile(
    r"lib(?:acl|archive|assuan|attr|audit|blkid|bz2|cap|cap-ng|com_err|crypt|crypto|curl"
    r"|db-[\d.]+|elf|expat|ffi|gcrypt|gdbm|gio-2\.0|girepository-1\.0|glib-2\.0|gmodule-2\.0"
    r"|gmp|gobject-2\.0|gomp|gpg-error|gpgme|gssapi_krb5|gthread-2\.0|history|idn2|json-c"
    r"|k5crypto|keyutils|krb5|krb5support|lua|lz4|lzma|magic|mount|mpfr|ncurses|ncursesw|nghttp2"
    r"|nsl|panel|pcre|pcre2-8|popt|psl|readline|repo|rpm|selinux|sigsegv|smartcols|solv"
    r"|sqlite3|ssh2|ssl|tinfo|unistring|uuid|verto|xml2|zstd)\.so(?:\.\d+)*"
)
"""Libraries of the minimal Amazon Linux image, and of the interpreter's own
`/var/lang/lib`. Their major versions differ from one system to the other, and images
lose some of them. Sources: the packages of public.ecr.aws/lambda/python:3.12 in
https://github.com/amazonlinux/amazon-linux-2023/issues/585; those of /var/lang/lib in
https://github.com/amazonlinux/amazon-linux-2023/issues/625
"""

_GRAPHICAL: Final = re.compile(
    r"lib(?:GL|EGL|GLX|GLU|GLESv\d|GLdispatch|OpenGL|gbm|drm|ICE|SM|X[A-Za-z\d]+"
    r"|X11-xcb|xcb(?:-[a-z\d-]+)?|xkbcommon(?:-x11)?|xkbfile"
    r"|wayland-(?:client|server|cursor|egl)|g[dt]k-[\dx.-]+)\.so(?:\.\d+)*"
)
"""OpenGL, X11 and Wayland: nothing is drawn on a screen there. Source, by example:
https://github.com/aws/aws-lambda-python-runtime-interface-client/issues/31
"""


def presence(library: str, target: Target) -> Presence:
    """Says whether a target has a library.

    Args:
        library: The name that it is needed by: "libz.so.1".
        target: Of another service's or cloud's, only the C library is known, and what
            belongs to it.
    """
    own = _OF_MACHINE.get(target.machine, frozenset())
    if library in _GLIBC or library in own or library in _OTHERS:
        return Presence.THERE
    if target.service is not LAMBDA:
        return Presence.MAYBE
    if library in ("libpython3.so", f"libpython{target.python}.so.1.0"):
        return Presence.THERE  # in /var/lang/lib, which is in LD_LIBRARY_PATH
    if library.startswith("libpython") or _GRAPHICAL.fullmatch(library):
        return Presence.MISSING
    return Presence.MAYBE if _MAYBE.fullmatch(library) else Presence.UNKNOWN
