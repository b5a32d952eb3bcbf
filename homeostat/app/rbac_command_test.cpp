#include "homeostat/app/rbac_command.hpp"

#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::app {

namespace {

/// What the command makes of a file with this text.
ExitStatus status_of(const std::string& text, bool is_policy = false) {
    const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                       ("homeostat-rbac-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream(file) << text;
    const ExitStatus status = print_rbac({.configs = {file}, .is_policy = is_policy});
    std::filesystem::remove(file);
    return status;
}

}  // namespace

TEST_CASE(
    "rights are printed for a Deployment, and refused for what needs none or cannot be read") {
    CHECK(status_of("service: a\nruntime: { kubernetes: { namespace: shop, deployment: a } }\n"
                    "signals: [ { http: { path: / } } ]\n") == ExitStatus::ok);
    CHECK(status_of("service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
                    "signals: [ { http: { path: / } } ]\n") == ExitStatus::usage);
    CHECK(status_of("service: a\nruntime: { kubernetes: { namespace: shop, deployment: a } }\n"
                    "signals: [ { http: { path: / } } ]\n",
                    true) == ExitStatus::ok);
    CHECK(status_of("service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
                    "signals: [ { http: { path: / } } ]\n",
                    true) == ExitStatus::usage);
    CHECK(status_of("service: a\n") == ExitStatus::usage);
    CHECK(print_rbac({.configs = {"/nonexistent/homeostat.yaml"}}) == ExitStatus::usage);
}

TEST_CASE(
    "of several services rights are printed together, and no policy that would bind them all") {
    const net::TemporaryDirectory directory;
    const std::filesystem::path path(directory.file("services"));
    std::filesystem::create_directories(path);
    for (const char* name : {"a", "b"}) {
        std::ofstream(path / (std::string(name) + ".yaml"))
            << "service: " << name
            << "\nruntime: { kubernetes: { namespace: shop, deployment: " << name
            << " } }\nsignals: [ { http: { path: / } } ]\n";
    }
    CHECK(print_rbac({.configs = {path}}) == ExitStatus::ok);
    using adapters::roles::ScopeKind;
    CHECK(print_rbac({.configs = {path}, .role = ProcessRole::agent, .scope = ScopeKind::pod}) ==
          ExitStatus::ok);
    CHECK(print_rbac({.configs = {path}, .scope = ScopeKind::pod}) == ExitStatus::usage);
    CHECK(print_rbac({.configs = {path}, .is_policy = true}) == ExitStatus::ok);
    std::ofstream(path / "c.yaml") << "service: c\n";
    CHECK(print_rbac({.configs = {path}}) == ExitStatus::usage);
}

TEST_CASE("a process that watches has no right but to read, whatever may be done") {
    const std::string text =
        "service: a\nruntime: { kubernetes: { namespace: shop, deployment: a, configs: [a-conf], "
        "lease: l, switch: s, events: true, replicas_max: 5, service: { name: a, port: 80 } } }\n"
        "signals: [ { http: { path: / } } ]\nautonomy: { restart: act, rollback: act, scale: act, "
        "rolling_restart: act }\n";
    const ConfigReport report = parse_config(text, "/srv/a.yaml");
    REQUIRE_MESSAGE(report.config, describe(report));
    const auto permissions = adapters::kubernetes::permissions_for(
        kubernetes_options_of(*report.config), watching_uses_of(*report.config));
    CHECK(permissions.size() >= 10);
    for (const adapters::kubernetes::Permission& one : permissions) {
        const bool reads = one.verb == "get" || one.verb == "list" || one.verb == "watch";
        CHECK_MESSAGE(reads, to_text(one));
        CHECK_MESSAGE(one.resource != "secrets", to_text(one));
        CHECK_MESSAGE(one.resource != "leases", to_text(one));
    }
}

}  // namespace homeostat::app
