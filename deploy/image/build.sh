#!/bin/sh
# An image of the agent as an OCI archive, and beside it what is in it. Needs root and buildah.
#
#   deploy/image/build.sh OUT.tar [PROGRAM]      OUT.spdx.json is written as well
#
# From nothing, not from a distribution: the program, the shared libraries that it is linked with,
# as this Debian has them, and their copyrights. No shell, no package manager, and nobody is root.
# Its files carry no time, so the same program gives the same image. No container is started and
# nothing is fetched: plain files are put together. Ends with 77 where there is no buildah.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
archive=${1:?where shall the archive go? deploy/image/build.sh OUT.tar}
program=${2:-$here/../../build/release/bin/homeostat}
# No registry has this name: see deploy/README.md.
name=localhost/homeostat

if ! command -v buildah >/dev/null; then
    echo "there is no buildah: apt-get install --no-install-recommends buildah" >&2
    exit 77
fi
version=$("$program" --version)
mkdir -p "$(dirname "$archive")"
archive=$(cd "$(dirname "$archive")" && pwd)/$(basename "$archive")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/contents.py" "$program" "$work/root" "$work/contents.spdx.json"
# Relative paths of a configuration begin where it stands: all that the agent keeps is below `var`.
"$here/pack.sh" "$work/root" "$archive" "$name:$version" \
    --entrypoint '["/usr/bin/homeostat"]' --cmd 'agent --config homeostat.yaml' \
    --workingdir /homeostat --user 65532:65532 \
    --env PATH=/usr/bin --label "org.opencontainers.image.version=$version" \
    --label org.opencontainers.image.title=homeostat \
    --label org.opencontainers.image.licenses=Apache-2.0
mv "$work/contents.spdx.json" "${archive%.tar}.spdx.json"
echo "$name:$version"
