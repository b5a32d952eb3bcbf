#!/bin/bash
# Builds the programs of a real Kubernetes from Go modules, into build/kubernetes/bin:
#
#   lab/kubernetes/build.sh [OUT]
#
# kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and kubectl are names
# of one binary (programs/main.go); etcd and kwok are programs of their own. Nothing is built twice:
# OUT/STAMP holds the digest of all that decides what comes out, and is written last.
# Ends with 77 where this machine cannot build them: no Go, one that is too old, or no modules.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../build/kubernetes/bin}
inputs="programs/go.mod programs/go.sum programs/main.go build.sh"
names="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl"
cannot_be_built=77

say() { printf 'kubernetes: %s\n' "$*" >&2; }

mkdir -p "$out"
out=$(cd "$out" && pwd)
# One at a time; the second finds what the first has built. Goes with the process, however it ends.
exec 9> "$out/.lock"
flock 9

# shellcheck disable=SC2086  # A list of names.
stamp=$(cd "$here" && cat $inputs | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$out/STAMP" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

version_in() { sed -n "s|^[[:space:]]*$1 v\([0-9.]*\).*|\1|p" "$here/programs/go.mod" | head -n 1; }
go_wanted=$(sed -n 's/^go //p' "$here/programs/go.mod")
if ! command -v go >/dev/null; then
    say "cannot be built here: there is no Go on the PATH (at least $go_wanted is needed)"
    exit "$cannot_be_built"
fi
# Never another toolchain than the one that is here: fetching one is for a person to decide.
export GOTOOLCHAIN=local
go_here=$(cd / && go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
if [ "$(printf '%s\n' "$go_wanted" "$go_here" | sort -V | head -n 1)" != "$go_wanted" ]; then
    say "cannot be built here: Go is $go_here, and at least $go_wanted is needed"
    exit "$cannot_be_built"
fi

# The same bytes wherever they are built: no paths, no date, no C library.
export CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath -mod=readonly" GOWORK=off
kubernetes=$(version_in k8s.io/kubernetes)
IFS=. read -r major minor _ <<< "$kubernetes"
# What /version and --version say. Without these it is v0.0.0-master, and kubelets are refused.
about=k8s.io/component-base/version
told="-s -w -X $about.gitVersion=v$kubernetes -X $about.gitMajor=$major -X $about.gitMinor=$minor
    -X $about.gitTreeState=archive -X $about.gitCommit=unknown
    -X $about.buildDate=1970-01-01T00:00:00Z"

# Puts a program in place once it is whole. Takes its name, its flags to the linker and its package.
build() {
    local begun=$SECONDS
    nice -n 10 go build -ldflags "$2" -o "$out/.new" "$3"
    mv "$out/.new" "$out/$1"
    say "$1 is built, $((SECONDS - begun)) s"
}

rm -f "$out/STAMP"
cd "$here/programs"
say "fetching modules of Kubernetes $kubernetes"
nice -n 10 go mod download || {
    say "cannot be built here: the modules cannot be fetched; see what go says above"
    exit "$cannot_be_built"
}
say "building, with an empty cache some five minutes on two cores that are idle"
build kubernetes "$told" .
build etcd "-s -w" go.etcd.io/etcd/server/v3
build kwok "-s -w" sigs.k8s.io/kwok/cmd/kwok
for name in $names; do
    ln -sf kubernetes "$out/$name"
done
"$out/kube-apiserver" --version >/dev/null
printf '%s\n' "$stamp" > "$out/STAMP"
