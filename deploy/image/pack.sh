#!/bin/sh
# Makes an OCI archive of a folder, by buildah. Needs root.
#
#   deploy/image/pack.sh FOLDER OUT.tar NAME:VERSION [words of buildah config]
#
# From nothing, and nothing is fetched or started: plain files become one layer, all of them root's.
# Its files carry no time, so the same folder gives the same image. Ends with 77 without a buildah.
set -eu

folder=${1:?which folder? deploy/image/pack.sh FOLDER OUT.tar NAME:VERSION}
archive=${2:?where shall the archive go?}
name=${3:?how is the image called?}
shift 3

if ! command -v buildah >/dev/null; then
    echo "there is no buildah: apt-get install --no-install-recommends buildah" >&2
    exit 77
fi

# Storage of its own: images that are on this machine are neither used nor changed.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
with_storage() {
    buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

container=$(with_storage from scratch)
with_storage copy --quiet --chown 0:0 "$container" "$folder" / >/dev/null
with_storage config "$@" "$container"
rm -f "$archive"
with_storage commit --quiet --timestamp 0 --identity-label=false --format oci \
    "$container" "oci-archive:$archive:$name" >/dev/null
