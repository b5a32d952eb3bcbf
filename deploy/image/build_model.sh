#!/bin/sh
# An image of the model server as an OCI archive, and beside it what is in it. Needs root, buildah
# and what `make model` brings.
#
#   deploy/image/build_model.sh OUT.tar [PROGRAM]      OUT.spdx.json is written as well
#
# The weights are in it: a node fetches nothing else, and no pod needs a folder of its node. PROGRAM
# is the agent, for the version alone. HOMEOSTAT_MODEL_DIR is where the model is, else build/model.
# Ends with 77 where there is no buildah or no model. Whoever hands the image on hands on weights of
# Gemma: models/README.md says what goes with them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
archive=${1:?where shall the archive go? deploy/image/build_model.sh OUT.tar}
program=${2:-$here/../../build/release/bin/homeostat}
model=${HOMEOSTAT_MODEL_DIR:-$here/../../build/model}
# No registry has this name: see deploy/README.md.
name=localhost/homeostat-model

if ! command -v buildah >/dev/null; then
    echo "there is no buildah: apt-get install --no-install-recommends buildah" >&2
    exit 77
fi
for needed in "$model/model.gguf" "$model/venv/bin/python" /usr/bin/python3.11; do
    if [ ! -e "$needed" ]; then
        echo "there is no $needed: \`make model\` brings the model, on Debian 12" >&2
        exit 77
    fi
done
version=$("$program" --version)
mkdir -p "$(dirname "$archive")"
archive=$(cd "$(dirname "$archive")" && pwd)/$(basename "$archive")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/model_contents.py" "$version" "$model" "$work/root" "$work/model"
# On loopback, if nobody says otherwise: whoever reaches it may ask it. Its threads do not turn
# while they wait for each other, which would take the time of a service beside it.
"$here/pack.sh" "$work/root" "$archive" "$name:$version" \
    --entrypoint "$(cat "$work/model.entrypoint.json")" --cmd '--host 127.0.0.1 --port 8080' \
    --workingdir / --user 65531:65531 --env PATH=/usr/bin --env OMP_WAIT_POLICY=passive \
    --label "org.opencontainers.image.version=$version" \
    --label org.opencontainers.image.title=homeostat-model \
    --label 'org.opencontainers.image.licenses=Apache-2.0 AND MIT AND LicenseRef-Gemma-Terms-of-Use'
mv "$work/model.spdx.json" "${archive%.tar}.spdx.json"
echo "$name:$version"
