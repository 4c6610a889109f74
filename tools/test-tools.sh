#!/usr/bin/env bash
# Brings what some tests take beyond Python, git and make, as far as this machine can:
# second readers of archives, a browser, the newest Python of Lambda, and Wine. A test
# that lacks something says so and is skipped. Needs apt and root; does nothing elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Install these by hand: unzip, 7z, bsdtar, jq, chromium, chromedriver," \
        "python3.14, python3.15, gcc, wine64, x86_64-w64-mingw32-gcc." >&2
    exit
fi
missing=()
while read -r command packages; do
    command -v "$command" >/dev/null || missing+=($packages)
done <<'END'
unzip unzip
7z p7zip-full
bsdtar libarchive-tools
gcc gcc libc6-dev
jq jq
chromium chromium fonts-dejavu-core
chromedriver chromium-driver
/usr/lib/wine/wine64 wine64
x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
END
if [ ${#missing[@]} -gt 0 ]; then
    bring=(apt-get -qq -y --no-install-recommends install "${missing[@]}")
    {
        apt-get -qq update
        # Half a download installs nothing.
        timeout 300 "${bring[@]}" --download-only &&
            DEBIAN_FRONTEND=noninteractive "${bring[@]}"
    } >/dev/null || echo "Could not install ${missing[*]}." >&2
fi
for version_suite in "3.14 forky" "3.15 sid"; do
    read -r version suite <<<"$version_suite"
    if ! command -v "python$version" >/dev/null; then
        tools/debian-python.sh "$version" "$suite" >/dev/null ||
            echo "Could not bring Python $version." >&2
    fi
done
