#!/bin/sh
# Builds Helm from its Go module, to try the chart with: deploy/helm/tool/build.sh [OUT]
#
# OUT is build/helm/helm. A module of its own, whose Kubernetes is that of lab/kubernetes/programs,
# so that what one has compiled the other finds. Nothing is built twice. Ends with 77 where there is
# no Go, or one that is too old.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../build/helm/helm}
mkdir -p "$(dirname "$out")"
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")

cd "$here"
stamp=$(cat go.mod go.sum build.sh | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$out.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi
# Never another toolchain than the one that is here: fetching one is for a person to decide.
export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath -mod=readonly"
if ! command -v go >/dev/null || ! go list -m >/dev/null 2>&1; then
    echo "Helm cannot be built here: Go $(sed -n 's/^go //p' go.mod) or newer is needed" >&2
    exit 77
fi
nice -n 10 go build -ldflags "-s -w" -o "$out.new" helm.sh/helm/v4/cmd/helm
mv "$out.new" "$out"
echo "$stamp" > "$out.stamp"
